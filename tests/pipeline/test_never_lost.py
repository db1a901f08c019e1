"""kill -9 at random moments and on either side of every stage's end: the resumed run's manifest is the unbroken one's.

Slow: about seven smoke runs. Killed and resumed, killed and resumed, a run must also get ahead: no trial that was
finished before a kill may be trained again after it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from artifacts import store
from artifacts.store import Run
from pipeline.runner import RunFolder
from pipeline.stages import STAGES

ROOT = Path(__file__).resolve().parent.parent.parent
KILLS = int(os.environ.get("KILLS", "20"))
MOMENTS = ("before", "after")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(5_400)]


def start(folder: RunFolder, moment: str = "never", stage: str = "none") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.pipeline.killed_run", str(folder.folder), moment, stage]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=1_200)
    assert process.returncode == 0, errors.decode()


@dataclass(frozen=True)
class Unbroken:
    """What a run that nobody disturbed left, and the seconds it took."""

    manifest: bytes
    seconds: float


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    folder, begun = RunFolder(tmp_path_factory.mktemp("unbroken")), time.monotonic()
    finish(start(folder))
    return Unbroken(store.settled(Run(folder.study).manifest), time.monotonic() - begun)


def finished_trials(folder: RunFolder) -> dict[Path, int]:
    """When each finished trial's record was written."""
    return {path: path.stat().st_mtime_ns for path in folder.work.glob("trials/*/record.json")}


def check(folder: RunFolder, unbroken: Unbroken) -> None:
    run = Run(folder.study)
    assert run.verify() == []
    assert store.settled(run.manifest) == unbroken.manifest


def kills(folder: RunFolder, draw: random.Random, seconds: float) -> Iterator[bool]:
    """Start and kill within `seconds` until a start finishes the run; true for every kill."""
    done: dict[Path, int] = {}
    while True:
        process = start(folder)
        try:
            process.wait(timeout=draw.uniform(0, seconds))
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


def test_twenty_random_kills_end_in_the_unbroken_manifest(unbroken: Unbroken, tmp_path: Path) -> None:
    counted, number = 0, 0
    while counted < KILLS:
        folder = RunFolder(tmp_path / str(number))
        for _ in kills(folder, random.Random(number), 0.3 * unbroken.seconds):
            counted += 1
            if counted == KILLS:
                finish(start(folder))
                break
        check(folder, unbroken)
        number += 1
    print(f"{counted} kills in {number} runs; an unbroken run took {unbroken.seconds:.0f} s")


def test_a_kill_on_either_side_of_every_stages_end(unbroken: Unbroken, tmp_path: Path) -> None:
    """One run, killed twice at each stage; a stage counts as done from its state file on."""
    folder = RunFolder(tmp_path / "run")
    for stage in STAGES:
        for moment in MOMENTS:
            begun = time.monotonic()
            process = start(folder, moment, stage.name)
            _, errors = process.communicate(timeout=1_200)
            assert process.returncode == -signal.SIGKILL, errors.decode()
            assert (folder.work / "stages" / f"{stage.name}.json").exists() == (moment == "after")
            print(f"{stage.name} {moment}: {time.monotonic() - begun:.1f} s")
    finish(start(folder))
    check(folder, unbroken)
