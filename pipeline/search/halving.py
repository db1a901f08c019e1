"""Successive halving with restarts (Jamieson and Talwalkar 2016, arXiv:1502.07943): which trials go on to a rung.

Optuna's SuccessiveHalvingPruner decides while a trial trains whether it continues. Here a promoted trial starts again
from new weights and completes a longer annealed schedule, so every accuracy compared is the end of a full schedule.
"""

import dataclasses
from collections.abc import Iterable, Sequence

from artifacts.contract import Recipe, TrialResult
from pipeline.config import TuningConfig
from pipeline.training.trial_folder import TrialRecord


def best_trials(trials: Iterable[TrialResult], count: int) -> list[TrialResult]:
    """The `count` trials that rank first, best first; of equal ones the earlier."""
    return sorted(trials, key=lambda trial: trial.rank, reverse=True)[:count]


def promoted(trials: Sequence[TrialResult], rung: int, size: int) -> list[TrialResult]:
    """The trials that go on to `rung`: the best `size` of those that finished the rung below; none if all failed."""
    return best_trials((trial for trial in trials if trial.fit is not None and trial.rung == rung - 1), size)


def after_rung(trial: TrialResult, record: TrialRecord) -> TrialResult:
    """The trial with another rung's outcome; the fit that it had is kept as an earlier one."""
    earlier = (*trial.earlier, trial.fit) if trial.fit else ()
    return dataclasses.replace(trial, fit=record.fit, reason=record.reason, earlier=earlier)


def rung_recipe(config: TuningConfig, base: Recipe, rung: int) -> Recipe:
    """The recipe of a rung, counted from 1; policy `halving` has no early stopping."""
    epochs = config.rung_epochs[rung - 1]
    patience = base.patience if config.policy == "deck" else max(base.patience, epochs)
    return dataclasses.replace(base, epochs=epochs, patience=patience)
