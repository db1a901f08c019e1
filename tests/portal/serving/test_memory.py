"""The server's threads share two heaps: glibc says so itself."""

import subprocess
import sys

import pytest

from portal.core.navigation import ROOT

# malloc_info's text has one <heap> an arena. The threads allocate at the same time, so that each wants its own.
HEAPS = """
import ctypes, re, sys, tempfile, threading
from portal.serving.memory import share_heaps
if sys.argv[1] == "shared" and not share_heaps():
    sys.exit("not taken")
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.fopen.restype = ctypes.c_void_p
together = threading.Barrier(16)
def work():
    together.wait()
    for _ in range(1000):
        library.malloc(1000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
with tempfile.NamedTemporaryFile() as file:
    stream = ctypes.c_void_p(library.fopen(file.name.encode(), b"w"))
    library.malloc_info(0, stream)
    library.fclose(stream)
    print(len(re.findall("<heap nr", file.read().decode())))
"""


def heaps(mode: str) -> int:
    command = [sys.executable, "-c", HEAPS, mode]
    return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heaps are counted on Linux")
def test_sixteen_threads_share_two_heaps() -> None:
    assert heaps("shared") <= 2 < heaps("as it was")
