"""Stage augmentations: six trainsets on the deck's best network, several seeds each (deck section 4), and pictures."""

import dataclasses

import numpy as np
import torch

from artifacts.contract import AugmentationsSummary, Recipe, SetResult
from pipeline.augmentation.ops import always
from pipeline.augmentation.sets import ALL_OPS, AUGMENTATION_SETS, Augmentation
from pipeline.stages.context import Context
from pipeline.stages.experiments import fits_of, seeds, trial_of
from pipeline.support.seeding import derive
from pipeline.support.statistics import accuracy_spread
from pipeline.training.trials import TrialSpec

DRAWS_SHOWN = 8


def run(context: Context) -> None:
    """Write `augmentations/summary.json` and the before/after pictures."""
    config = context.config.augmentations
    base = config.recipe
    plan = specs(context)
    finished = context.run_trials(list(plan.values()), [f"set {number}, seed {seed}" for number, seed in plan])
    images = min(config.train_images, len(context.split.train))
    sets = []
    for number, chosen in AUGMENTATION_SETS.items():
        fits = fits_of([result for (id_, _), result in zip(plan, finished, strict=True) if id_ == number])
        size = images * (1 if number == 1 else 2)
        sets.append(SetResult(number, chosen.title, size, fits, accuracy_spread(fits)))
    context.write_arrays("augmentations/pictures.npz", _pictures(context))
    summary = AugmentationsSummary(
        recipe=base,
        train_images=images,
        validation_images=len(context.validated),
        sets=tuple(sets),
        best=max(sets, key=lambda result: result.val_accuracy.mean).id,
        ops=tuple(type(op).__name__ for op in ALL_OPS.ops),
    )
    context.write(summary)


def specs(context: Context) -> dict[tuple[int, int], TrialSpec]:
    """Return the trial of each (trainset, seed), in training order."""
    config = context.config.augmentations
    plan = [(number, seed) for number in AUGMENTATION_SETS for seed in seeds(context, config.seeds)]
    return {
        (number, seed): trial_of(
            context,
            recipe_of_set(config.recipe, number),
            seed,
            train_images=config.train_images,
            trials=len(plan),
        )
        for number, seed in plan
    }


def recipe_of_set(base: Recipe, number: int) -> Recipe:
    """Trainset 1 is the original set; the others keep the recipe's replication."""
    replication = "none" if number == 1 else base.replication
    return dataclasses.replace(base, augmentation_set=number, replication=replication)


def _pictures(context: Context) -> dict[str, np.ndarray]:
    """One garment for each class: each op with p = 1, and each trainset as drawn."""
    dataset, split = context.dataset, context.split
    labels = dataset.train_labels[split.train]
    firsts = [int(np.flatnonzero(labels == label)[0]) for label in range(len(dataset.classes))]
    index = split.train[np.array(firsts[:DRAWS_SHOWN])]
    before = torch.from_numpy(dataset.train_images[index]).unsqueeze(1)
    generator = torch.Generator().manual_seed(derive(context.config.seed, "pictures"))
    after = [Augmentation((always(op),)).augment(before, generator) for op in ALL_OPS.ops]
    drawn = [chosen.augment(before, generator) for number, chosen in AUGMENTATION_SETS.items() if number != 1]
    return {
        "before": before.squeeze(1).numpy(),
        "label": dataset.train_labels[index],
        "after": torch.stack(after).squeeze(2).numpy(),
        "sets": torch.stack(drawn).squeeze(2).numpy(),
    }
