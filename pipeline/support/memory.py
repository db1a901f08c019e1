"""Memory that is asked for again and again: the C library keeps it, and Python's collector does not walk it.

glibc is told to keep the memory it was given, which training asks for again at every step.

By default malloc hands blocks of more than 128 KiB to 32 MiB straight to mmap and returns them to the kernel when they
are freed: every activation of every step is then faulted in and zeroed anew. With mmap off and trimming off the blocks
come from the heap and stay there. The numbers are the same; the process's memory stays at its peak.

The garbage collector would walk the many small objects of imports and of an ONNX export, all of them in use, again and
again: a fifth of the time that the imports take, a tenth of an export's, and a second when the process ends.
"""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def uncollected(*, frozen: bool = False) -> Iterator[None]:
    """Within it Python's garbage collector rests; `frozen`, it never looks at what was made until then."""
    gc.disable()
    try:
        yield
        if frozen:
            gc.freeze()
    finally:
        gc.enable()
