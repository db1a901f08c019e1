"""Read and write a run folder: atomic writes, canonical JSON, npz without pickle, a manifest of SHA-256 sums."""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from artifacts import arrays as array_contract
from artifacts.contract import SCHEMA, ArtifactError, FileRecord, Manifest, Recipe

T = TypeVar("T")
_adapters: dict[type, TypeAdapter[Any]] = {}  # one a document type: making it costs milliseconds


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def recipe_sha256(recipe: Recipe, rounds: int = 1) -> str:
    """Hash of a frozen recipe, and of its number of warm restarts if there are any."""
    return sha256(encode(recipe) + (f"rounds {rounds}".encode() if rounds > 1 else b""))


def encode(document: object) -> bytes:
    """Canonical JSON: sorted keys, two spaces, no NaN, a final newline; equal documents give equal bytes."""
    plain = _adapter(type(document)).dump_python(document, mode="json")
    return (json.dumps(plain, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def decode(kind: type[T], data: bytes, *, source: str) -> T:
    """The document of type `kind` in `data`; ArtifactError names `source` if it is anything else."""
    try:
        decoded: T = _adapter(kind).validate_json(data)
        return decoded
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "its top level"
        raise ArtifactError(f"{source} does not follow the contract at {place}: {first['msg']}.") from error


def write_atomic(path: Path, data: bytes) -> None:
    """Write atomically: after a crash or power loss, the old file or the new one is there, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows opens no folders; NTFS logs the replacement itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """A compressed npz; numpy dates every member 1980, so equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **dict(sorted(arrays.items())))
    return buffer.getvalue()


def npz_arrays(data: bytes, *, source: str) -> dict[str, np.ndarray]:
    """The arrays in an npz file's bytes; ArtifactError names `source` if they cannot be read."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ArtifactError(f"{source} cannot be read as arrays.") from error


def record(data: bytes) -> FileRecord:
    return FileRecord(sha256=sha256(data), bytes=len(data))


def manifest_bytes(manifest: Manifest) -> bytes:
    """Bytes of the manifest with its seal, which reveals damage and edits."""
    return encode(replace(manifest, seal=sha256(encode(replace(manifest, seal="")))))


def _check_seal(data: bytes, seal: str) -> None:
    """Raise ArtifactError unless the seal, if there is one, matches the other bytes."""
    if seal and sha256(data.replace(f'"seal": "{seal}"'.encode(), b'"seal": ""')) != seal:
        raise ArtifactError("manifest.json is not what was written: the file was changed or damaged; run it again.")


class Run:
    """A finished run, read-only. Files are checked against the manifest each time they are read."""

    def __init__(self, folder: Path) -> None:
        """Read the manifest in `folder`; ArtifactError if there is none or it is of another schema."""
        self.folder = folder
        data = _read(folder / Manifest.PATH, "manifest.json")
        try:
            schema = json.loads(data).get("schema")
        except (ValueError, AttributeError, RecursionError) as error:
            raise ArtifactError("manifest.json is no JSON document.") from error
        if schema != SCHEMA:
            raise ArtifactError(f"The run is of schema {schema!r}, this version reads schema {SCHEMA}: run it again.")
        self.manifest = decode(Manifest, data, source="manifest.json")
        _check_seal(data, self.manifest.seal)

    def bytes(self, path: str) -> bytes:
        """The bytes of the run's file `path`, checked against its sha256; ArtifactError if missing or changed."""
        expected = self.manifest.files.get(path) or self.manifest.clock_files.get(path)
        if expected is None:
            raise ArtifactError(f"The run has no {path}.")
        data = _read(self.folder / path, path)
        if record(data) != expected:
            raise ArtifactError(f"{path} is not what the manifest says: the file was changed or damaged.")
        return data

    def document(self, kind: type[T], path: str | None = None) -> T:
        """The JSON document of type `kind`, at `path` or at the class's own PATH."""
        where: str = path or kind.PATH  # type: ignore[attr-defined]
        return decode(kind, self.bytes(where), source=where)

    def arrays(self, path: str) -> dict[str, np.ndarray]:
        """The arrays of the npz file `path`, checked for dtype and shape."""
        arrays = npz_arrays(self.bytes(path), source=path)
        sizes: dict[str, Any] = {"classes": len(self.manifest.classes), "image_size": self.manifest.image_size}
        array_contract.check(path, arrays, **sizes)
        return arrays

    def has(self, path: str) -> bool:
        return path in self.manifest.files or path in self.manifest.clock_files

    def verify(self) -> list[str]:
        """Return one sentence for each file that is missing, changed, or not listed."""
        faults = []
        listed = {**self.manifest.files, **self.manifest.clock_files}
        for path in listed:
            try:
                self.bytes(path)
            except ArtifactError as error:
                faults.append(str(error))
        present = {p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file()}
        faults += [f"{path} is not in the manifest." for path in sorted(present - set(listed) - {Manifest.PATH})]
        return faults


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{name} cannot be read: {error.strerror or error}.") from error


def settled(manifest: Manifest) -> bytes:
    """Bytes of the manifest without name, machine, and times: equal for two runs of the same study."""
    plain = json.loads(encode(manifest))
    for key in ("clock_files", "machine", "name", "seal"):
        del plain[key]
    for reading in plain["test_reads"]:
        del reading["at"]
    return json.dumps(plain, sort_keys=True).encode()
