"""Root without its freedom: tests often run as root, whom no permission of a file or folder stops."""

import contextlib
import ctypes
import os
from collections.abc import Iterator

VERSION_3 = 0x20080522  # of capget(2) and capset(2): effective, permitted, inheritable; then their upper halves
FREEDOMS = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
READ_ALL = 2  # the second of them
PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 24, 47, 2
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


def become(user: int) -> None:
    """For root's `preexec_fn`: what is started is that user's, and may read everything but write only what is its own.

    A Python in root's own home, say, could not be started otherwise.
    """
    _libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    sets = (ctypes.c_uint32 * 6)(*[1 << READ_ALL] * 3, 0, 0, 0)
    _libc.capset((ctypes.c_uint32 * 2)(VERSION_3, 0), sets)
    _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, READ_ALL, 0, 0)
