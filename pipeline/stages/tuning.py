"""Stages tune-coarse and tune-fine: the double random search (deck section 4).

The first search draws from wide ranges; the ranges are cut down to what its top trials span; the second draws from
those. What a trial draws depends on its number alone, so any number of workers, and a resumed run, draw the same.

Two policies: the deck's, where every trial trains in full with early stopping; and successive halving (Jamieson and
Talwalkar 2016, arXiv:1502.07943) with restarts, where a trial that goes on to the next rung trains there from the
beginning, so that every accuracy that is compared is the end of a complete schedule.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from rich.console import Console

from artifacts.contract import (
    AugmentationsSummary,
    RangeCut,
    Ranges,
    Recipe,
    SearchSummary,
    TrialResult,
    TrialValues,
)
from pipeline.config import TuningConfig
from pipeline.stages.augmentations import recipe_of_set
from pipeline.stages.context import Context
from pipeline.stages.experiments import train_spec, trial_seed
from pipeline.support.errors import UserError
from pipeline.support.progress import clock
from pipeline.support.seeding import derive
from pipeline.training.trials import TrialRecord, TrialSpec

Search = Literal["coarse", "fine"]


def run_coarse(context: Context) -> None:
    """Write `tuning/coarse.json` and, from its top trials, `tuning/cut.json`."""
    config = context.config.tuning
    summary = _search(context, "coarse", config.ranges, config.coarse_trials)
    context.write(summary, SearchSummary.path("coarse"))
    context.write(cut(summary, config.top_trials))


def run_fine(context: Context) -> None:
    """Write `tuning/fine.json`."""
    summary = _search(context, "fine", context.document(RangeCut).after, context.config.tuning.fine_trials)
    context.write(summary, SearchSummary.path("fine"))


def draw(ranges: Ranges, seed: int) -> TrialValues:
    """One point of the ranges: lr and weight decay log-uniform, momentum uniform, the others from their choices."""
    distributions: dict[str, BaseDistribution] = {
        "lr": FloatDistribution(*ranges.lr, log=True),
        "weight_decay": FloatDistribution(*ranges.weight_decay, log=True),
        "momentum": FloatDistribution(*ranges.momentum),
        "last_layers": CategoricalDistribution(ranges.last_layers),
        "optimizer": CategoricalDistribution(ranges.optimizer),
    }
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed & 0xFFFFFFFF))
    return TrialValues(**study.ask(distributions).params)


def recipe_with(base: Recipe, values: TrialValues) -> Recipe:
    return dataclasses.replace(base, **dataclasses.asdict(values))


def rung_recipe(config: TuningConfig, base: Recipe, rung: int) -> Recipe:
    """The recipe of a rung, counted from 1; under policy `halving` it is run in full, whatever its patience."""
    epochs = config.rung_epochs[rung - 1]
    patience = base.patience if config.policy == "deck" else max(base.patience, epochs)
    return dataclasses.replace(base, epochs=epochs, patience=patience)


def trial_spec(
    context: Context, search: Search, base: Recipe, number: int, values: TrialValues, rung: int
) -> TrialSpec:
    """What a search's trial trains on a rung; each trial has seeds of its own, on each rung another."""
    config = context.config.tuning
    trials = config.coarse_trials if search == "coarse" else config.fine_trials
    return train_spec(
        context,
        recipe_with(rung_recipe(config, base, rung), values),
        trial_seed(context, search, SearchSummary.clock_name(number, rung)),
        train_images=config.train_images,
        trials=config.rung_sizes(trials)[rung - 1],
    )


def cut(coarse: SearchSummary, top: int) -> RangeCut:
    """The ranges that the best `top` trials (deck: the top 3 to 5) span."""
    complete = [trial for trial in coarse.trials if trial.fit is not None]
    best = _best(complete, top)
    values = [trial.values for trial in best]
    after = Ranges(
        lr=(min(v.lr for v in values), max(v.lr for v in values)),
        weight_decay=(min(v.weight_decay for v in values), max(v.weight_decay for v in values)),
        momentum=(min(v.momentum for v in values), max(v.momentum for v in values)),
        last_layers=tuple(sorted({v.last_layers for v in values})),
        optimizer=tuple(sorted({v.optimizer for v in values})),
    )
    return RangeCut(top_trials=tuple(trial.number for trial in best), before=coarse.ranges, after=after)


def _best(trials: Iterable[TrialResult], count: int) -> list[TrialResult]:
    """The trials that rank first, best first; of equal ones the earlier."""
    return sorted(trials, key=lambda trial: trial.rank, reverse=True)[:count]


def _search(context: Context, search: Search, ranges: Ranges, count: int) -> SearchSummary:
    config = context.config.tuning
    base = recipe_of_set(config.recipe, context.document(AugmentationsSummary).best)
    drawn = [draw(ranges, derive(context.config.seed, search, "values", number)) for number in range(count)]
    trials = _run_rung(context, search, base, [TrialResult(n, values, None) for n, values in enumerate(drawn)], 1)
    for rung, size in enumerate(config.rung_sizes(count)[1:], start=2):
        ahead = _best((trial for trial in trials if trial.fit is not None and trial.rung == rung - 1), size)
        if not ahead:
            break
        advanced = {trial.number: trial for trial in _run_rung(context, search, base, ahead, rung)}
        trials = [advanced.get(trial.number, trial) for trial in trials]
    best = max(trials, key=lambda trial: trial.rank)
    if best.fit is None:
        raise UserError(f"All {count} trials of the {search} search diverged: lower the lr range in the profile.")
    return SearchSummary(
        search=search,
        policy=config.policy,
        recipe=rung_recipe(config, base, len(config.rung_epochs)),
        train_images=min(config.train_images, len(context.split.train)),
        validation_images=len(context.validated),
        ranges=ranges,
        trials=tuple(trials),
        best=best.number,
        rungs=config.rungs if config.policy == "halving" else (),
    )


def _run_rung(
    context: Context, search: Search, base: Recipe, entered: Sequence[TrialResult], rung: int
) -> list[TrialResult]:
    """Train the trials for a rung's epochs, from the beginning; what they are then."""
    specs = [trial_spec(context, search, base, trial.number, trial.values, rung) for trial in entered]
    names = [SearchSummary.clock_name(trial.number, rung) for trial in entered]
    title = _rung_title(context.config.tuning, rung)
    log = _Log(context.console, entered, title)
    finished = context.run_trials(specs, names, log, title=title)
    return [after_rung(trial, result.record) for trial, result in zip(entered, finished, strict=True)]


def after_rung(trial: TrialResult, record: TrialRecord) -> TrialResult:
    """The trial with another rung's outcome; the fit that it had is kept as an earlier one."""
    earlier = (*trial.earlier, trial.fit) if trial.fit else ()
    return dataclasses.replace(trial, fit=record.fit, reason=record.reason, earlier=earlier)


def _rung_title(config: TuningConfig, rung: int) -> str:
    if config.policy == "deck":
        return ""
    return f", rung {rung} of {len(config.rungs)}, epochs {config.rungs[rung - 1]}"


class _Log:
    """What a person reads while a rung runs, in the deck's form: trial, its time, total elapsed, its values beside the
    rung's best trial's, and the next trial's values."""

    def __init__(self, console: Console, entered: Sequence[TrialResult], title: str) -> None:
        self.console = console
        self.entered = entered
        self.title = title
        self.best: tuple[float, int] = (-1.0, 0)  # accuracy, and the position backwards: the earlier of equals leads
        self.done = 0

    def __call__(self, position: int, record: TrialRecord, elapsed: float) -> None:
        self.done += 1
        trial, count = self.entered[position], len(self.entered)
        if record.fit is not None:
            self.best = max(self.best, (record.fit.highest_val_accuracy, -position))
        lines = [
            f"  trial #{trial.number} ({self.done} of {count}{self.title}): {clock(record.seconds)}, "
            f"elapsed {clock(elapsed)}",
            f"    this  {_text(trial.values)}  {self._result(record)}",
        ]
        if self.best[0] >= 0:
            best = self.entered[-self.best[1]]
            lines.append(f"    best  {_text(best.values)}  {self.best[0]:.2%} (#{best.number})")
        if position + 1 < count:
            lines.append(f"    next  {_text(self.entered[position + 1].values)}")
        self.console.print("\n".join(lines), highlight=False, markup=False)

    def _result(self, record: TrialRecord) -> str:
        if record.fit is None:
            return record.reason
        return f"{record.fit.highest_val_accuracy:.2%} in epoch {record.fit.best_epoch}"


def _text(v: TrialValues) -> str:
    return f"[{v.lr:.5f}, {v.weight_decay:.6f}, {v.momentum:.3f}, {v.last_layers}, {v.optimizer:>3}]"
