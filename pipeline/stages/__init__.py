"""The study's table of contents: every stage in its order, what it needs, and which part of the config decides it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.config import Config
from pipeline.stages import (
    ablation,
    architectures,
    augmentations,
    champion,
    confirm,
    eda,
    embedding_map,
    errors,
    export,
    feature_maps,
    final,
    improvements,
    labels,
    outliers,
    photo_model,
    robustness,
    tuning,
)
from pipeline.stages.context import Context
from pipeline.support.errors import UserError


@dataclass(frozen=True)
class Stage:
    """`run` writes artifacts through its context. `version` is raised by hand when `run` would write other things."""

    name: str
    does: str
    run: Callable[[Context], None]
    needs: tuple[str, ...]
    section: Callable[[Config], object]
    version: int = 1


STAGES: tuple[Stage, ...] = (
    Stage("eda", "class distribution, average images, pixel statistics", eda.run, (), lambda c: c.eda),
    Stage("outliers", "what an autoencoder reconstructs worst", outliers.run, (), lambda c: c.outliers),
    Stage("architectures", "seven networks compared", architectures.run, (), lambda c: c.architectures),
    Stage(
        "augmentations",
        "six trainsets on the deck's best network",
        augmentations.run,
        (),
        lambda c: c.augmentations,
    ),
    Stage(
        "tune-coarse",
        "random search over wide ranges",
        tuning.run_coarse,
        ("augmentations",),
        lambda c: c.tuning,
    ),
    Stage("tune-fine", "random search over the ranges cut down", tuning.run_fine, ("tune-coarse",), lambda c: c.tuning),
    Stage("confirm", "the best trials again, with several seeds", confirm.run, ("tune-fine",), lambda c: c.confirm),
    Stage("final", "best recipe on all training data, test set read once", final.run, ("confirm",), lambda c: c.final),
    Stage("errors", "the mistakes on the test set", errors.run, ("final",), lambda c: None),
    Stage(
        "feature-maps", "first-layer filters and their answers", feature_maps.run, ("final",), lambda c: None, version=2
    ),
    Stage("embedding-map", "test images laid out by the final model", embedding_map.run, ("final",), lambda c: None),
    Stage(
        "improvements",
        "the deck's open questions",
        improvements.run,
        ("augmentations",),
        lambda c: c.improvements,
        version=3,
    ),
    Stage("ablation", "what each part of a better recipe gives", ablation.run, (), lambda c: c.ablation, version=3),
    Stage(
        "champion", "the better recipe in full, test set read once", champion.run, (), lambda c: c.champion, version=2
    ),
    Stage("labels", "training labels that other networks doubt", labels.run, (), lambda c: c.labels, version=2),
    Stage(
        "robustness",
        "the networks on spoiled validation images",
        robustness.run,
        ("architectures", "augmentations"),
        lambda c: c.robustness,
    ),
    Stage("photo-model", "a network for visitors' photos", photo_model.run, (), lambda c: c.photo_model),
    Stage(
        "export",
        "ONNX models and their parity with torch",
        export.run,
        ("final", "architectures", "photo-model"),
        lambda c: c.export,
        version=3,
    ),
)


def named(name: str) -> Stage:
    """The stage of that name; UserError names the ones there are."""
    for stage in STAGES:
        if stage.name == name:
            return stage
    raise UserError(f"There is no stage {name!r}: choose one of {', '.join(stage.name for stage in STAGES)}.")


def with_needs(name: str) -> list[Stage]:
    """The stage and all that it needs, in the study's order."""
    wanted = {name}
    for stage in reversed(STAGES):
        if stage.name in wanted:
            wanted.update(stage.needs)
    return [stage for stage in STAGES if stage.name in wanted]
