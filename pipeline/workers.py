"""Runs a stage's trials: queued in an Optuna study of the run's storage, executed by a pool of processes.

One process (this one) owns the storage; the workers only train. On a CPU there is a worker a core, one thread each (a
stage with fewer trials than cores gives each trial more threads); on GPUs there is a worker a device. A trial's numbers
do not depend on which worker runs it or on what ran before.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import optuna
import torch
from optuna.trial import TrialState

from pipeline import data
from pipeline.errors import BudgetSpent
from pipeline.memory import keep_memory
from pipeline.trials import TrialFolder, TrialRecord, TrialSpec, Workplace, execute

optuna.logging.set_verbosity(optuna.logging.WARNING)

T = TypeVar("T")
R = TypeVar("R")
Listener = Callable[[int, TrialRecord, float], None]


@dataclass(frozen=True)
class Finished:
    """One trial of a stage: its record, and the stage's seconds of work when it ended (pauses left out)."""

    spec: TrialSpec
    record: TrialRecord
    elapsed: float


def device_names() -> list[str]:
    """The devices that trials run on: every GPU, else the CPU once a core."""
    if torch.cuda.is_available():
        return [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return ["cpu"] * len(os.sched_getaffinity(0))


def threads_for(trials: int) -> int:
    """CPU threads a trial gets, of all there are, in a stage of that many trials."""
    cores = len(os.sched_getaffinity(0))
    return max(1, cores // max(1, min(len(device_names()), trials)))


class Pool:
    """A pool of training processes that lives as long as the run, and the storage of its trials."""

    def __init__(self, work: Path, data_folder: Path, tested: int, deadline: float | None) -> None:
        self.work = work
        self.data_folder = data_folder
        self.deadline = deadline
        self.devices = device_names()
        work.mkdir(parents=True, exist_ok=True)
        self.storage = f"sqlite:///{work / 'trials.db'}"
        self.tested = tested
        self._context = multiprocessing.get_context("spawn")
        self._shares: Any = self._context.Queue()
        self._executor: ProcessPoolExecutor | None = None

    def folder(self, spec: TrialSpec) -> TrialFolder:
        return TrialFolder(self.work / "trials", spec.key)

    def finished(self, spec: TrialSpec) -> TrialFolder:
        """The folder of a trial that is done; one whose files were lost or damaged since is run again first."""
        if self.folder(spec).record() is None:
            self._submit(spec).result()
        return self.folder(spec)

    def run(
        self,
        stage: str,
        specs: Sequence[TrialSpec],
        labels: Sequence[dict[str, str]],
        *,
        progress: Callable[[float], None],
        finished: Listener = lambda number, record, elapsed: None,
    ) -> list[Finished]:
        """Execute all specs; the results in their order. `progress` hears the share of the stage's work that is done.

        Raises BudgetSpent when the deadline passed; what is finished or checkpointed then is kept.
        """
        board = _Board(self.storage, stage, specs, labels)
        shares = {spec.key: 0.0 for spec in specs}
        stop = threading.Event()
        reader = threading.Thread(target=self._read_shares, args=(shares, progress, stop), daemon=True)
        reader.start()
        try:
            return self._drain(board, specs, finished)
        finally:
            stop.set()
            reader.join()

    def _drain(self, board: _Board, specs: Sequence[TrialSpec], finished: Listener) -> list[Finished]:
        begun = time.monotonic() - board.elapsed
        running: dict[Future[TrialRecord], tuple[optuna.Trial, int]] = {}
        results: dict[int, Finished] = dict(board.done(self.folder))
        while True:
            while len(running) < len(self.devices) and (claimed := board.claim()) is not None:
                trial, number = claimed
                running[self._submit(specs[number])] = (trial, number)
            if not running:
                return [results[number] for number in range(len(specs))]
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                trial, number = running.pop(future)
                record = future.result()
                elapsed = time.monotonic() - begun
                board.finish(trial, record, elapsed)
                results[number] = Finished(specs[number], record, elapsed)
                finished(number, record, elapsed)

    def map(self, job: Callable[[Workplace, T], R], items: Sequence[T]) -> Iterator[R]:
        """The job's result for each item, in order; jobs run in the worker processes, one a core or device."""
        with _interrupts_held():
            return self._started().map(_with_place, [job] * len(items), items)

    def _submit(self, spec: TrialSpec) -> Future[TrialRecord]:
        if self.deadline is not None and time.time() >= self.deadline:
            raise BudgetSpent
        with _interrupts_held():
            return self._started().submit(_work, spec)

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            numbers: Any = self._context.Queue()
            for device in self.devices:
                numbers.put(device)
            self._executor = ProcessPoolExecutor(
                len(self.devices),
                mp_context=self._context,
                initializer=_start_worker,
                initargs=(numbers, self._shares, self.data_folder, self.tested, self.work / "trials", self.deadline),
            )
        return self._executor

    def _read_shares(self, shares: dict[str, float], progress: Callable[[float], None], stop: threading.Event) -> None:
        while not stop.wait(0.2):
            while not self._shares.empty():
                key, share = self._shares.get()
                if key in shares:  # a late word from the stage before is not this one's progress
                    shares[key] = share
            progress(sum(shares.values()) / len(shares))

    def close(self, *, at_once: bool = False) -> None:
        """End the workers: after their trial or its next checkpoint, or `at_once` (a checkpoint is never torn)."""
        if at_once:
            for process in multiprocessing.active_children():
                process.kill()
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes started within it never hear Ctrl-C, which a terminal sends to all: their owner ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Board:
    """A stage's Optuna study: what waits, runs and is done. Trials are known by their key."""

    def __init__(self, storage: str, stage: str, specs: Sequence[TrialSpec], labels: Sequence[dict[str, str]]) -> None:
        self.specs = specs
        self.numbers = {spec.key: number for number, spec in enumerate(specs)}
        self.study = optuna.create_study(storage=storage, study_name=stage, direction="maximize", load_if_exists=True)
        self._free_abandoned()
        known = {trial.user_attrs["key"] for trial in self._trials(TrialState.WAITING, TrialState.COMPLETE)}
        for spec, label in zip(specs, labels, strict=True):
            if spec.key not in known:
                self.study.enqueue_trial({}, user_attrs={"key": spec.key, **label})
        self.elapsed = max((trial.user_attrs["elapsed"] for trial in self._trials(TrialState.COMPLETE)), default=0.0)

    def _trials(self, *states: TrialState) -> list[optuna.trial.FrozenTrial]:
        """The study's trials of these states that belong to this stage as it is now configured."""
        trials = self.study.get_trials(deepcopy=False, states=states)
        return [trial for trial in trials if trial.user_attrs.get("key") in self.numbers]

    def _free_abandoned(self) -> None:
        """A trial that runs while this process starts had an owner that died: it failed, and is queued again."""
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self.study.tell(trial.number, state=TrialState.FAIL)

    def done(self, folder: Callable[[TrialSpec], TrialFolder]) -> list[tuple[int, Finished]]:
        """Finished trials; one whose files are gone is queued again."""
        found = {}
        for trial in self._trials(TrialState.COMPLETE):
            number = self.numbers[trial.user_attrs["key"]]
            record = folder(self.specs[number]).record()
            if record is not None:
                found[number] = Finished(self.specs[number], record, trial.user_attrs["elapsed"])
        waiting = {trial.user_attrs["key"] for trial in self._trials(TrialState.WAITING)}
        for number, spec in enumerate(self.specs):
            if number not in found and spec.key not in waiting:
                self.study.enqueue_trial({}, user_attrs={"key": spec.key})
        return list(found.items())

    def claim(self) -> tuple[optuna.Trial, int] | None:
        if not self._trials(TrialState.WAITING):
            return None
        trial = self.study.ask()
        number = self.numbers.get(trial.user_attrs.get("key", ""))
        if number is None:  # queued by an earlier configuration of this stage
            self.study.tell(trial, state=TrialState.FAIL)
            return self.claim()
        return trial, number

    def finish(self, trial: optuna.Trial, record: TrialRecord, elapsed: float) -> None:
        """A diverged trial is complete too: its value is 0, its reason stands beside it."""
        trial.set_user_attr("seconds", record.seconds)
        trial.set_user_attr("elapsed", elapsed)
        if record.reason:
            trial.set_user_attr("reason", record.reason)
        self.study.tell(trial, record.fit.highest_val_accuracy if record.fit else 0.0)


# ------------------------------------------------------------------------------------------------ in a worker process

_place: Workplace | None = None
_outbox: Any = None


def _start_worker(devices: Any, shares: Any, folder: Path, tested: int, trials: Path, deadline: float | None) -> None:
    global _place, _outbox
    _outbox = shares
    keep_memory()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    device = torch.device(devices.get())
    _place = Workplace(data.with_test_images(data.load(folder), tested), trials, device, deadline)


def _die_with_parent() -> None:
    """A worker whose owner was killed must not train on."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _with_place(job: Callable[[Workplace, T], R], item: T) -> R:
    assert _place is not None
    return job(_place, item)


def _work(spec: TrialSpec) -> TrialRecord:
    assert _place is not None
    last = 0.0

    def report(share: float) -> None:
        nonlocal last
        if time.monotonic() - last > 0.5:
            last = time.monotonic()
            _outbox.put((spec.key, share))

    record = execute(spec, _place, report)
    _outbox.put((spec.key, 1.0))
    return record
