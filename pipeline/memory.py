"""glibc is told to keep the memory it was given, which training asks for again at every step.

By default malloc hands blocks of more than 128 KiB to 32 MiB straight to mmap and returns them to the kernel when they
are freed: every activation of every step is then faulted in and zeroed anew. With mmap off and trimming off the blocks
come from the heap and stay there. The numbers are the same; the process's memory stays at its peak.
"""

from __future__ import annotations

import ctypes
import sys

# Parameters of mallopt(3), from glibc's malloc.h.
M_TRIM_THRESHOLD = -1
M_MMAP_MAX = -4


def keep_memory() -> bool:
    """Set it for this process; False where the C library is not glibc (nothing is changed then)."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    kept = [library.mallopt(M_MMAP_MAX, 0), library.mallopt(M_TRIM_THRESHOLD, -1)]
    return all(kept)
