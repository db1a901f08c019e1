"""Shared by the stages that train networks: trial specs from a recipe, and the fits of finished trials."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from artifacts.contract import Fit, Recipe
from pipeline.execution.pool import Finished, threads_for
from pipeline.stages.context import Context
from pipeline.support.errors import UserError
from pipeline.support.seeding import derive
from pipeline.training.trials import TrialSpec


def train_spec(context: Context, recipe: Recipe, seed: int, *, train_images: int, trials: int) -> TrialSpec:
    """Return a trial on the train part, judged on the validation part, in a stage of that many trials."""
    return TrialSpec(
        recipe=recipe,
        seed=seed,
        part="train",
        train_images=train_images,
        split=context.config.split,
        data_sha256=context.dataset.fingerprint,
        threads=threads_for(trials),
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


def whole(recipe: Recipe) -> Recipe:
    """Return the recipe without early stopping."""
    return dataclasses.replace(recipe, patience=recipe.epochs)
