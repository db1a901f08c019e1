"""Files of the work folder that can tell whether they are whole: the sha256 of the content stands before it.

Atomic writes keep a killed process from leaving half a file; the seal also tells a file that rotted or was edited, so
that resuming never builds on it.
"""

from __future__ import annotations

from pathlib import Path

from artifacts import store
from artifacts.contract import ArtifactError

_HEX = 64


def write(path: Path, content: bytes) -> None:
    """Write `content` and its seal, atomically."""
    store.write_atomic(path, store.sha256(content).encode() + b"\n" + content)


def read(path: Path) -> bytes:
    """The content; ArtifactError if it is not what was written, OSError if there is no file.

    JSON that was written before there were seals begins with a brace, which no seal does: it is taken as it is.
    """
    data = path.read_bytes()
    if data.startswith(b"{"):
        return data
    seal, content = data[:_HEX], data[_HEX + 1 :]
    if data[_HEX : _HEX + 1] != b"\n" or store.sha256(content).encode() != seal:
        raise ArtifactError(f"{path.name} is damaged.")
    return content
