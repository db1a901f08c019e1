"""Runs a study in this process, which kills itself with SIGKILL at a named moment.

    python -m tests.pipeline.killed_run RUN_FOLDER MOMENT STAGE [DATA_FOLDER]

The study is the smoke profile; on a data folder, five stages of it with smaller trials.

MOMENT is `before` or `after` the stage's state file is written, which is when the stage counts as done; the manifest
that names it comes after. Without a kill the exit status is 0.
"""

import dataclasses
import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from artifacts import store
from pipeline import data
from pipeline.config import Config, SplitConfig, smoke
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


def small() -> Config:
    """Of smoke the first steps of the search, on 256 images."""
    config = smoke()
    return dataclasses.replace(
        config,
        split=SplitConfig(train_images=160, validation_images=60, validated=60, tested=100),
        augmentations=dataclasses.replace(config.augmentations, train_images=48),
    )


SMALL = [stage for stage in STAGES if stage.name in ("eda", "outliers", "augmentations", "tune-coarse", "tune-fine")]


def main() -> None:
    place, moment, stage, *data_folder = sys.argv[1:]
    kill_at(moment, stage)
    folder, config, wanted = RunFolder(Path(place)), smoke(), list(STAGES)
    if data_folder:
        config, wanted = small(), SMALL
    dataset = data.load(*(Path(each) for each in data_folder))
    with folder.locked():
        Runner(folder, config, dataset, Console()).run(wanted)


if __name__ == "__main__":
    main()
