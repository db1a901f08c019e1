"""Ways in which a run's file can be wrong, each applied to a run on disk and taken back."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator

import numpy as np

from artifacts.contract import Manifest
from artifacts.store import Run, encode, npz_bytes, record

FAULTS = ("missing", "truncated", "flipped", "empty", "wrong schema")


@contextlib.contextmanager
def fault(run: Run, path: str, kind: str) -> Iterator[None]:
    """The run with its file `path` at fault; afterwards as before."""
    file, manifest = run.folder / path, run.folder / Manifest.PATH
    before, listed = file.read_bytes(), manifest.read_bytes()
    try:
        if kind == "missing":
            file.unlink()
        elif kind == "wrong schema":
            _replace(run, path, _other(path, before))
        else:
            file.write_bytes(_damaged(before, kind))
        yield
    finally:
        file.write_bytes(before)
        manifest.write_bytes(listed)


def _damaged(data: bytes, kind: str) -> bytes:
    middle = len(data) // 2
    if kind == "truncated":
        return data[:middle]
    return b"" if kind == "empty" else data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


def _other(path: str, data: bytes) -> bytes:
    """What another version of the pipeline might have written: readable, and not what the contract says."""
    if path.endswith(".json"):
        plain = json.loads(data)
        plain.pop(next(iter(plain)))
        return json.dumps(plain | {"unknown": 1}).encode()
    if path.endswith(".npz"):
        return npz_bytes({"something": np.arange(3)})
    return b"\x08\x07" + data[:100]  # no network any more


def _replace(run: Run, path: str, data: bytes) -> None:
    """Exchange a file together with its sum, so that only its content is wrong."""
    (run.folder / path).write_bytes(data)
    manifest = run.manifest
    part = "clock_files" if path in manifest.clock_files else "files"
    files = dict(getattr(manifest, part)) | {path: record(data)}
    (run.folder / Manifest.PATH).write_bytes(encode(dataclasses.replace(manifest, **{part: files})))
