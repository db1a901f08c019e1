"""Root without its freedom: tests often run as root, whom no permission of a file or folder stops."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator

VERSION_3 = 0x20080522  # of capget(2) and capset(2): effective, permitted, inheritable; then their upper halves
FREEDOMS = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
PR_CAPBSET_DROP = 24
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def binding() -> Iterator[None]:
    """Within it permissions bind this thread, whoever it runs as (Linux)."""
    header, sets = (ctypes.c_uint32 * 2)(VERSION_3, 0), (ctypes.c_uint32 * 6)()
    assert _libc.capget(header, sets) == 0
    before = sets[0]
    sets[0] &= ~sum(1 << number for number in FREEDOMS)
    assert _libc.capset(header, sets) == 0
    try:
        yield
    finally:
        sets[0] = before
        assert _libc.capset(header, sets) == 0


def bind_child() -> None:
    """For `preexec_fn`: permissions bind the program that is started, and all that it starts."""
    for number in FREEDOMS:
        _libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
