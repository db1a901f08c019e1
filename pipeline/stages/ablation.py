"""Stage ablation: effect of each part of the champion's recipe at a small budget, on validation images.

Each variant has one part less or more and the same seeds. A student of the champions' ensemble comes last.
"""

import dataclasses
from typing import Final

from artifacts.contract import AblationSummary, Question, Recipe
from pipeline.config import AblationConfig
from pipeline.execution.pool import Finished
from pipeline.stages.context import Context
from pipeline.stages.experiments import question, seeds, trial_of, variant, whole
from pipeline.stages.views import answers_of, views_of
from pipeline.training.trials import TrialSpec

CHAMPION: Final = "champion"
STUDENT = "student of the ensemble"


def variants(recipe: Recipe) -> dict[str, Recipe]:
    """Return the recipe and its variants. SAM gets half the epochs, since a step of it costs two."""
    half = max(1, recipe.epochs // 2)
    changes: dict[str, dict[str, object]] = {
        CHAMPION: {},
        "no mirror image": {"augmentation_set": 8},
        "no shift": {"augmentation_set": 9},
        "no erasing": {"augmentation_set": 10},
        "drawn once": {"replication": "once", "epochs": half},
        "no label smoothing": {"label_smoothing": 0.0},
        "no moving average": {"ema": 0.0},
        "with dropout": {"dropout": 0.3},
        "with CutMix": {"replication": "mixed"},
        "with SAM": {"optimizer": "SAM", "epochs": half},
        "with PooledVGG": {"architecture": "PooledVGG"},
    }
    return {name: whole(dataclasses.replace(recipe, **change)) for name, change in changes.items()}  # type: ignore[arg-type]


def run(context: Context) -> None:
    """Write `champion/ablation.json`."""
    config = context.config.ablation
    answered, members = _answered(context, config)
    context.write(
        AblationSummary(
            answered,
            train_images=min(config.train_images, len(context.split.train)),
            validation_images=len(context.validated),
            student=STUDENT,
            views=views_of(members, answers_of(context, members, "validation")),
        )
    )


def _answered(context: Context, config: AblationConfig) -> tuple[Question, list[TrialSpec]]:
    """Train the variants; return the question with its results, and the champion's own trials."""
    recipes = variants(config.recipe)
    chosen = seeds(context, config.seeds)
    trials = len(recipes) * len(chosen)

    def spec(recipe: Recipe, seed: int) -> TrialSpec:
        return trial_of(context, recipe, seed, train_images=config.train_images, trials=trials)

    plan = {(name, seed): spec(recipe, seed) for name, recipe in recipes.items() for seed in chosen}
    members = [plan[CHAMPION, seed] for seed in chosen]
    finished = _run(context, plan)
    teachers = tuple(member.key for member in members)
    taught = {(STUDENT, seed): dataclasses.replace(plan[CHAMPION, seed], teachers=teachers) for seed in chosen}
    finished |= _run(context, taught, ", student")
    answered = [
        variant(name, recipe, [finished[name, seed] for seed in chosen])
        for name, recipe in {**recipes, STUDENT: recipes[CHAMPION]}.items()
    ]
    return question("champion", "What does each part of the champion's recipe give?", answered), members


def _run(context: Context, plan: dict[tuple[str, int], TrialSpec], title: str = "") -> dict[tuple[str, int], Finished]:
    names = [f"{name}, seed {seed}" for name, seed in plan]
    return dict(zip(plan, context.run_trials(list(plan.values()), names, title=title), strict=True))
