"""Stages tune-coarse and tune-fine: the double random search (deck section 4).

The first search draws from wide ranges; the ranges are cut down to what its top trials span; the second draws from
those. What a trial draws depends on its number alone, so any number of workers, and a resumed run, draw the same.
"""

from __future__ import annotations

import dataclasses
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
from pipeline.context import Context
from pipeline.errors import UserError
from pipeline.progress import clock
from pipeline.seeding import derive
from pipeline.stages.augmentations import recipe_of_set
from pipeline.stages.experiments import train_spec, trial_seed
from pipeline.trials import TrialRecord, TrialSpec

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


def trial_spec(context: Context, search: str, base: Recipe, number: int, values: TrialValues) -> TrialSpec:
    """What a search's trial trains; each has a seed of its own."""
    config = context.config.tuning
    return train_spec(
        context,
        recipe_with(base, values),
        trial_seed(context, search, number),
        train_images=config.train_images,
        trials=config.coarse_trials if search == "coarse" else config.fine_trials,
    )


def cut(coarse: SearchSummary, top: int) -> RangeCut:
    """The ranges that the best `top` trials (deck: the top 3 to 5) span."""
    complete = [trial for trial in coarse.trials if trial.fit is not None]
    best = sorted(complete, key=_accuracy, reverse=True)[:top]
    values = [trial.values for trial in best]
    after = Ranges(
        lr=(min(v.lr for v in values), max(v.lr for v in values)),
        weight_decay=(min(v.weight_decay for v in values), max(v.weight_decay for v in values)),
        momentum=(min(v.momentum for v in values), max(v.momentum for v in values)),
        last_layers=tuple(sorted({v.last_layers for v in values})),
        optimizer=tuple(sorted({v.optimizer for v in values})),
    )
    return RangeCut(top_trials=tuple(trial.number for trial in best), before=coarse.ranges, after=after)


def _accuracy(trial: TrialResult) -> float:
    return trial.fit.highest_val_accuracy if trial.fit else -1.0


def _search(context: Context, search: Search, ranges: Ranges, count: int) -> SearchSummary:
    config = context.config.tuning
    base = recipe_of_set(config.recipe, context.document(AugmentationsSummary).best)
    drawn = [draw(ranges, derive(context.config.seed, search, "values", number)) for number in range(count)]
    specs = [trial_spec(context, search, base, number, values) for number, values in enumerate(drawn)]
    log = _Log(context.console, drawn)
    finished = context.run_trials(specs, [str(number) for number in range(count)], log)
    trials = tuple(
        TrialResult(number, values, result.record.fit, result.record.reason)
        for number, (values, result) in enumerate(zip(drawn, finished, strict=True))
    )
    best = max(trials, key=_accuracy)
    if best.fit is None:
        raise UserError(f"All {count} trials of the {search} search diverged: lower the lr range in the profile.")
    images = min(config.train_images, len(context.split.train))
    return SearchSummary(search, "deck", base, images, len(context.validated), ranges, trials, best.number)


class _Log:
    """What a person reads while a search runs, in the deck's form: trial, its time, total elapsed, its values beside
    the best trial's, and the next trial's values."""

    def __init__(self, console: Console, drawn: list[TrialValues]) -> None:
        self.console = console
        self.drawn = drawn
        self.best: tuple[float, int] = (-1.0, -1)
        self.done = 0

    def __call__(self, number: int, record: TrialRecord, elapsed: float) -> None:
        self.done += 1
        if record.fit is not None:
            self.best = max(self.best, (record.fit.highest_val_accuracy, number))
        lines = [
            f"  trial #{number} ({self.done} of {len(self.drawn)}): {clock(record.seconds)}, elapsed {clock(elapsed)}",
            f"    this  {_text(self.drawn[number])}  {self._result(record)}",
        ]
        if self.best[1] >= 0:
            lines.append(f"    best  {_text(self.drawn[self.best[1]])}  {self.best[0]:.2%} (#{self.best[1]})")
        if number + 1 < len(self.drawn):
            lines.append(f"    next  {_text(self.drawn[number + 1])}")
        self.console.print("\n".join(lines), highlight=False, markup=False)

    def _result(self, record: TrialRecord) -> str:
        if record.fit is None:
            return record.reason
        return f"{record.fit.highest_val_accuracy:.2%} in epoch {record.fit.best_epoch}"


def _text(v: TrialValues) -> str:
    return f"[{v.lr:.5f}, {v.weight_decay:.6f}, {v.momentum:.3f}, {v.last_layers}, {v.optimizer:>3}]"
