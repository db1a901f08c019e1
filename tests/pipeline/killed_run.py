"""Runs the smoke profile in this process, which kills itself with SIGKILL at a named moment.

    python -m tests.pipeline.killed_run RUN_FOLDER MOMENT STAGE

MOMENT is `before` or `after` the stage's state file is written, which is when the stage counts as done; the manifest
that names it comes after. Without a kill the exit status is 0.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from artifacts import store
from pipeline import data
from pipeline.config import smoke
from pipeline.runner import RunFolder, Runner
from pipeline.stages import STAGES


def kill_at(moment: str, stage: str) -> None:
    """Wrap the store's atomic write, through which every file of a run goes."""
    write = store.write_atomic

    def watched(path: Path, content: bytes) -> None:
        is_state = path.parts[-3:] == ("work", "stages", f"{stage}.json")
        if is_state and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        write(path, content)
        if is_state and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    store.write_atomic = watched


def main() -> None:
    folder, moment, stage = sys.argv[1:]
    kill_at(moment, stage)
    with RunFolder(Path(folder)).locked():
        Runner(RunFolder(Path(folder)), smoke(), data.load(), Console()).run(STAGES)


if __name__ == "__main__":
    main()
