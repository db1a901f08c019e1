"""Shared by the stages that train networks: trial specs from a recipe, and the fits of finished trials."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from artifacts.contract import Fit, Question, Recipe, Variant
from pipeline.execution.pool import Finished, threads_for
from pipeline.stages.context import Context
from pipeline.support.errors import UserError
from pipeline.support.seeding import derive
from pipeline.support.statistics import accuracy_spread, compare
from pipeline.training.trials import Fold, TrialSpec


def trial_of(
    context: Context,
    recipe: Recipe,
    seed: int,
    *,
    train_images: int,
    trials: int,
    part: Literal["train", "all"] = "train",
    fold: Fold | None = None,
    ranks: int = 1,
) -> TrialSpec:
    """Return one of that many trials of a stage: on the train part, judged on the validation part, or on both."""
    return TrialSpec(
        recipe=recipe,
        seed=seed,
        part=part,
        train_images=train_images,
        split=context.config.split,
        data_sha256=context.dataset.fingerprint,
        threads=threads_for(trials),
        fold=fold,
        ranks=ranks,
    )


def seeds(context: Context, count: int) -> list[int]:
    """Return the run's seeds: small numbers, the same for every variant (paired)."""
    return [context.config.seed + number for number in range(count)]


def trial_seed(context: Context, search: str, training: str) -> int:
    """Return a separate seed for each training of a search, so that no draw is lucky twice; 31 bits to be readable."""
    return derive(context.config.seed, search, training) & 0x7FFFFFFF


def fits_of(results: Sequence[Finished]) -> tuple[Fit, ...]:
    """Return the fits of trials that must all have succeeded; UserError with the reason if one diverged."""
    for result in results:
        if result.record.fit is None:
            raise UserError(f"A network of the study did not train: {result.record.reason} Lower the lr in its recipe.")
    return tuple(result.record.fit for result in results if result.record.fit is not None)


def variant(name: str, recipe: Recipe, results: Sequence[Finished]) -> Variant:
    """Return a question's variant with the fits of its trials, one a seed."""
    fits = fits_of(results)
    return Variant(name, recipe, fits, accuracy_spread(fits))


def question(key: str, text: str, variants: Sequence[Variant]) -> Question:
    """Return the question with its answer: each other variant compared with the first."""
    return Question(key, text, tuple(variants), tuple(compare(variants[0], other) for other in variants[1:]))


def whole(recipe: Recipe) -> Recipe:
    """Return the recipe without early stopping."""
    return dataclasses.replace(recipe, patience=recipe.epochs)
