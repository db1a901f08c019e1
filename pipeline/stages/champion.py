"""Stage champion: the deck's best network with a better recipe; what each part of it gives; the test set, once.

Everything is chosen on validation images. `ablation` trains the recipe at a small budget, without one of its parts or
with one more, with the same seeds each. Then the whole recipe is trained on all training data, in one or more rounds;
which networks are asked how (alone, with mirror image, together) is fixed here, before the test labels are compared
with anything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import numpy as np
import torch

from artifacts import store
from artifacts.contract import ChampionSummary, ExportedModel, Fit, Question, Recipe, TestRead, Variant, Views
from pipeline.config import ChampionConfig
from pipeline.context import Context
from pipeline.models import inspection
from pipeline.stages import export
from pipeline.stages.experiments import fits_of, seeds, train_spec
from pipeline.statistics import accuracy_spread, compare, spread, standard_error
from pipeline.training import logits_of
from pipeline.trials import TrialSpec, build, to_device
from pipeline.workers import Finished, threads_for

CHAMPION: Final = "champion"
STUDENT = "student of the ensemble"


def variants(recipe: Recipe) -> dict[str, Recipe]:
    """The recipe, then with one part less or more each. SAM gets half the epochs, since a step of it costs two."""
    half = max(1, recipe.epochs // 2)
    changes: dict[str, dict[str, object]] = {
        CHAMPION: {},
        "no mirror image": {"augmentation_set": 8},
        "no shift": {"augmentation_set": 9},
        "no erasing": {"augmentation_set": 10},
        "drawn once": {"replication": "once", "epochs": half},
        "no label smoothing": {"label_smoothing": 0.0},
        "no moving average": {"ema": 0.0},
        "no dropout": {"dropout": 0.0},
        "with CutMix": {"replication": "mixed"},
        "with SAM": {"optimizer": "SAM", "epochs": half},
    }
    return {name: whole(dataclasses.replace(recipe, **change)) for name, change in changes.items()}  # type: ignore[arg-type]


def whole(recipe: Recipe) -> Recipe:
    """The recipe without early stopping."""
    return dataclasses.replace(recipe, patience=recipe.epochs)


def run(context: Context) -> None:
    """Write `champion/summary.json`, the arrays beside it, and `models/champion.onnx`."""
    config = context.config.champion
    ablation, members = _ablation(context, config)
    rounds = _rounds(context, config)
    fits = [_train(context, number, plan) for number, plan in enumerate(rounds, 1)]
    on_train, published = rounds[-1].on_train, rounds[-1].published
    context.write_arrays("champion/validation.npz", context.pool.finished(on_train).arrays())
    validation = _views(members, _answers(context, members, "validation"))
    fit_mirrored = _views([on_train], _answers(context, [on_train], "validation")).mirrored[0]
    _put_reading_on_record(context, published, config.rounds)
    exporting = _exporting(context, published[0])
    test = _read_test_set(context, published)
    content, model = next(exporting)
    context.write_file(model.file, content)
    context.write(
        ChampionSummary(
            **_described(context, published[0], config.rounds),
            model=model,
            ablation=ablation,
            ablation_images=min(config.ablation_images, len(context.split.train)),
            student=STUDENT,
            validation=validation,
            fit=fits[-1],
            earlier=tuple(fits[:-1]),
            fit_images=min(config.train_images, len(context.split.train)),
            fit_mirrored=fit_mirrored,
            validation_images=len(context.validated),
            train_images=min(config.final_images, len(context.split.train) + len(context.split.validation)),
            test=test,
            accuracy=test.single[0],
            standard_error=standard_error(test.single[0], test.images),
            accuracy_spread=spread(test.single),
        )
    )


def _exporting(context: Context, spec: TrialSpec) -> Iterator[tuple[bytes, ExportedModel]]:
    """The published network's file, held against torch on test images; a worker has begun when this returns."""
    tested = len(context.dataset.test_labels)
    job = export.Job(CHAMPION, CHAMPION, spec, (export.FINAL_PRECISION,), export.FINAL_PRECISION, tested, "test")
    return context.pool.map(export.exported, [job])


def _described(context: Context, spec: TrialSpec, rounds: int) -> dict[str, Any]:
    """The published network's recipe and size."""
    network = build(spec, context.dataset)
    return {
        "recipe": spec.recipe,
        "recipe_sha256": store.recipe_sha256(spec.recipe, rounds),
        "layers": inspection.count_layers(network),
        "parameters": inspection.count_parameters(network),
        "macs": inspection.count_macs(network, context.dataset.image_size),
    }


# ----------------------------------------------------------------------------------------------------------- ablation


def _ablation(context: Context, config: ChampionConfig) -> tuple[Question, list[TrialSpec]]:
    """The answered question, and the trials of the champion's own networks in it."""
    recipes = variants(config.ablation)
    chosen = seeds(context, config.ablation_seeds)
    trials = len(recipes) * len(chosen)

    def spec(recipe: Recipe, seed: int) -> TrialSpec:
        return train_spec(context, recipe, seed, train_images=config.ablation_images, trials=trials)

    plan = {(name, seed): spec(recipe, seed) for name, recipe in recipes.items() for seed in chosen}
    members = [plan[CHAMPION, seed] for seed in chosen]
    finished = _run(context, plan, ", ablation")
    teachers = tuple(member.key for member in members)
    taught = {(STUDENT, seed): dataclasses.replace(plan[CHAMPION, seed], teachers=teachers) for seed in chosen}
    finished |= _run(context, taught, ", student")
    answered = tuple(
        _variant(name, recipe, [finished[name, seed] for seed in chosen])
        for name, recipe in {**recipes, STUDENT: recipes[CHAMPION]}.items()
    )
    comparisons = tuple(compare(answered[0], other) for other in answered[1:])
    return Question("champion", "What does each part of the champion's recipe give?", answered, comparisons), members


def _run(context: Context, plan: dict[tuple[str, int], TrialSpec], title: str) -> dict[tuple[str, int], Finished]:
    names = [f"{name}, seed {seed}" for name, seed in plan]
    return dict(zip(plan, context.run_trials(list(plan.values()), names, title=title), strict=True))


def _variant(name: str, recipe: Recipe, finished: Sequence[Finished]) -> Variant:
    fits = fits_of(finished)
    return Variant(name, recipe, fits, accuracy_spread(fits))


# ----------------------------------------------------------------------------------------------------------- in full


@dataclass(frozen=True)
class Round:
    """The trial that validation images judge, and the ones on all training data, a seed each."""

    on_train: TrialSpec
    published: list[TrialSpec]

    def after(self) -> Round:
        """The next round: each network goes on from its own weights (a warm restart)."""
        return Round(_restarted(self.on_train), [_restarted(spec) for spec in self.published])


def _restarted(spec: TrialSpec) -> TrialSpec:
    return dataclasses.replace(spec, start=spec.key)


def _rounds(context: Context, config: ChampionConfig) -> list[Round]:
    chosen = seeds(context, config.seeds)
    recipe, trials = whole(config.recipe), config.seeds + 1
    on_train = train_spec(context, recipe, chosen[0], train_images=config.train_images, trials=trials)
    published = [
        dataclasses.replace(
            on_train, part="all", train_images=config.final_images, seed=seed, threads=threads_for(trials)
        )
        for seed in chosen
    ]
    rounds = [Round(on_train, published)]
    while len(rounds) < config.rounds:
        rounds.append(rounds[-1].after())
    return rounds


def _train(context: Context, number: int, plan: Round) -> Fit:
    """Train a round's networks; the fit of the one that is validated."""
    specs = [*plan.published[:1], plan.on_train, *plan.published[1:]]
    title = ", in full" if number == 1 else f", round {number}"
    again = "" if number == 1 else title
    names = [(f"seed {spec.seed}" if spec.part == "all" else "validated") + again for spec in specs]
    return dict(zip(specs, fits_of(context.run_trials(specs, names, title=title)), strict=True))[plan.on_train]


def _put_reading_on_record(context: Context, published: Sequence[TrialSpec], rounds: int) -> None:
    """Before anything is held against a test label, the exported file included."""
    reading = TestRead(
        model="champion",
        recipe_sha256=store.recipe_sha256(published[0].recipe, rounds),
        images=len(context.dataset.test_labels),
        seeds=len(published),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    context.test_reads.append(reading)


def _read_test_set(context: Context, published: Sequence[TrialSpec]) -> Views:
    """One reading: all views of all seeds' networks at once."""
    answers = _answers(context, published, "test")
    predicted = np.stack([plain.argmax(1) for plain in answers.plain]).astype(np.uint8)
    context.write_arrays("champion/test.npz", {"predictions_by_seed": predicted})
    return _views(published, answers)


# -------------------------------------------------------------------------------------------------------------- views


@dataclass(frozen=True)
class Answers:
    """Probabilities float32 (N, classes) of each network for the images and their mirror images; labels (N,)."""

    plain: list[np.ndarray]
    mirror: list[np.ndarray]
    labels: np.ndarray

    def accuracy(self, probabilities: Sequence[np.ndarray]) -> float:
        """Of the mean of several answers to the same images."""
        return float((np.sum(probabilities, axis=0).argmax(1) == self.labels).mean())


def _answers(context: Context, members: Sequence[TrialSpec], split: Literal["validation", "test"]) -> Answers:
    dataset, validated = context.dataset, context.validated
    images, labels = dataset.test_images, dataset.test_labels
    if split == "validation":
        images, labels = dataset.train_images[validated], dataset.train_labels[validated]
    shown = to_device(images, labels, context.device).images
    torch.set_num_threads(threads_for(1))
    answers = Answers([], [], labels)
    for spec in members:
        network = build(spec, dataset)
        network.load_state_dict(context.pool.finished(spec).weights())
        network.to(context.device)
        for kept, each in ((answers.plain, shown), (answers.mirror, shown.flip(-1))):
            kept.append(logits_of(network, each, exact=True).softmax(1).cpu().numpy())
    return answers


def _views(members: Sequence[TrialSpec], answers: Answers) -> Views:
    pairs = list(zip(answers.plain, answers.mirror, strict=True))
    return Views(
        images=len(answers.labels),
        seeds=tuple(spec.seed for spec in members),
        single=tuple(answers.accuracy([plain]) for plain in answers.plain),
        mirrored=tuple(answers.accuracy(pair) for pair in pairs),
        ensemble=answers.accuracy(answers.plain),
        ensemble_mirrored=answers.accuracy([*answers.plain, *answers.mirror]),
    )
