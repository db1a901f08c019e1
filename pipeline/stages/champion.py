"""Stage champion: the deck's best network with a better recipe on all training data, one test-set evaluation.

Everything is chosen on validation images; stage `ablation` measures each part of the recipe. All training after the
first round is a warm restart. How the networks predict (alone, with mirror image, together) is fixed here, before the
test labels are compared with anything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from artifacts import store
from artifacts.contract import ChampionSummary, ExportedModel, Fit, Views
from pipeline.config import ChampionConfig
from pipeline.models import inspection
from pipeline.stages import export
from pipeline.stages.context import Context
from pipeline.stages.experiments import fits_of, seeds, trial_of, whole
from pipeline.stages.views import answers_of, views_of
from pipeline.support.statistics import spread, standard_error
from pipeline.training.trials import TrialSpec, build

CHAMPION: Final = "champion"


def run(context: Context) -> None:
    """Write `champion/summary.json`, the arrays beside it, and `models/champion.onnx`."""
    config = context.config.champion
    rounds = _rounds(context, config)
    fits = [_train(context, number, plan) for number, plan in enumerate(rounds, 1)]
    on_train, published = rounds[-1].on_train, rounds[-1].published
    context.write_arrays("champion/validation.npz", context.pool.finished(on_train).arrays())
    fit_mirrored = views_of([on_train], answers_of(context, [on_train], "validation")).mirrored[0]
    # Before anything is held against a test label, the exported file included.
    context.put_reading_on_record("champion", store.recipe_sha256(published[0].recipe, config.rounds), len(published))
    exporting = _exporting(context, published[0])
    test = _read_test_set(context, published)
    content, model = next(exporting)
    context.write_file(model.file, content)
    context.write(
        ChampionSummary(
            **_described(context, published[0], config.rounds),
            model=model,
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
    """Start exporting the published network, compared with torch on test images; a worker is busy when this returns."""
    tested = len(context.dataset.test_labels)
    job = export.Job(CHAMPION, CHAMPION, spec, (export.FINAL_PRECISION,), export.FINAL_PRECISION, tested, "test")
    return context.pool.map(export.exported, [job])


def _described(context: Context, spec: TrialSpec, rounds: int) -> dict[str, Any]:
    """The published network's recipe and size."""
    network = build(spec.recipe, context.dataset)
    return {
        "recipe": spec.recipe,
        "recipe_sha256": store.recipe_sha256(spec.recipe, rounds),
        "layers": inspection.count_layers(network),
        "parameters": inspection.count_parameters(network),
        "macs": inspection.count_macs(network, context.dataset.image_size),
    }


# ----------------------------------------------------------------------------------------------------------- in full


@dataclass(frozen=True)
class Round:
    """The trial judged on validation images, and the trials on all training data, one for each seed."""

    on_train: TrialSpec
    published: list[TrialSpec]

    def after(self) -> Round:
        """Return the next round: a warm restart of each network from its own weights."""
        return Round(_restarted(self.on_train), [_restarted(spec) for spec in self.published])


def _restarted(spec: TrialSpec) -> TrialSpec:
    return dataclasses.replace(spec, start=spec.key)


def _rounds(context: Context, config: ChampionConfig) -> list[Round]:
    chosen = seeds(context, config.seeds)
    recipe, trials = whole(config.recipe), config.seeds + 1
    on_train = trial_of(context, recipe, chosen[0], train_images=config.train_images, trials=trials)
    on_all = dataclasses.replace(on_train, part="all", train_images=config.final_images)
    rounds = [Round(on_train, [dataclasses.replace(on_all, seed=seed) for seed in chosen])]
    while len(rounds) < config.rounds:
        rounds.append(rounds[-1].after())
    return rounds


def _train(context: Context, number: int, plan: Round) -> Fit:
    """Train a round's networks; return the fit of the validated one."""
    specs = [*plan.published[:1], plan.on_train, *plan.published[1:]]
    title = ", in full" if number == 1 else f", round {number}"
    again = "" if number == 1 else title
    names = [(f"seed {spec.seed}" if spec.part == "all" else "validated") + again for spec in specs]
    return dict(zip(specs, fits_of(context.run_trials(specs, names, title=title)), strict=True))[plan.on_train]


def _read_test_set(context: Context, published: Sequence[TrialSpec]) -> Views:
    """Read the test set once: all views of all seeds' networks."""
    answers = answers_of(context, published, "test")
    predicted = np.stack([plain.argmax(1) for plain in answers.plain]).astype(np.uint8)
    context.write_arrays("champion/test.npz", {"predictions_by_seed": predicted})
    return views_of(published, answers)
