"""Resident memory of a portal that a test started."""

from __future__ import annotations

import contextlib
from pathlib import Path


def portal_megabytes(address: str) -> float:
    """Resident memory in MiB of the process that serves `address`; LookupError if there is none."""
    port = address.rpartition(":")[2]
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"--port" in words and words[words.index(b"--port") + 1] == port.encode():
                status = (folder / "status").read_text()
                return int(status.partition("VmRSS:")[2].split()[0]) / 1024
    raise LookupError(f"no portal listens on {address}")
