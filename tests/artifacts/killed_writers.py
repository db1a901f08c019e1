"""Writers of one file, each killed with SIGKILL at a random moment; prints what that left.

    python -m tests.artifacts.killed_writers FILE KILLS atomic|plain

Printed: how often the file was not whole afterwards, and how many of the kills met a writer in the middle of a write
(its part file is there; of the plain way there is none to count).
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from artifacts import store

WAYS: dict[str, Callable[[Path, bytes], object]] = {"atomic": store.write_atomic, "plain": Path.write_bytes}
BYTES = 200_000


def write_until_killed(path: Path, way: Callable[[Path, bytes], object], owner: int) -> None:
    """Write again and again, each time another byte throughout; ends by itself if the owner is gone."""
    fill = 0
    while os.getppid() == owner:
        fill = (fill + 1) % 256
        way(path, bytes([fill]) * BYTES)


def killed_after(seconds: float, path: Path, way: Callable[[Path, bytes], object]) -> None:
    """A fork costs a hundredth of a new interpreter, so that 500 kills are affordable."""
    owner = os.getpid()
    writer = os.fork()
    if writer == 0:
        write_until_killed(path, way, owner)
        os._exit(0)
    time.sleep(seconds)
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)


def main() -> None:
    path, kills, way = Path(sys.argv[1]), int(sys.argv[2]), WAYS[sys.argv[3]]
    draw, torn, midway = random.Random(kills), 0, 0
    for _ in range(kills):
        killed_after(draw.uniform(0.001, 0.02), path, way)
        if path.exists():
            content = path.read_bytes()
            torn += len(content) != BYTES or content.count(content[:1]) != BYTES
        for part in path.parent.glob(f".{path.name}.*.part"):
            midway += 1
            part.unlink()
    print(torn, midway)


if __name__ == "__main__":
    main()
