"""The training processes of one host: one a core on a CPU, with one thread each; one a GPU, which may train several
networks side by side (`pipeline.lanes`).

A trial's numbers do not depend on which worker runs it or on what ran before.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import torch

from pipeline import data, lanes
from pipeline.execution import forkserver, worker
from pipeline.execution.torchrun import execute_in_ranks
from pipeline.support.errors import BudgetSpent
from pipeline.training.trials import TrialFolder, TrialRecord, TrialSpec, Workplace, execute

T = TypeVar("T")
R = TypeVar("R")


def device_names() -> list[str]:
    """The devices that trials run on: every GPU, else the CPU once a core."""
    if torch.cuda.is_available():
        return [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return ["cpu"] * len(os.sched_getaffinity(0))


class Crew:
    """Training processes that live as long as the command; they are started when the first job comes."""

    def __init__(self, work: Path, data_folder: Path, tested: int, deadline: float | None) -> None:
        self.work = work
        self.data_folder = data_folder
        self.tested = tested
        self.deadline = deadline
        self.devices = device_names()
        self._context = forkserver.context(forked=self.devices[0] == "cpu")
        self._shares: Any = self._context.Queue()
        self._executor: Executor | None = None

    @property
    def ranks(self) -> int:
        """How many processes train one network together where that is wanted: one a GPU."""
        return len(set(self.devices)) if self.devices[0] != "cpu" else 1

    def folder(self, spec: TrialSpec) -> TrialFolder:
        return TrialFolder(self.work / "trials", spec.key)

    def submit(self, spec: TrialSpec) -> Future[TrialRecord]:
        with forkserver.interrupts_held():
            return self._started().submit(_work, spec)

    def map(self, job: Callable[[Workplace, T], R], items: Sequence[T]) -> Iterator[R]:
        """The job's result for each item, in order; jobs run in the worker processes, one a core or device."""
        with forkserver.interrupts_held():
            return self._started().map(_with_place, [job] * len(items), items)

    def shares(self) -> Iterator[tuple[str, float]]:
        """What the workers said since the last call: a trial's key, and the share of it that is done."""
        while not self._shares.empty():
            yield self._shares.get()

    def _started(self) -> Executor:
        if self._executor is None:
            self._executor = self._executor_for(
                self._shares, self.data_folder, self.tested, self.work / "trials", self.deadline
            )
        return self._executor

    def _executor_for(self, *given: Any) -> Executor:
        if self.devices[0] != "cpu":
            return lanes.LaneExecutor(self.devices, self._context, _start_worker, *given)
        return ProcessPoolExecutor(
            len(self.devices), mp_context=self._context, initializer=_start_worker, initargs=("cpu", *given)
        )

    def close(self, *, at_once: bool = False) -> None:
        """End the workers: after their trial or its next checkpoint, or `at_once` (a checkpoint is never torn)."""
        if at_once:
            for process in multiprocessing.active_children():
                process.kill()
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None


# ------------------------------------------------------------------------------------------------ in a worker process

_place: Workplace | None = None
_outbox: Any = None


def _start_worker(name: str, shares: Any, folder: Path, tested: int, trials: Path, deadline: float | None) -> None:
    global _place, _outbox
    _outbox = shares
    worker.begin()
    _place = Workplace(data.with_test_images(data.load(folder), tested), trials, torch.device(name), deadline)


def _with_place(job: Callable[[Workplace, T], R], item: T) -> R:
    assert _place is not None
    return job(_place, item)


def _work(spec: TrialSpec) -> TrialRecord:
    assert _place is not None
    if _place.deadline is not None and time.time() >= _place.deadline:
        raise BudgetSpent  # it was handed out ahead; its first checkpoint might be far
    if spec.ranks > 1:
        with lanes.aside():
            record = execute_in_ranks(spec, _place, _outbox)
    else:
        record = execute(spec, _place, worker.Shares(spec.key, _outbox))
    _outbox.put((spec.key, 1.0))
    return record
