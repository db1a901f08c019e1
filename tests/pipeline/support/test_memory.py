"""glibc keeps its memory: the setting is taken, and a block freed and asked for again is not faulted in anew."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.support import memory

ROOT = Path(__file__).resolve().parents[3]

FAULTS = """
import resource, sys
import numpy as np
from pipeline.support.memory import keep_memory
if sys.argv[1] == "kept" and not keep_memory():
    sys.exit("not taken")
def use():
    np.ones(5 << 20)  # 40 MiB: above what malloc ever keeps by itself
for _ in range(10):  # until the heap has grown to what is needed
    use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> int:
    command = [sys.executable, "-c", FAULTS, mode]
    return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted on Linux")
def test_freed_blocks_are_kept() -> None:
    assert faults("kept") * 10 < faults("as it was")


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.keep_memory() is False
