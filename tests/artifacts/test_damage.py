"""Rotten, cut, lost and swapped files are all found, and a writer that is killed leaves the old file or the new one."""

import errno
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts import store
from artifacts.contract import DOCUMENTS, ArtifactError, Manifest
from artifacts.store import Run
from pipeline.cli import verify_command
from pipeline.support.errors import UserError
from portal.core.runs import command_for

ROOT = Path(__file__).resolve().parent.parent.parent
FORMATS = Path(__file__).parent.parent / "fixtures" / "formats"
KILLS = 500


@pytest.fixture(scope="module")
def checked_run(full_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A complete run of these tests' own, its manifest with a seal, as the pipeline writes it."""
    folder = tmp_path_factory.mktemp("checked") / "study"
    shutil.copytree(full_run.folder, folder)
    store.write_atomic(folder / Manifest.PATH, store.manifest_bytes(full_run.manifest))
    return Run(folder)


def faults(folder: Path) -> list[str]:
    """What is wrong with the run, as `python -m pipeline verify` would say it."""
    try:
        return Run(folder).verify()
    except ArtifactError as error:
        return [str(error)]


def paths(run: Run) -> list[str]:
    return [*run.manifest.files, *run.manifest.clock_files, Manifest.PATH]


def test_a_flipped_byte_anywhere_in_any_file_is_found_by_name(checked_run: Run) -> None:
    """20 offsets a file, first and last among them; the manifest itself at 400."""
    draw, tried = random.Random(0), 0
    for path in paths(checked_run):
        file = checked_run.folder / path
        good = file.read_bytes()
        count = 400 if path == Manifest.PATH else 20
        offsets = {0, len(good) - 1, *(draw.randrange(len(good)) for _ in range(count - 2))}
        for offset in offsets:
            file.write_bytes(good[:offset] + bytes([good[offset] ^ draw.randrange(1, 256)]) + good[offset + 1 :])
            found = _fault(checked_run, path)
            assert found.startswith((path, "The run is of schema")), (path, offset, found)
            tried += 1
        file.write_bytes(good)
    assert tried > 20 * len(checked_run.manifest.files)
    assert faults(checked_run.folder) == []


def _fault(run: Run, path: str) -> str:
    """The sentence about the one file; reading all others each time would take minutes."""
    try:
        Run(run.folder) if path == Manifest.PATH else run.bytes(path)
    except ArtifactError as error:
        return str(error)
    return ""


DAMAGE: dict[str, Callable[[Path, Path], None]] = {
    "truncated": lambda file, other: file.write_bytes(file.read_bytes()[:-1]) and None,
    "longer": lambda file, other: file.write_bytes(file.read_bytes() + b"\n") and None,
    "deleted": lambda file, other: file.unlink(),
    "another file": lambda file, other: file.write_bytes(other.read_bytes()) and None,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_cut_lost_or_swapped_is_found_by_name(checked_run: Run, damage: str) -> None:
    listed = paths(checked_run)
    for path, other in zip(listed, [*listed[1:], listed[0]], strict=True):
        file = checked_run.folder / path
        good = file.read_bytes()
        DAMAGE[damage](file, checked_run.folder / other)
        assert _fault(checked_run, path).startswith((path, "The run is of schema")), path
        file.write_bytes(good)


def test_a_damaged_run_is_one_sentence_with_the_file_and_the_command(checked_run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(checked_run.folder, folder)
    (folder / "errors" / "summary.json").write_bytes(b"{}")
    with pytest.raises(UserError, match=r"errors/summary.json is not what the manifest says.*run-all\.$"):
        verify_command(folder)
    assert command_for("errors/summary.json") == "python -m pipeline errors"


def test_checking_a_manifest_costs_little(checked_run: Run) -> None:
    begun = time.process_time()
    for _ in range(10):
        Run(checked_run.folder)
    assert (time.process_time() - begun) / 10 < 0.2


# ------------------------------------------------------------------------------------------------------- torn files


def kill_writers(path: Path, kills: int, way: str) -> tuple[int, int]:
    """Of that many killed writers: torn files, and kills in the middle of a write."""
    command = [sys.executable, "-m", "tests.artifacts.killed_writers", str(path), str(kills), way]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    torn, midway = map(int, done.stdout.split())
    print(f"{kills} {way} writers killed: {midway} in the middle of a write, {torn} files torn")
    return torn, midway


def test_a_killed_writer_leaves_no_torn_file(tmp_path: Path) -> None:
    torn, midway = kill_writers(tmp_path / "file", 60, "atomic")
    assert torn == 0
    assert midway >= 6  # or the kills would show nothing


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_no_file_is_torn_in_500_kills(tmp_path: Path) -> None:
    torn, midway = kill_writers(tmp_path / "file", KILLS, "atomic")
    assert torn == 0
    assert midway >= KILLS // 10
    assert kill_writers(tmp_path / "plain", KILLS, "plain")[0] > 0  # what the plain way leaves, so that it would show


@pytest.mark.parametrize("step", ["open", "write", "fsync", "replace", "fsync of the folder", "nothing"])
def test_a_failure_at_any_step_leaves_the_old_file_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    store.write_atomic(path, b"old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if step == "open":
            patch.setattr(Path, "open", fail)
        elif step == "fsync":
            patch.setattr(os, "fsync", fail)
        elif step == "replace":
            patch.setattr(Path, "replace", fail)
        elif step == "fsync of the folder":
            patch.setattr(store, "_sync_folder", fail)
        elif step == "write":
            before = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
        try:
            if step == "nothing":
                store.write_atomic(path, b"new")
            else:
                with pytest.raises(OSError, match=r"No space|too large"):
                    store.write_atomic(path, b"new")
        finally:
            if step == "write":
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == (b"new" if step in ("nothing", "fsync of the folder") else b"old")
    assert list(tmp_path.iterdir()) == [path]


# --------------------------------------------------------------------------------------------------- other formats


def test_a_run_of_schema_0_is_refused_in_one_sentence(tmp_path: Path) -> None:
    shutil.copy(FORMATS / "schema-0.json", tmp_path / Manifest.PATH)
    with pytest.raises(ArtifactError, match=r"^The run is of schema 0, this version reads schema 1: run it again\.$"):
        Run(tmp_path)


def test_the_first_manifest_of_schema_1_is_still_read(tmp_path: Path) -> None:
    """Written before there were seals and out-of-fold stages: what came later has defaults."""
    shutil.copy(FORMATS / "schema-1-first.json", tmp_path / Manifest.PATH)
    manifest = Run(tmp_path).manifest
    assert manifest.seal == ""
    assert len(manifest.classes) == 10 and manifest.files and manifest.test_reads


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


Place = tuple[str | int, ...]


def decoded_or_refused(kind: type, value: object) -> None:
    """What is taken can be written again, so it holds no number that JSON has not."""
    try:
        document = store.decode(kind, json.dumps(value).encode(), source="x")
    except ArtifactError as error:
        assert str(error).startswith("x does not follow the contract at")
    else:
        store.encode(document)


def places(plain: object, at: Place = ()) -> Iterator[Place]:
    """The way to every value of a JSON document, itself first."""
    yield at
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in inner:
        yield from places(value, (*at, key))


def changed(plain: Any, at: Place, value: object) -> Any:
    """A copy of the document with another value at one place."""
    if not at:
        return value
    copy = plain.copy()
    copy[at[0]] = changed(plain[at[0]], at[1:], value)
    return copy


EXAMPLES = [300, pytest.param(3_000, marks=[pytest.mark.slow, pytest.mark.timeout(3_600)])]


@pytest.mark.parametrize("examples", EXAMPLES)
def test_any_value_is_a_document_or_an_artifact_error(examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(kind=st.sampled_from(DOCUMENTS), value=VALUES)
    def check(kind: type, value: object) -> None:
        decoded_or_refused(kind, value)

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_real_document_with_anything_at_one_place_is_a_document_or_an_artifact_error(
    checked_run: Run, examples: int
) -> None:
    """A value that is anything is refused at the top; this reaches every field."""
    files = {kind: checked_run.folder / kind.PATH for kind in DOCUMENTS}  # type: ignore[attr-defined]
    real = {kind: json.loads(file.read_bytes()) for kind, file in files.items() if file.exists()}
    assert len(real) >= len(DOCUMENTS) - 1  # a run without photographs has no record of them
    ways = {kind: list(places(plain)) for kind, plain in real.items()}

    @settings(max_examples=examples, deadline=None)
    @given(kind=st.sampled_from(list(real)), number=st.integers(0, 10**6), value=VALUES)
    def check(kind: type, number: int, value: object) -> None:
        decoded_or_refused(kind, changed(real[kind], ways[kind][number % len(ways[kind])], value))

    check()
