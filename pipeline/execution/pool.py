"""Where a stage's trials and other jobs run: trials on an executor, this host's processes or a cluster; the result of
each lies in the run folder under the trial's key, so that none is trained twice."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.execution import forkserver, processes, ray_cluster, stage_trials
from pipeline.execution.processes import device_names
from pipeline.execution.ray_cluster import RayExecutor
from pipeline.support import machine
from pipeline.support.errors import BudgetSpent
from pipeline.training.trial_folder import Files, TrialFolder, TrialRecord
from pipeline.training.trials import TrialSpec, Workplace, inputs_of

T = TypeVar("T")
R = TypeVar("R")
Listener = Callable[[int, TrialRecord, float], None]
POLL_SECONDS = 0.2  # between two looks at how far the workers are


def threads_for(trials: int) -> int:
    """CPU threads a trial gets, of all there are, in a stage of that many trials."""
    cores = machine.cores()
    return max(1, cores // max(1, min(len(device_names()), trials)))


@dataclass(frozen=True)
class Finished:
    """One trial of a stage: its record, and the stage's seconds of work when it ended (pauses left out)."""

    spec: TrialSpec
    record: TrialRecord
    elapsed: float


class Pool:
    """Runs a run's trials, and other jobs on this host's processes, which live as long as the command."""

    def __init__(
        self, work: Path, data_folder: Path, tested: int, deadline: float | None, cluster: RayExecutor | None = None
    ) -> None:
        self.work = work
        self.trials = work / "trials"
        self.data_folder = data_folder
        self.tested = tested
        self.deadline = deadline
        self.cluster = cluster
        self.devices = device_names()
        self._context = forkserver.context(forked=self.devices[0] == "cpu")
        self._progress = self._context.Queue()
        self._local: Executor | None = None

    @property
    def ranks(self) -> int:
        """How many processes train one network together where that is wanted: one a GPU."""
        return len(self.devices) if self.devices[0] != "cpu" else 1

    @property
    def workers(self) -> int:
        """How many trials there may be at a time."""
        return self.cluster.workers if self.cluster else len(self.devices)

    def folder(self, spec: TrialSpec) -> TrialFolder:
        return TrialFolder(self.trials, spec.key)

    # --------------------------------------------------------------------------------------------------------- trials

    def run(
        self,
        stage: str,
        specs: Sequence[TrialSpec],
        *,
        progress: Callable[[float], None],
        finished: Listener = lambda number, record, elapsed: None,
    ) -> list[Finished]:
        """Train all specs that are not finished; the results in their order. `finished` hears of each that ends now.

        `progress` hears the share of the stage's work that is done. Raises BudgetSpent when the deadline passed; what
        is finished or checkpointed then is kept.
        """
        kept = stage_trials.read(self.work, stage)
        kept.specs.update((spec.key, spec) for spec in specs)
        stage_trials.keep(self.work, stage, kept)
        before = max((kept.elapsed.get(spec.key, 0.0) for spec in specs), default=0.0)
        begun = time.monotonic() - before
        results = {
            number: Finished(spec, record, kept.elapsed.get(spec.key, before))
            for number, spec in enumerate(specs)
            if (record := kept.record(self.trials, spec.key)) is not None
        }
        waiting = [number for number in range(len(specs)) if number not in results]
        shares = {spec.key: float(number in results) for number, spec in enumerate(specs)}
        with self._heard(shares, progress):
            for number, record in self._trained(specs, waiting):
                elapsed = time.monotonic() - begun
                results[number] = Finished(specs[number], record, elapsed)
                kept.elapsed[record.key] = elapsed
                stage_trials.keep(self.work, stage, kept)
                shares[record.key] = 1.0
                finished(number, record, elapsed)
        return [results[number] for number in range(len(specs))]

    def _trained(self, specs: Sequence[TrialSpec], numbers: Sequence[int]) -> Iterator[tuple[int, TrialRecord]]:
        """The numbered trials as they end. When the time is over, those that run end at a checkpoint first."""
        waiting, running, over = list(reversed(numbers)), dict[Future[Files], int](), self._is_over()
        while running or (waiting and not over):
            while waiting and not over and self._has_room(specs[waiting[-1]], len(running)):
                number = waiting.pop()
                running[self._submit(specs[number])] = number
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number = running.pop(future)
                if (record := self._kept(specs[number], future)) is not None:
                    yield number, record
                over = over or record is None or self._is_over()
        if over:
            raise BudgetSpent

    def _has_room(self, spec: TrialSpec, running: int) -> bool:
        """A cluster queues for itself. A network that trains on all GPUs of this host has them to itself; of others one
        more is handed out than there are devices, so that none waits."""
        return self.cluster is not None or running == 0 or (spec.ranks == 1 and running <= len(self.devices))

    def _submit(self, spec: TrialSpec) -> Future[Files]:
        if self.cluster is not None:
            return self.cluster.submit(ray_cluster.train, spec, inputs_of(spec, self.work))
        with forkserver.interrupts_held():
            return self._started().submit(processes.train, spec)

    def _kept(self, spec: TrialSpec, future: Future[Files]) -> TrialRecord | None:
        """The record of a trial that ended, whose files are in the run folder now; None if its time was over."""
        self.folder(spec).keep(future.result())
        return self.folder(spec).record()

    def _is_over(self) -> bool:
        return self.deadline is not None and time.time() >= self.deadline

    @contextmanager
    def _heard(self, shares: dict[str, float], progress: Callable[[float], None]) -> Iterator[None]:
        """Meanwhile a thread reports the shares that are done, which the workers say."""
        stop = threading.Event()

        def listen() -> None:
            while not stop.wait(POLL_SECONDS):
                while not self._progress.empty():
                    key, share = self._progress.get()
                    if key in shares:  # a late word from the stage before is not this one's progress
                        shares[key] = max(shares[key], share)
                progress(sum(shares.values()) / max(1, len(shares)))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def finished(self, spec: TrialSpec) -> TrialFolder:
        """The folder of a trial that is done; one whose files were lost or damaged since is run again first."""
        if self.folder(spec).record() is None and (self._is_over() or self._kept(spec, self._submit(spec)) is None):
            raise BudgetSpent
        return self.folder(spec)

    def finished_before(self, stage: str) -> list[TrialSpec]:
        """The trials of a stage that are finished and whole, whatever the stage's configuration was."""
        kept = stage_trials.read(self.work, stage)
        return [spec for spec in kept.specs.values() if kept.record(self.trials, spec.key) is not None]

    # ----------------------------------------------------------------------------------------------------- other jobs

    def map(self, job: Callable[[Workplace, T], R], items: Sequence[T]) -> Iterator[R]:
        """The job's result for each item, in order; jobs run in this host's processes."""
        with forkserver.interrupts_held():
            return self._started().map(processes.at_place, [job] * len(items), items)

    def _started(self) -> Executor:
        if self._local is None:
            self._local = processes.local_executor(
                self.devices, self._context, self._progress, self.data_folder, self.tested, self.trials, self.deadline
            )
        return self._local

    def close(self, *, at_once: bool = False) -> None:
        """End the workers: after their trial or its next checkpoint, or `at_once` (a checkpoint is never torn)."""
        if at_once:
            for process in multiprocessing.active_children():
                process.kill()
        for executor in (self._local, self.cluster):
            if executor is not None:
                executor.shutdown(cancel_futures=True)
        self._local = self.cluster = None
