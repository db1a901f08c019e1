"""A stage's queue of trials as an Optuna study: what waits, runs and is done. Trials are known by their key.

The run's own process (`StageBoard`) queues trials, takes dead hosts' trials back and collects results; it alone does,
so each death leads to one trial more and no trial is queued twice. Any host (`Board`) claims trials, which the storage
grants to one of them, and says while it trains that it is alive.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage, fail_stale_trials
from optuna.trial import FrozenTrial, TrialState

from artifacts import store
from artifacts.contract import ArtifactError
from pipeline.storage import StorageLost
from pipeline.support.errors import UserError
from pipeline.training.trials import TrialFolder, TrialRecord, TrialSpec

OWN = "coordinator"  # the host of trials that the run's own process claims
FILES_SECONDS = 70.0  # a network file system may show another host's files this late


@dataclass(frozen=True)
class Finished:
    """One trial of a stage: its record, and the stage's seconds of work when it ended (pauses left out)."""

    spec: TrialSpec
    record: TrialRecord
    elapsed: float


@dataclass(frozen=True)
class Claim:
    """A trial that this process may train."""

    board: Board
    trial_id: int
    spec: TrialSpec


class Board:
    """One stage's study, as any host sees it. `host` names the process in the trials that it claims."""

    def __init__(self, storage: RDBStorage, study: optuna.Study, host: str) -> None:
        self.storage = storage
        self.study = study
        self.host = host

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=states)

    def claim(self, devices: int) -> Claim | None:
        """The first trial that waits and needs no more than that many devices, now this process's; None if none is."""
        for trial in self.trials(TrialState.WAITING):
            spec = self.spec(trial)
            if spec.ranks <= devices and self._taken(trial):
                self.storage.set_trial_user_attr(trial._trial_id, "host", self.host)
                if self.storage.get_heartbeat_interval() is not None:
                    self.storage.record_heartbeat(trial._trial_id)
                return Claim(self, trial._trial_id, spec)
        return None

    def spec(self, trial: FrozenTrial) -> TrialSpec:
        """What to train, from the storage; UserError if this program would not train the same."""
        spec = store.decode(TrialSpec, trial.user_attrs["spec"].encode(), source="a trial of the storage")
        if spec.key != trial.user_attrs["key"]:
            raise UserError("The run was started by another version of this program: install the same one here.")
        return spec

    def _taken(self, trial: FrozenTrial) -> bool:
        """Whether the storage gave the trial to this process and to no other."""
        try:
            return self.storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
        except UpdateFinishedTrialError:
            return False

    def finish(self, claim: Claim, record: TrialRecord) -> None:
        """A diverged trial is complete too: its value is 0, its reason stands beside it."""
        facts = {"seconds": record.seconds, "elapsed": max(0.0, time.time() - self.study.user_attrs["begun"])}
        if record.reason:
            facts["reason"] = record.reason
        value = record.fit.highest_val_accuracy if record.fit else 0.0
        with suppress(UpdateFinishedTrialError):  # taken for dead; the record lies on disk all the same, to be found
            for name, fact in facts.items():
                self.storage.set_trial_user_attr(claim.trial_id, name, fact)
            self.storage.set_trial_state_values(claim.trial_id, TrialState.COMPLETE, [value])

    def fail(self, trial_id: int) -> None:
        """Hand a trial back: the run's own process will queue it again."""
        with suppress(UpdateFinishedTrialError):
            self.storage.set_trial_state_values(trial_id, TrialState.FAIL)


def finished_specs(storage: RDBStorage, name: str) -> list[TrialSpec]:
    """What a study of that name has on record as finished; nothing if there is none. Other versions' are left out."""
    specs = []
    if name in optuna.get_all_study_names(storage):
        study = optuna.load_study(storage=storage, study_name=name)
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            with suppress(ArtifactError, KeyError):
                specs.append(store.decode(TrialSpec, trial.user_attrs["spec"].encode(), source="a trial"))
    return specs


class StageBoard(Board):
    """The queue of one stage, as the run's own process keeps it. With `shared`, other hosts claim trials too."""

    def __init__(
        self,
        storage: RDBStorage,
        name: str,
        specs: Sequence[TrialSpec],
        labels: Sequence[dict[str, str]],
        folder: Callable[[TrialSpec], TrialFolder],
        *,
        shared: bool,
    ) -> None:
        study = optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
        super().__init__(storage, study, OWN)
        self.specs, self.labels, self.folder, self.shared = specs, labels, folder, shared
        self.numbers = {spec.key: number for number, spec in enumerate(specs)}
        self._watched: set[int] = set()
        self._unseen: dict[str, float] = {}
        self._withdraw()
        before = [trial.user_attrs["elapsed"] for trial in self._own(TrialState.COMPLETE)]
        study.set_user_attr("begun", time.time() - max(before, default=0.0))

    def _own(self, *states: TrialState) -> list[FrozenTrial]:
        """The study's trials of these states that belong to this stage as it is now configured."""
        return [trial for trial in self.trials(*states) if trial.user_attrs.get("key") in self.numbers]

    def _withdraw(self) -> None:
        """Fail what an earlier configuration queued, and what an owner that died was training."""
        for trial in self.trials(TrialState.WAITING):
            if trial.user_attrs.get("key") not in self.numbers:
                self.fail(trial._trial_id)
        for trial in self.trials(TrialState.RUNNING):
            if not self.shared or trial.user_attrs.get("host") == OWN:
                self.fail(trial._trial_id)

    def spec(self, trial: FrozenTrial) -> TrialSpec:
        return self.specs[self.numbers[trial.user_attrs["key"]]]

    def collect(self, known: dict[int, Finished]) -> Iterator[tuple[int, Finished]]:
        """Trials that are finished and not yet `known`, those before this process among them."""
        for trial in self._own(TrialState.COMPLETE):
            number = self.numbers[trial.user_attrs["key"]]
            if number not in known and (record := self.folder(self.specs[number]).record()) is not None:
                yield number, Finished(self.specs[number], record, trial.user_attrs["elapsed"])

    def tend(self, known: dict[int, Finished]) -> None:
        """Take the trials of dead hosts back, and queue what is neither `known` nor waiting nor running."""
        if self.shared:
            for trial in self.trials(TrialState.RUNNING):
                if trial._trial_id not in self._watched:  # its host may have died before its first sign of life
                    self._watched.add(trial._trial_id)
                    self.storage.record_heartbeat(trial._trial_id)
            fail_stale_trials(self.study)
        own = self._own(TrialState.WAITING, TrialState.RUNNING, TrialState.COMPLETE)
        done = {trial.user_attrs["key"] for trial in own if trial.state == TrialState.COMPLETE}
        alive = {trial.user_attrs["key"] for trial in own if trial.state != TrialState.COMPLETE}
        for number, spec in enumerate(self.specs):
            if number in known or spec.key in alive or (spec.key in done and self._may_appear(spec.key)):
                continue
            self._unseen.pop(spec.key, None)
            attributes = {"key": spec.key, "spec": store.encode(spec).decode(), **self.labels[number]}
            self.study.enqueue_trial({}, user_attrs=attributes)

    def _may_appear(self, key: str) -> bool:
        """Whether a finished trial's files, not there yet, may still come: another host wrote them."""
        first = self._unseen.setdefault(key, time.monotonic())
        return self.shared and time.monotonic() - first < FILES_SECONDS


class Heartbeats(threading.Thread):
    """Says every `interval` seconds for each claimed trial that its host is alive."""

    def __init__(self, storage: RDBStorage, interval: float) -> None:
        super().__init__(daemon=True)
        self.storage = storage
        self.interval = interval
        self.trials: frozenset[int] = frozenset()  # replaced as a whole, never changed in place
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self.interval):
            for trial_id in self.trials:
                try:
                    self.storage.record_heartbeat(trial_id)
                except StorageLost:
                    break  # the main thread meets the storage every second and says so

    def stop(self) -> None:
        self._stopped.set()
