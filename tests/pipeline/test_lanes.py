"""Trainings that share a process: each gives what it gives alone, they take turns, and a dead process is told of.

On a CPU, where no stream is chosen; the test marked `gpu` does the same on a GPU.
"""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline import data, lanes
from pipeline.config import SplitConfig, recipe
from pipeline.execution import processes as crews
from pipeline.execution.processes import Crew
from pipeline.support.errors import BudgetSpent
from pipeline.training.trials import TrialFolder, TrialSpec, Workplace, execute
from tests.pipeline.training.test_cuda_graph import DefaultGenerator, repeatable

__all__ = ["repeatable"]

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
RECIPES: list[dict[str, Any]] = [
    {"dropout": 0.5, "ema": 0.9, "augmentation_set": 7, "replication": "mixed"},
    {"dropout": 0.5, "optimizer": "SAM", "augmentation_set": 6, "replication": "every epoch"},
    {"dropout": 0.5, "lr": 0.01},
]


class LanedCrew(Crew):
    """In one process, as on a GPU that trains so many at a time, and on a CPU too."""

    def __init__(self, folder: Path, work: Path, at_a_time: int, deadline: float | None = None) -> None:
        super().__init__(work, folder, 256, deadline)
        self.devices = [self.devices[0]] * at_a_time

    def _executor_for(self, *given: Any) -> lanes.LaneExecutor:
        return lanes.LaneExecutor(self.devices, self._context, _start_repeatable, *given)


def _start_repeatable(*given: Any) -> None:
    torch.backends.cudnn.deterministic = True
    crews._start_worker(*given)


@pytest.fixture
def two(data_folder: Path, tmp_path: Path) -> Iterator[LanedCrew]:
    crew = LanedCrew(data_folder, tmp_path / "work", 2)
    yield crew
    crew.close(at_once=True)


def specs(folder: Path) -> list[TrialSpec]:
    split = SplitConfig(train_images=150, validation_images=50, validated=50)
    plans = [recipe(architecture="OwnBaseline2", batch_size=30, epochs=3, **changes) for changes in RECIPES]
    return [TrialSpec(plan, 3, "train", 150, split, data.load(folder).fingerprint, threads=1) for plan in plans]


def assert_as_alone(crew: LanedCrew, folder: Path, alone: Workplace) -> None:
    """Three trials, two at a time, then each in a process that trains nothing else; to the bit on a CPU."""
    for future in [crew.submit(spec) for spec in specs(folder)]:
        assert future.result().fit is not None
    for spec in specs(folder):
        execute(spec, alone)
        (one, other) = (TrialFolder(trials, spec.key) for trials in (crew.work / "trials", alone.trials))
        exact = {} if alone.device.type == "cuda" else {"rtol": 0.0, "atol": 0.0}
        torch.testing.assert_close(one.weights(), other.weights(), **exact)


def test_trials_side_by_side_end_as_each_does_alone(two: LanedCrew, data_folder: Path, tmp_path: Path) -> None:
    alone = Workplace(data.load(data_folder), tmp_path / "alone", torch.device("cpu"))
    assert_as_alone(two, data_folder, alone)


@gpu
@pytest.mark.usefixtures("repeatable")
def test_trials_side_by_side_on_a_gpu_end_as_each_does_alone(two: LanedCrew, data_folder: Path, tmp_path: Path) -> None:
    assert_as_alone(two, data_folder, Workplace(data.load(data_folder), tmp_path / "alone", torch.device("cuda:0")))


def _meet(place: Workplace, name: str, of: int) -> lanes.Chance:
    """Wait until so many jobs are at work."""
    chance = lanes.Chance(place.device)
    place.trials.mkdir(parents=True, exist_ok=True)
    (place.trials / name).touch()
    while len(list(place.trials.iterdir())) < of:
        lanes.pause(chance)
    return chance


def _steps(place: Workplace, name: str) -> list[tuple[str, float]]:
    """When each of five steps was, beside another job's."""
    chance, steps = _meet(place, name, of=2), []
    for _ in range(5):
        steps.append((name, time.monotonic()))
        lanes.pause(chance)
    return steps


def test_jobs_take_turns(two: LanedCrew) -> None:
    one, other = two.map(_steps, ["a", "b"])
    order = [name for name, _ in sorted([*one, *other], key=lambda step: step[1])]
    assert "ababab" in "".join(order) or "bababa" in "".join(order)


def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    turns, ran = lanes.Turns(), []

    def job(name: str) -> None:
        turns.take()
        for _ in range(3):
            ran.append(name)
            with turns.aside():
                pass
        turns.give()

    turns.take()
    threads = [threading.Thread(target=job, args=(name,)) for name in "abc"]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        while len(turns.waiting) < number:
            time.sleep(0.001)
    turns.give()
    for thread in threads:
        thread.join()
    assert "".join(ran) == "abcabcabc"


def test_each_training_on_a_gpu_draws_from_a_state_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The captured step of each knows its own; the one whose turn it is is the default generator's."""
    generator = DefaultGenerator()
    monkeypatch.setattr(torch.cuda, "default_generators", (generator,))
    monkeypatch.setattr(lanes, "_turns", lanes.Turns())
    one, other = (lanes.Chance(torch.device("cuda:0")) for _ in range(2))

    def job() -> None:
        lanes._turns.take()
        other.enter()
        lanes._turns.give()

    lanes._turns.take()
    one.enter()
    mine, thread = generator.state, threading.Thread(target=job)
    thread.start()
    while not lanes._turns.waiting:
        time.sleep(0.001)
    seen: list[object] = []
    monkeypatch.setattr(one, "leave", lambda: seen.append(generator.state))
    lanes.pause(one)
    thread.join()
    assert seen == [mine] and generator.state is mine
    other.enter()
    assert generator.state is not mine


def _die(place: Workplace, how: str) -> None:
    if how == "exit":
        os._exit(1)
    chance = lanes.Chance(place.device)
    while True:
        lanes.pause(chance)
        time.sleep(0.01)


def _process(place: Workplace, name: str) -> int:
    """Which one the job runs in, once all four are at work."""
    _meet(place, name, of=4)
    return os.getpid()


def test_each_device_has_a_process_with_its_own_lanes(two: LanedCrew) -> None:
    """`cpu:0` is the CPU too, by another name."""
    two.devices = ["cpu", "cpu:0"] * 2
    processes = list(two.map(_process, ["a", "b", "c", "d"]))
    assert sorted(processes.count(each) for each in set(processes)) == [2, 2]


def test_all_jobs_of_a_process_that_dies_are_told(two: LanedCrew) -> None:
    waiting = two._started().submit(crews._with_place, _die, "wait")
    with pytest.raises(BrokenProcessPool):
        list(two.map(_die, ["exit"]))
    with pytest.raises(BrokenProcessPool):
        waiting.result(timeout=10)
    with pytest.raises(BrokenProcessPool):
        list(two.map(_die, ["exit"]))


def test_a_process_that_cannot_begin_is_told_of(data_folder: Path, tmp_path: Path) -> None:
    crew = LanedCrew(data_folder, tmp_path / "work", 2)
    (data_folder / "names.txt").unlink()
    with pytest.raises(BrokenProcessPool):
        list(crew.map(_die, ["exit"]))


def test_ending_at_once_waits_for_nobody(two: LanedCrew) -> None:
    futures = [two._started().submit(crews._with_place, _die, "wait") for _ in range(3)]
    time.sleep(1)
    begun = time.monotonic()
    two.close(at_once=True)
    assert time.monotonic() - begun < 10
    assert all(future.cancelled() or isinstance(future.exception(), BrokenProcessPool) for future in futures)


def test_a_spent_budget_reaches_the_owner(data_folder: Path, tmp_path: Path) -> None:
    crew = LanedCrew(data_folder, tmp_path / "work", 2, deadline=time.time())
    with pytest.raises(BudgetSpent):
        crew.submit(specs(data_folder)[0]).result()
    crew.close()


def test_a_trial_of_several_ranks_lets_the_others_go_on(two: LanedCrew, data_folder: Path) -> None:
    plain, shared = specs(data_folder)[:2]
    futures = [two.submit(dataclasses.replace(shared, ranks=2)), two.submit(plain)]
    assert futures[1].result(timeout=120).fit is not None
    assert futures[0].result(timeout=120).fit is not None
