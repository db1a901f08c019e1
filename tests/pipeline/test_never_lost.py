"""kill -9 at random moments and on either side of every stage's end: the resumed run's manifest is the unbroken one's.

Slow: about seven runs of the smoke profile, and of a small study besides. Killed and resumed again and again, a run
must also get ahead: no trial that was finished before a kill may be trained again after it.
"""

import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from artifacts import store
from artifacts.store import Run
from pipeline.runner import RunFolder
from pipeline.stages import STAGES, Stage
from tests.pipeline.conftest import CLASS_NAMES, write_data
from tests.pipeline.killed_run import SMALL

ROOT = Path(__file__).resolve().parent.parent.parent
KILLS = int(os.environ.get("KILLS", "20"))
MOMENTS = ("before", "after")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(5_400)]


@dataclass(frozen=True)
class Study:
    """What is run, with what an undisturbed run left and the seconds it took."""

    stages: tuple[Stage, ...]
    data: tuple[str, ...]
    wait: float  # kills come within this share of the undisturbed run's time, which must be longer than its start
    manifest: bytes = b""
    seconds: float = 0.0

    def start(self, folder: RunFolder, moment: str = "never", stage: str = "none") -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.pipeline.killed_run", str(folder.folder), moment, stage, *self.data]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=1_200)
    assert process.returncode == 0, errors.decode()


@pytest.fixture(scope="module", params=["small", "smoke"])
def study(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sample: tuple[np.ndarray, np.ndarray]
) -> Study:
    if request.param == "small":
        data = write_data(tmp_path_factory.mktemp("data") / "garments", *sample, CLASS_NAMES)
        planned = Study(tuple(SMALL), (str(data),), wait=0.8)
    else:
        planned = Study(STAGES, (), wait=0.3)
    folder, begun = RunFolder(tmp_path_factory.mktemp("unbroken")), time.monotonic()
    finish(planned.start(folder))
    left = store.settled(Run(folder.study).manifest)
    return dataclasses.replace(planned, manifest=left, seconds=time.monotonic() - begun)


def finished_trials(folder: RunFolder) -> dict[Path, int]:
    """When each finished trial's record was written."""
    return {path: path.stat().st_mtime_ns for path in folder.work.glob("trials/*/record.json")}


def check(folder: RunFolder, study: Study) -> None:
    run = Run(folder.study)
    assert run.verify() == []
    assert store.settled(run.manifest) == study.manifest


def kills(folder: RunFolder, study: Study, draw: random.Random) -> Iterator[bool]:
    """Start and kill until a start finishes the run; true for every kill."""
    done: dict[Path, int] = {}
    while True:
        process = study.start(folder)
        try:
            process.wait(timeout=draw.uniform(0, study.wait * study.seconds))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        trials = finished_trials(folder)
        assert {path: trials[path] for path in done} == done, "A finished trial was trained again."
        done = trials
        if process.returncode == 0:
            return
        assert process.returncode == -signal.SIGKILL, process.stderr and process.stderr.read().decode()
        yield True


def test_twenty_random_kills_end_in_the_unbroken_manifest(study: Study, tmp_path: Path) -> None:
    counted, number = 0, 0
    while counted < KILLS:
        folder = RunFolder(tmp_path / str(number))
        for _ in kills(folder, study, random.Random(number)):
            counted += 1
            print(f"kill {counted} (run {number}): {len(finished_trials(folder))} trials finished", flush=True)
            if counted == KILLS:
                finish(study.start(folder))
                break
        check(folder, study)
        number += 1
    print(f"{counted} kills in {number} runs; an unbroken run took {study.seconds:.0f} s")


def test_a_kill_on_either_side_of_every_stages_end(study: Study, tmp_path: Path) -> None:
    """One run, killed twice at each stage; a stage counts as done from its state file on."""
    folder = RunFolder(tmp_path / "run")
    for stage in study.stages:
        for moment in MOMENTS:
            begun = time.monotonic()
            process = study.start(folder, moment, stage.name)
            _, errors = process.communicate(timeout=1_200)
            assert process.returncode == -signal.SIGKILL, errors.decode()
            assert (folder.work / "stages" / f"{stage.name}.json").exists() == (moment == "after")
            print(f"{stage.name} {moment}: {time.monotonic() - begun:.1f} s", flush=True)
    finish(study.start(folder))
    check(folder, study)
