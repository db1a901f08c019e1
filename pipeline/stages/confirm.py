"""Stage confirm: train the best trials of both searches again with new seeds; the best mean goes to `final`.

The top of a large search is biased upward: it is the highest of many figures of one seed each. New seeds give each
candidate an unbiased figure and a spread.
"""

from collections.abc import Sequence

from artifacts.contract import Confirmed, ConfirmSummary, Recipe, SearchSummary, TrialResult, TrialValues
from pipeline.execution.pool import Finished
from pipeline.stages.context import Context
from pipeline.stages.experiments import seeds, trial_of
from pipeline.stages.tuning import recipe_with, searches
from pipeline.support.errors import UserError
from pipeline.support.statistics import accuracy_spread
from pipeline.training.trials import TrialSpec

Candidate = tuple[SearchSummary, TrialResult]


def run(context: Context) -> None:
    """Write `confirm/summary.json`."""
    chosen = candidates(searches(context), context.config.confirm.candidates)
    plan = [(search, trial, seed) for search, trial in chosen for seed in seeds(context, context.config.confirm.seeds)]
    recipe = chosen[0][0].recipe
    specs = [confirm_spec(context, recipe, trial.values, seed) for _, trial, seed in plan]
    names = [f"{search.search} {trial.number}, seed {seed}" for search, trial, seed in plan]
    finished = context.run_trials(specs, names)
    confirmed = tuple(
        confirm(search, trial, [result for (_, other, _), result in zip(plan, finished, strict=True) if other is trial])
        for search, trial in chosen
    )
    context.write(
        ConfirmSummary(
            recipe=recipe,
            train_images=chosen[0][0].train_images,
            validation_images=len(context.validated),
            candidates=confirmed,
            best=_winner(confirmed),
        )
    )


def candidates(searches: Sequence[SearchSummary], count: int) -> list[Candidate]:
    """Return the top trials of both searches, best first; of trials with equal values only the best one."""
    every = [(search, trial) for search in searches for trial in search.trials if trial.fit is not None]
    distinct: dict[TrialValues, Candidate] = {}
    for search, trial in sorted(every, key=lambda pair: pair[1].rank, reverse=True):
        distinct.setdefault(trial.values, (search, trial))
    return list(distinct.values())[:count]


def confirm_spec(context: Context, recipe: Recipe, values: TrialValues, seed: int) -> TrialSpec:
    """Return a candidate's trial: the searches' recipe in full, on the same images, with another seed."""
    config = context.config
    return trial_of(
        context,
        recipe_with(recipe, values),
        seed,
        train_images=config.tuning.train_images,
        trials=config.confirm.candidates * config.confirm.seeds,
    )


def confirm(search: SearchSummary, trial: TrialResult, results: Sequence[Finished]) -> Confirmed:
    """Summarize the candidate's seeds; `reason` is that of the first that failed."""
    assert trial.fit is not None
    fits = tuple(result.record.fit for result in results if result.record.fit is not None)
    return Confirmed(
        search=search.search,
        trial=trial.number,
        values=trial.values,
        search_accuracy=trial.fit.highest_val_accuracy,
        search_epochs=search.rungs[trial.rung - 1] if search.rungs else search.recipe.epochs,
        fits=fits,
        val_accuracy=accuracy_spread(fits) if fits else None,
        reason=next((result.record.reason for result in results if result.record.fit is None), ""),
    )


def _winner(confirmed: Sequence[Confirmed]) -> int:
    """Return the index of the candidate with the highest mean (the first of equal ones), failed ones excluded."""
    means = [each.val_accuracy.mean if each.val_accuracy and not each.reason else -1.0 for each in confirmed]
    best = max(range(len(means)), key=means.__getitem__)
    if means[best] < 0:
        raise UserError(
            f"No candidate of the searches trained with every seed: {confirmed[0].reason} Lower the lr range."
        )
    return best
