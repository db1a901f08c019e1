"""Files of the work folder with a checksum: the SHA-256 of the content precedes it.

Atomic writes prevent half-written files; the checksum also reveals damage and edits, so a resumed run never builds on
a damaged file.
"""

from pathlib import Path
from typing import TypeVar

from artifacts import store
from artifacts.contract import ArtifactError

T = TypeVar("T")
_HEX = 64


def write(path: Path, content: bytes) -> None:
    """Write `content` and its checksum atomically."""
    store.write_atomic(path, store.sha256(content).encode() + b"\n" + content)


def read(path: Path) -> bytes:
    """Return the content; ArtifactError if it is damaged, OSError if there is no file.

    JSON from versions without checksums begins with a brace, which no checksum does, and is returned unchecked.
    """
    data = path.read_bytes()
    if data.startswith(b"{"):
        return data
    seal, content = data[:_HEX], data[_HEX + 1 :]
    if data[_HEX : _HEX + 1] != b"\n" or store.sha256(content).encode() != seal:
        raise ArtifactError(f"{path.name} is damaged.")
    return content


def document(path: Path, kind: type[T]) -> T | None:
    """Return the document of that kind; None if there is no file, or a damaged one."""
    try:
        return store.decode(kind, read(path), source=path.name)
    except (OSError, ArtifactError):
        return None
