"""Stage improvements: the deck's open questions (its section 6), with several seeds on validation data."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from artifacts.contract import AugmentationsSummary, ImprovementsSummary, Recipe
from pipeline.execution.pool import Finished
from pipeline.stages.context import Context
from pipeline.stages.experiments import question, seeds, trial_of, variant

BATCH_SIZES = (512, 64, 32)
EVERYTHING = 11  # the augmentation set of all operations


@dataclass(frozen=True)
class Asked:
    """A question and its recipes; the first is the deck's, the others are compared with it."""

    key: str
    text: str
    recipes: dict[str, Recipe]


def questions(batch_recipe: Recipe, draws_recipe: Recipe, best_set: int) -> tuple[Asked, ...]:
    """The learning rate follows the batch size linearly (Goyal et al. 2017, arXiv:1706.02677), epochs stay equal."""
    base, once = (
        dataclasses.replace(recipe, augmentation_set=best_set, replication="once")
        for recipe in (batch_recipe, draws_recipe)
    )
    batches = {
        f"batch {size}": dataclasses.replace(base, batch_size=size, lr=base.lr * size / base.batch_size)
        for size in BATCH_SIZES
    }
    fresh = dataclasses.replace(once, replication="every epoch")
    alone = dataclasses.replace(once, augmentation_set=1, replication="none", epochs=2 * once.epochs)
    amounts = {
        "each image as it is": alone,
        "with an augmented copy": fresh,
        "with a copy by all operations": dataclasses.replace(fresh, augmentation_set=EVERYTHING),
        "copies alone, by all operations": dataclasses.replace(
            fresh, augmentation_set=EVERYTHING, replication="replace", epochs=2 * once.epochs
        ),
    }
    sam = dataclasses.replace(once, optimizer="SAM", epochs=max(1, once.epochs // 2))
    return (
        Asked("batch-size", "Does a smaller batch than 512 help, at equal epochs? (It takes more steps.)", batches),
        Asked(
            "augmentation",
            "Does augmentation drawn anew every epoch help, or harm?",
            {"drawn once": once, "drawn every epoch": fresh},
        ),
        Asked("amount", "Is too much augmentation harmful, at an equal number of steps?", amounts),
        Asked(
            "optimizer",
            "SAM or SGD, at equal compute? (A step of SAM costs two.)",
            {"SGD": once, "SAM, half the epochs": sam},
        ),
    )


def run(context: Context) -> None:
    """Write `improvements/summary.json`."""
    config = context.config.improvements
    best_set = max(2, context.document(AugmentationsSummary).best)
    asked = questions(config.batch_recipe, config.draws_recipe, best_set)
    variants = [(each, name) for each in asked for name in each.recipes]
    plan = [(each, name, seed) for each, name in variants for seed in seeds(context, config.seeds)]
    distinct = {
        trial_of(context, each.recipes[name], seed, train_images=config.train_images, trials=len(plan)): (
            f"{name}, seed {seed}"
        )
        for each, name, seed in plan
    }
    finished = context.run_trials(list(distinct), list(distinct.values()))
    context.write(_summary(context, asked, finished))


def _summary(context: Context, asked: Sequence[Asked], finished: Sequence[Finished]) -> ImprovementsSummary:
    answers = []
    for each in asked:
        variants = [
            variant(name, recipe, [result for result in finished if result.spec.recipe == recipe])
            for name, recipe in each.recipes.items()
        ]
        answers.append(question(each.key, each.text, variants))
    images = min(context.config.improvements.train_images, len(context.split.train))
    return ImprovementsSummary(images, len(context.validated), tuple(answers))
