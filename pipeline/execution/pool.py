"""Runs a stage's trials: queued in the run's storage, executed by this host's crew and, with a server, by other hosts'.

The storage is the queue and the lease; what is trained lies in the run folder, which other hosts must see too. The
run's own process (`Pool`) queues and collects; a further host (`Helper`) claims, trains and says that it is alive.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage

from artifacts import store
from pipeline import board
from pipeline.board import Board, Claim, Finished, Heartbeats, StageBoard, finished_specs
from pipeline.execution.processes import Crew, device_names
from pipeline.storage import Server, StorageLost, open_file
from pipeline.support.errors import BudgetSpent, UserError
from pipeline.training.trials import TrialFolder, TrialRecord, TrialSpec

Listener = Callable[[int, TrialRecord, float], None]
POLL_SECONDS = 1.0  # how often a host looks at what other hosts did
MARK = "shared-by"  # the file of the run folder by which other hosts know that it is the same one


def threads_for(trials: int) -> int:
    """CPU threads a trial gets, of all there are, in a stage of that many trials."""
    cores = len(os.sched_getaffinity(0))
    return max(1, cores // max(1, min(len(device_names()), trials)))


class Desk:
    """The trials that this process has claimed and its crew trains; every `interval` seconds it says so.

    Without an interval no other host could train them, so one is claimed ahead: no device waits for the storage.
    """

    def __init__(self, crew: Crew, storage: RDBStorage, interval: float | None) -> None:
        self.crew = crew
        self.places = len(crew.devices) + (interval is None)
        self.running: dict[Future[TrialRecord], Claim] = {}
        self.heartbeats = Heartbeats(storage, interval or 0.0)
        if interval is not None:
            self.heartbeats.start()

    @property
    def free(self) -> int:
        return self.places - sum(claim.spec.ranks for claim in self.running.values())

    def start(self, claim: Claim) -> None:
        self.running[self.crew.submit(claim.spec)] = claim
        self._tell_heartbeats()

    def wait(self, seconds: float | None) -> None:
        """Wait until a trial ends, or for that long, and put what has ended into the storage."""
        if not self.running:
            time.sleep(POLL_SECONDS)
            return
        for future in wait(self.running, timeout=seconds, return_when=FIRST_COMPLETED).done:
            record = future.result()
            claim = self.running.pop(future)
            claim.board.finish(claim, record)
        self._tell_heartbeats()

    def clear(self) -> None:
        """Hand back what is still running; after this the process is about to end."""
        self.heartbeats.stop()
        for claim in self.running.values():
            with suppress(*StorageLost):
                claim.board.fail(claim.trial_id)
        self.running.clear()

    def _tell_heartbeats(self) -> None:
        self.heartbeats.trials = frozenset(claim.trial_id for claim in self.running.values())


class Pool(Crew):
    """The run's own crew and the queue of its trials; with a `server`, other hosts take trials from it too."""

    def __init__(
        self, work: Path, data_folder: Path, tested: int, deadline: float | None, server: Server | None = None
    ) -> None:
        super().__init__(work, data_folder, tested, deadline)
        self.server = server
        work.mkdir(parents=True, exist_ok=True)
        self.run_name = work.parent.name
        self.storage = server.open() if server else open_file(work / "trials.db")
        if server:
            mark = work / MARK
            if not mark.exists():
                store.write_atomic(mark, uuid.uuid4().hex.encode())
            run = optuna.create_study(storage=self.storage, study_name=self.run_name, load_if_exists=True)
            facts = {"mark": mark.read_text(encoding="utf-8"), "interval": server.interval, "ended": False}
            for name, fact in facts.items():  # `ended` last: it lets other hosts in
                run.set_user_attr(name, fact)

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
        queue = StageBoard(self.storage, self._study(stage), specs, labels, self.folder, shared=self.server is not None)
        shares = {spec.key: 0.0 for spec in specs}
        stop = threading.Event()
        reader = threading.Thread(target=self._read_shares, args=(shares, progress, stop), daemon=True)
        reader.start()
        desk = Desk(self, self.storage, self.server.interval if self.server else None)
        try:
            return self._drain(desk, queue, shares, finished)
        finally:
            desk.clear()
            stop.set()
            reader.join()

    def _drain(self, desk: Desk, queue: StageBoard, shares: dict[str, float], finished: Listener) -> list[Finished]:
        results = dict(queue.collect({}))
        shares.update((result.spec.key, 1.0) for result in results.values())
        while len(results) < len(queue.specs):
            self.check_budget()
            queue.tend(results)
            while desk.free and (claim := queue.claim(desk.free)) is not None:
                desk.start(claim)
            desk.wait(POLL_SECONDS if self.server else None)
            for number, result in list(queue.collect(results)):
                results[number] = result
                shares[result.spec.key] = 1.0
                finished(number, result.record, result.elapsed)
        return [results[number] for number in range(len(queue.specs))]

    def _read_shares(self, shares: dict[str, float], progress: Callable[[float], None], stop: threading.Event) -> None:
        while not stop.wait(0.2):
            for key, share in self.shares():
                if key in shares:  # a late word from the stage before is not this one's progress
                    shares[key] = share
            progress(sum(shares.values()) / len(shares))

    def finished_before(self, stage: str) -> list[TrialSpec]:
        """The trials of a stage that are finished and whole, whatever the stage's configuration was."""
        specs = {spec.key: spec for spec in finished_specs(self.storage, self._study(stage))}
        return [spec for spec in specs.values() if self.folder(spec).record() is not None]

    def _study(self, stage: str) -> str:
        """The stage's name in the storage, which several runs share where it is a server."""
        return f"{self.run_name}/{stage}" if self.server else stage

    def finished(self, spec: TrialSpec) -> TrialFolder:
        """The folder of a trial that is done; one whose files were lost or damaged since is run again first."""
        if self.folder(spec).record() is None:
            self.check_budget()
            self.submit(spec).result()
        return self.folder(spec)

    def check_budget(self) -> None:
        if self.deadline is not None and time.time() >= self.deadline:
            raise BudgetSpent

    def end(self) -> None:
        """Tell other hosts that the run is over."""
        if self.server:
            optuna.load_study(storage=self.storage, study_name=self.run_name).set_user_attr("ended", True)


class Helper:
    """A further host of a run: claims trials of all its stages, until the run is over or nothing came for `idle` s."""

    def __init__(self, crew: Crew, server: Server, run_name: str, data_sha256: str, say: Callable[[str], None]) -> None:
        self.crew = crew
        self.storage = server.open()
        self.run_name = run_name
        self.data_sha256 = data_sha256
        self.say = say
        self.host = f"{socket.gethostname()}, process {os.getpid()}"

    def serve(self, idle: float) -> str:
        """Train what there is; the result says why it ended."""
        facts = self._join(idle)
        if facts is None:
            return f"no run of that name was at work for {idle:g} seconds"
        desk = Desk(self.crew, self.storage, facts["interval"])
        busy = time.monotonic()
        try:
            while not self._facts().get("ended"):
                while desk.free and (claim := self._claim(desk.free)) is not None:
                    self.say(f"{claim.board.study.study_name}: trial {claim.spec.key}")
                    desk.start(claim)
                desk.wait(POLL_SECONDS)
                if desk.running:
                    busy = time.monotonic()
                elif time.monotonic() - busy > idle:
                    return f"no trial came for {idle:g} seconds"
            return "the run is over"
        except BaseException:
            self.crew.close(at_once=True)  # before the trials are handed back, or two hosts would train them
            raise
        finally:
            desk.clear()
            self.crew.close()

    def _join(self, idle: float) -> Mapping[str, Any] | None:
        """Wait for the run to be at work; UserError if its folder is not the one that this host sees."""
        begun, opened = time.monotonic(), None
        while time.monotonic() - begun < idle:
            facts = self._facts()
            if facts.get("ended") is False:
                opened = opened or time.monotonic()
                with suppress(OSError):
                    if (self.crew.work / MARK).read_text(encoding="utf-8") == facts["mark"]:
                        return facts
                if time.monotonic() - opened > board.FILES_SECONDS:
                    raise UserError(
                        f"The run folder {self.crew.work.parent} is not the one that run-all works in: "
                        "both hosts must see the same folder, on a network file system."
                    )
            time.sleep(POLL_SECONDS)
        return None

    def _facts(self) -> Mapping[str, Any]:
        """What the run's own process says of the run; nothing if it was never started."""
        if self.run_name not in optuna.get_all_study_names(self.storage):
            return {}
        return optuna.load_study(storage=self.storage, study_name=self.run_name).user_attrs

    def _claim(self, devices: int) -> Claim | None:
        for name in optuna.get_all_study_names(self.storage):
            if not name.startswith(f"{self.run_name}/"):
                continue
            stage = Board(self.storage, optuna.load_study(storage=self.storage, study_name=name), self.host)
            if (claim := stage.claim(devices)) is not None:
                if claim.spec.data_sha256 != self.data_sha256:
                    stage.fail(claim.trial_id)
                    raise UserError("The run trains on other data than this host has: give the same --data FOLDER.")
                return claim
        return None
