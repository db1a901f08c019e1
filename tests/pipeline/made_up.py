"""A pool whose trainings end at once with made-up results, so that stages are tested without training."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from torch import Tensor

from artifacts.contract import AugmentationsSummary, Curves, Fit, Recipe
from pipeline import data
from pipeline.config import Config
from pipeline.execution.pool import Finished
from pipeline.stages.context import Context
from pipeline.training.batches import Batches, Images
from pipeline.training.trial_folder import TrialRecord
from pipeline.training.trials import TrialSpec

Accuracy = Callable[[TrialSpec], float | None]


def fit_with(accuracy: float, epochs: int, seed: int = 0) -> Fit:
    rising = tuple(accuracy * (epoch + 1) / epochs for epoch in range(epochs))
    curves = Curves((1.0,) * epochs, (0.5,) * epochs, (1.0,) * epochs, rising)
    return Fit(seed, curves, epochs, accuracy, 1.0, 0.5, 1.0)


def epoch_of(train: Images, recipe: Recipe, epoch: int) -> list[tuple[Tensor, Tensor]]:
    """All batches of one epoch of seed 0."""
    batches = Batches(train, recipe, 0, classes=10)
    return [batches.of(drawn) for drawn in batches.order(epoch)]


class PoolOfMadeUpResults:
    """Stands in for the pool: every training ends at once, with the accuracy that `accuracy` says (None: diverged)."""

    def __init__(self, accuracy: Accuracy) -> None:
        self.accuracy = accuracy
        self.trained: list[TrialSpec] = []

    def run(self, stage: str, specs: Sequence[TrialSpec], *, progress: Any, finished: Any) -> list[Any]:
        self.trained += specs
        results = []
        for number, spec in enumerate(specs):
            accuracy = self.accuracy(spec)
            one = None if accuracy is None else fit_with(accuracy, spec.recipe.epochs, spec.seed)
            record = TrialRecord(spec.key, one, "" if one else "The loss was not finite.", 2.0)
            results.append(Finished(spec, record, 2.0 * (number + 1)))
            finished(number, record, 2.0 * (number + 1))
        return results


def context_of(folder: Path, data_folder: Path, accuracy: Accuracy, config: Config) -> Context:
    """A context whose trainings are made up, in which the augmentations have been compared and set 3 was best."""
    pool: Any = PoolOfMadeUpResults(accuracy)
    console = Console(file=io.StringIO(), width=200)
    dataset = data.load(data_folder)
    context = Context("tune-coarse", config, dataset, folder / "study", folder, pool, console, None)
    context.write(AugmentationsSummary(config.augmentations.recipe, 100, 100, (), 3, ()))
    return context
