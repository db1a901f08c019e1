"""Rotten, cut, lost and swapped files are all found, and a writer that is killed leaves the old file or the new one."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts import store
from artifacts.contract import DOCUMENTS, ArtifactError, Manifest
from artifacts.store import Run
from pipeline.cli import verify_command
from pipeline.errors import UserError
from portal.runs import command_for

ROOT = Path(__file__).resolve().parent.parent.parent
FORMATS = Path(__file__).parent.parent / "fixtures" / "formats"
KILLS = 500


@pytest.fixture(scope="module")
def sealed_run(full_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A complete run of these tests' own, its manifest with a seal, as the pipeline writes it."""
    folder = tmp_path_factory.mktemp("sealed") / "study"
    shutil.copytree(full_run.folder, folder)
    store.write_atomic(folder / Manifest.PATH, store.sealed(full_run.manifest))
    return Run(folder)


def faults(folder: Path) -> list[str]:
    """What is wrong with the run, as `python -m pipeline verify` would say it."""
    try:
        return Run(folder).verify()
    except ArtifactError as error:
        return [str(error)]


def paths(run: Run) -> list[str]:
    return [*run.manifest.files, *run.manifest.clock_files, Manifest.PATH]


def test_a_flipped_byte_anywhere_in_any_file_is_found_by_name(sealed_run: Run) -> None:
    """20 offsets a file, first and last among them; the manifest itself at 400."""
    draw, tried = random.Random(0), 0
    for path in paths(sealed_run):
        file = sealed_run.folder / path
        good = file.read_bytes()
        count = 400 if path == Manifest.PATH else 20
        offsets = {0, len(good) - 1, *(draw.randrange(len(good)) for _ in range(count - 2))}
        for offset in offsets:
            file.write_bytes(good[:offset] + bytes([good[offset] ^ draw.randrange(1, 256)]) + good[offset + 1 :])
            found = _fault(sealed_run, path)
            assert found.startswith((path, "The run is of schema")), (path, offset, found)
            tried += 1
        file.write_bytes(good)
    assert tried > 20 * len(sealed_run.manifest.files)
    assert faults(sealed_run.folder) == []


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
def test_a_file_cut_lost_or_swapped_is_found_by_name(sealed_run: Run, damage: str) -> None:
    listed = paths(sealed_run)
    for path, other in zip(listed, [*listed[1:], listed[0]], strict=True):
        file = sealed_run.folder / path
        good = file.read_bytes()
        DAMAGE[damage](file, sealed_run.folder / other)
        assert _fault(sealed_run, path).startswith((path, "The run is of schema")), path
        file.write_bytes(good)


def test_a_damaged_run_is_one_sentence_with_the_file_and_the_command(sealed_run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(sealed_run.folder, folder)
    (folder / "errors" / "summary.json").write_bytes(b"{}")
    with pytest.raises(UserError, match=r"errors/summary.json is not what the manifest says.*run-all\.$"):
        verify_command(folder)
    assert command_for("errors/summary.json") == "python -m pipeline errors"


def test_checking_a_manifest_costs_little(sealed_run: Run) -> None:
    begun = time.process_time()
    for _ in range(10):
        Run(sealed_run.folder)
    assert (time.process_time() - begun) / 10 < 0.2


# ------------------------------------------------------------------------------------------------------- torn files

WRITER = """
import sys
from pathlib import Path
from artifacts import store
path, fill = Path(sys.argv[1]), 0
print("ready", flush=True)
while True:
    fill = (fill + 1) % 256
    store.write_atomic(path, bytes([fill]) * 200_000)
"""


def kill_writers(path: Path, kills: int, draw: random.Random) -> int:
    """Writers that are killed at random moments; how often the file was not whole afterwards."""
    torn = 0
    for _ in range(kills):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
        assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
        time.sleep(draw.uniform(0, 0.02))
        writer.kill()
        writer.wait()
        writer.stdout.close()
        if path.exists():
            content = path.read_bytes()
            torn += len(content) != 200_000 or len(set(content)) > 1
    return torn


def test_a_killed_writer_leaves_no_torn_file(tmp_path: Path) -> None:
    assert kill_writers(tmp_path / "file", 8, random.Random(0)) == 0


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_no_file_is_torn_in_500_kills(tmp_path: Path) -> None:
    assert kill_writers(tmp_path / "file", KILLS, random.Random(1)) == 0


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


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(DOCUMENTS), value=VALUES)
def test_any_value_is_a_document_or_an_artifact_error(kind: type, value: object) -> None:
    try:
        store.decode(kind, json.dumps(value).encode(), source="x")
    except ArtifactError as error:
        assert str(error).startswith("x does not follow the contract at")
