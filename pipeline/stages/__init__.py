"""All stages in order, with their dependencies and the part of the configuration that each uses."""

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
    """`run` writes artifacts through its context. Raise `version` by hand when `run` would write something else."""

    name: str
    does: str
    run: Callable[[Context], None]
    needs: tuple[str, ...]
    section: Callable[[Config], object]
    version: int = 1
    sees_photographs: bool = False


STAGES: tuple[Stage, ...] = (
    Stage("eda", "class distribution, average images, pixel statistics", eda.run, (), lambda c: c.eda),
    Stage(
        "outliers", "images with the highest autoencoder reconstruction error", outliers.run, (), lambda c: c.outliers
    ),
    Stage("architectures", "comparison of seven networks", architectures.run, (), lambda c: c.architectures),
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
    Stage("tune-fine", "random search over narrowed ranges", tuning.run_fine, ("tune-coarse",), lambda c: c.tuning),
    Stage("importances", "which hyper-parameter matters", tuning.run_importances, ("tune-fine",), lambda c: None),
    Stage("confirm", "best trials trained again with new seeds", confirm.run, ("tune-fine",), lambda c: c.confirm),
    Stage(
        "final", "best recipe on all training data, one test-set evaluation", final.run, ("confirm",), lambda c: c.final
    ),
    Stage("errors", "mistakes on the test set", errors.run, ("final",), lambda c: None),
    Stage(
        "feature-maps", "first-layer filters and feature maps", feature_maps.run, ("final",), lambda c: None, version=2
    ),
    Stage("embedding-map", "test images in the final model's embedding", embedding_map.run, ("final",), lambda c: None),
    Stage(
        "improvements",
        "the deck's open questions",
        improvements.run,
        ("augmentations",),
        lambda c: c.improvements,
        version=3,
    ),
    Stage(
        "ablation", "effect of each part of the champion's recipe", ablation.run, (), lambda c: c.ablation, version=3
    ),
    Stage(
        "champion",
        "a better recipe at full budget, one test-set evaluation",
        champion.run,
        (),
        lambda c: c.champion,
        version=2,
    ),
    Stage("labels", "suspected label errors in the training data", labels.run, (), lambda c: c.labels, version=2),
    Stage(
        "robustness",
        "accuracy on corrupted validation images",
        robustness.run,
        ("architectures", "augmentations"),
        lambda c: c.robustness,
    ),
    Stage(
        "photo-model",
        "a network for visitors' photos",
        photo_model.run,
        (),
        lambda c: c.photo_model,
        sees_photographs=True,
    ),
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
    """Return the stage of that name; UserError lists the available ones."""
    for stage in STAGES:
        if stage.name == name:
            return stage
    raise UserError(f"There is no stage {name!r}: choose one of {', '.join(stage.name for stage in STAGES)}.")


def with_needs(name: str) -> list[Stage]:
    """Return the stage and all its dependencies, in the study's order."""
    wanted = {name}
    for stage in reversed(STAGES):
        if stage.name in wanted:
            wanted.update(stage.needs)
    return [stage for stage in STAGES if stage.name in wanted]
