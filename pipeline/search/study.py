"""A search as an Optuna study, for optuna-dashboard and optuna.visualization.

A trial is PRUNED when it leaves at a rung, COMPLETE when it finishes the last one, and FAIL, with the reason as a user
attribute, when it diverges. Intermediate values are the validation accuracies, one an epoch, counted over all rungs.
The study is derived from the trials' records on disk: everything here can be repeated, so a killed run loses nothing.
"""

import dataclasses
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import optuna
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial

from artifacts.contract import ArtifactError, SearchSummary, TrialResult
from artifacts.store import Run
from pipeline.search import storage
from pipeline.search.spaces import distributions
from pipeline.support.errors import UserError

FINGERPRINT = "fingerprint"


class SearchStudy:
    """The study of one search; trial `number` of the search is trial `number` of the study."""

    def __init__(self, storage: RDBStorage, name: str, search: SearchSummary, fingerprint: str) -> None:
        """Open the study `name`, or create it with all trials of `search` as RUNNING.

        A study of another `fingerprint` (the stage's, in the manifest) is of other settings: it is replaced, but on a
        server, where it may be somebody else's, it is a UserError.
        """
        self.storage = storage
        self.last_rung = max(1, len(search.rungs))
        self.study = self._created(name, fingerprint)
        space = distributions(search.ranges)
        # Added with all their values in one transaction; `ask` would write each value in one of its own.
        for trial in search.trials[len(self.study.get_trials(deepcopy=False)) :]:
            params = dataclasses.asdict(trial.values)
            self.study.add_trial(create_trial(state=TrialState.RUNNING, params=params, distributions=space))
        facts = {"policy": search.policy, "rungs": search.rungs, "train_images": search.train_images}
        for key, value in {**facts, "recipe": dataclasses.asdict(search.recipe)}.items():
            self.study.set_user_attr(key, value)

    def _created(self, name: str, fingerprint: str) -> optuna.Study:
        with suppress(KeyError):
            study = optuna.load_study(study_name=name, storage=self.storage)
            if study.user_attrs.get(FINGERPRINT) == fingerprint:
                return study
            if study.trials and self.storage.engine.name != "sqlite":
                raise UserError(
                    f"The storage has another study {name!r}: choose another --run, or delete the study with optuna."
                )
            optuna.delete_study(study_name=name, storage=self.storage)
        study = optuna.create_study(study_name=name, storage=self.storage, direction="maximize")
        study.set_user_attr(FINGERPRINT, fingerprint)
        return study

    def report(self, trial: TrialResult) -> None:
        """Record every epoch that the trial trained for, on all rungs so far; a trial that diverged is FAIL."""
        stored = self.study.get_trials(deepcopy=False)[trial.number]
        if stored.state.is_finished():
            return
        fits = (*trial.earlier, *([trial.fit] if trial.fit else []))
        accuracies = [accuracy for fit in fits for accuracy in fit.curves.val_accuracy]
        for step, accuracy in enumerate(accuracies, start=1):
            if step not in stored.intermediate_values:
                self.storage.set_trial_intermediate_value(stored._trial_id, step, accuracy)
        if trial.fit is None:
            self.storage.set_trial_user_attr(stored._trial_id, "reason", trial.reason)
            self.study.tell(trial.number, state=TrialState.FAIL)

    def finish(self, trials: Iterable[TrialResult]) -> None:
        """Tell the study of trials that train no further: COMPLETE after the last rung, PRUNED after an earlier one."""
        for trial in trials:
            self.report(trial)
            if trial.fit is None:
                continue
            if trial.rung == self.last_rung:
                self.study.tell(trial.number, trial.fit.highest_val_accuracy, skip_if_finished=True)
            else:
                self.study.tell(trial.number, state=TrialState.PRUNED, skip_if_finished=True)


def write_file(run: Run, target: Path) -> int:
    """Write the searches of a finished run to a new SQLite file, as its own trials.db has them; how many trials.

    UserError if the file exists, ArtifactError if the run has no search.
    """
    if target.exists():
        raise UserError(f"{target} exists: choose another file, or delete it first.")
    paths = [path for path in map(SearchSummary.path, ("coarse", "fine")) if run.has(path)]
    searches = [run.document(SearchSummary, path) for path in paths]
    if not searches:
        raise ArtifactError("The run has no search: make one with `python -m pipeline tune-fine`.")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".optuna-") as folder:
        file = Path(folder) / storage.FILE
        with storage.opened(file) as database:
            for search in searches:
                stage = run.manifest.stages.get(f"tune-{search.search}")
                fingerprint = stage.fingerprint if stage else ""
                SearchStudy(database, search.search, search, fingerprint).finish(search.trials)
        file.rename(target)
    return sum(len(search.trials) for search in searches)
