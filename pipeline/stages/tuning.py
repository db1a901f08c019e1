"""Stages tune-coarse, tune-fine and importances: the double random search (deck section 4).

The first search draws from wide ranges; the ranges are cut down to what its top trials span; the second draws from
those. What a trial draws depends on its number alone, so any number of workers, and a resumed run, draw the same.

Two policies: the deck's, where every trial trains in full with early stopping; and successive halving with restarts
(`pipeline.search.halving`). Both searches are recorded as Optuna studies (`pipeline.search.study`).
"""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from artifacts.contract import (
    AugmentationsSummary,
    ImportancesSummary,
    RangeCut,
    Ranges,
    Recipe,
    SearchImportances,
    SearchSummary,
    TrialResult,
    TrialValues,
)
from pipeline.config import TuningConfig
from pipeline.search import storage
from pipeline.search.halving import after_rung, promoted, rung_recipe
from pipeline.search.importances import importances
from pipeline.search.log import SearchLog
from pipeline.search.spaces import cut, draw
from pipeline.search.study import SearchStudy
from pipeline.stages.augmentations import recipe_of_set
from pipeline.stages.context import Context
from pipeline.stages.experiments import trial_of, trial_seed
from pipeline.support.errors import UserError
from pipeline.support.seeding import derive
from pipeline.training.trial_folder import TrialRecord
from pipeline.training.trials import TrialSpec, Workplace

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


def run_importances(context: Context) -> None:
    """Write `tuning/importances.json`, from both searches' trials."""
    context.write(ImportancesSummary(tuple(context.pool.map(_importances, searches(context)))))


def searches(context: Context) -> list[SearchSummary]:
    """Both searches, as their stages wrote them."""
    return [context.document(SearchSummary, SearchSummary.path(name)) for name in ("coarse", "fine")]


def _importances(place: Workplace, search: SearchSummary) -> SearchImportances:
    return importances(search)


def recipe_with(base: Recipe, values: TrialValues) -> Recipe:
    return dataclasses.replace(base, **dataclasses.asdict(values))


def trial_spec(
    context: Context, search: Search, base: Recipe, number: int, values: TrialValues, rung: int
) -> TrialSpec:
    """What a search's trial trains on a rung; each trial has seeds of its own, on each rung another."""
    config = context.config.tuning
    trials = config.coarse_trials if search == "coarse" else config.fine_trials
    return trial_of(
        context,
        recipe_with(rung_recipe(config, base, rung), values),
        trial_seed(context, search, SearchSummary.clock_name(number, rung)),
        train_images=config.train_images,
        trials=config.rung_sizes(trials)[rung - 1],
    )


def _search(context: Context, search: Search, ranges: Ranges, count: int) -> SearchSummary:
    """Train the search's trials, rung by rung, and record them in its study."""
    config = context.config.tuning
    base = recipe_of_set(config.recipe, context.document(AugmentationsSummary).best)
    drawn = [draw(ranges, derive(context.config.seed, search, "values", number)) for number in range(count)]
    summary = SearchSummary(
        search=search,
        policy=config.policy,
        recipe=rung_recipe(config, base, len(config.rung_epochs)),
        train_images=min(config.train_images, len(context.split.train)),
        validation_images=len(context.validated),
        ranges=ranges,
        trials=tuple(TrialResult(number, values, None) for number, values in enumerate(drawn)),
        best=0,
        rungs=config.rungs if config.policy == "halving" else (),
    )
    # Several runs may share a server.
    name = f"{context.work.parent.name}/{search}" if context.storage_url else search
    with storage.opened(context.storage_url or context.work / storage.FILE) as database:
        study = SearchStudy(database, name, summary, context.fingerprint)
        trials = _halve(context, search, base, summary.trials, study)
    best = max(trials, key=lambda trial: trial.rank)
    if best.fit is None:
        raise UserError(f"All {count} trials of the {search} search diverged: lower the lr range in the profile.")
    return dataclasses.replace(summary, trials=tuple(trials), best=best.number)


def _halve(
    context: Context, search: Search, base: Recipe, drawn: Sequence[TrialResult], study: SearchStudy
) -> list[TrialResult]:
    """Train all trials on the first rung, and the promoted ones on each further rung; the final state of each trial."""
    trials = {trial.number: trial for trial in drawn}
    ahead = list(drawn)
    for rung, size in enumerate(context.config.tuning.rung_sizes(len(drawn)), start=1):
        if rung > 1:
            ahead = promoted(list(trials.values()), rung, size)
            study.finish(trial for trial in trials.values() if trial not in ahead)
        if not ahead:
            break
        trials |= {trial.number: trial for trial in _run_rung(context, search, base, ahead, rung, study)}
    study.finish(trials.values())
    return list(trials.values())


def _run_rung(
    context: Context, search: Search, base: Recipe, entered: Sequence[TrialResult], rung: int, study: SearchStudy
) -> list[TrialResult]:
    """Train the trials for a rung's epochs, from the beginning; what they are then."""
    specs = [trial_spec(context, search, base, trial.number, trial.values, rung) for trial in entered]
    names = [SearchSummary.clock_name(trial.number, rung) for trial in entered]
    title = _rung_title(context.config.tuning, rung)
    log = SearchLog(context.console, entered, title)

    def heard(position: int, record: TrialRecord, elapsed: float) -> None:
        study.report(after_rung(entered[position], record))
        log(position, record, elapsed)

    finished = context.run_trials(specs, names, heard, title=title)
    return [after_rung(trial, result.record) for trial, result in zip(entered, finished, strict=True)]


def _rung_title(config: TuningConfig, rung: int) -> str:
    if config.policy == "deck":
        return ""
    return f", rung {rung} of {len(config.rungs)}, epochs {config.rungs[rung - 1]}"
