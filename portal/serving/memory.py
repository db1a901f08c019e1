"""Limit the server's threads to two heaps.

glibc gives up to eight heaps a core to threads that allocate at the same time. A visitor's page is drawn by a thread of
its own, so what it leaves is spread over all of them, and holes in each stay with the process. Python's threads take
turns anyway, so fewer heaps cost no time that could be measured.
"""

import ctypes
import sys

M_ARENA_MAX = -8  # a parameter of mallopt(3), from glibc's malloc.h
HEAPS = 2


def share_heaps() -> bool:
    """Set it for this process, before its threads begin; False where the C library is not glibc."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)
    return hasattr(library, "gnu_get_libc_version") and bool(library.mallopt(M_ARENA_MAX, HEAPS))
