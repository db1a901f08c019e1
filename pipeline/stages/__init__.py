"""All stages in order, with their dependencies and the part of the configuration that each uses."""

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
    """`run` writes artifacts through its context, by the configuration's `section` (its name in Config) if it has one.

    Raise `version` by hand when `run` would write something else.
    """

    name: str
    does: str
    run: Callable[[Context], None]
    section: str | None = None
    needs: tuple[str, ...] = ()
    version: int = 1
    sees_photographs: bool = False

    def settings(self, config: Config) -> object:
        """The stage's own part of the configuration, None if it has none."""
        return getattr(config, self.section) if self.section else None


STAGES: tuple[Stage, ...] = (
    Stage("eda", "class distribution, average images, pixel statistics", eda.run, "eda"),
    Stage("outliers", "images with the highest autoencoder reconstruction error", outliers.run, "outliers"),
    Stage("architectures", "comparison of seven networks", architectures.run, "architectures"),
    Stage("augmentations", "six trainsets on the deck's best network", augmentations.run, "augmentations"),
    Stage("tune-coarse", "random search over wide ranges", tuning.run_coarse, "tuning", ("augmentations",)),
    Stage("tune-fine", "random search over narrowed ranges", tuning.run_fine, "tuning", ("tune-coarse",)),
    Stage("importances", "which hyper-parameter matters", tuning.run_importances, needs=("tune-fine",)),
    Stage("confirm", "best trials trained again with new seeds", confirm.run, "confirm", ("tune-fine",)),
    Stage("final", "best recipe on all training data, one test-set evaluation", final.run, "final", ("confirm",)),
    Stage("errors", "mistakes on the test set", errors.run, needs=("final",)),
    Stage("feature-maps", "first-layer filters and feature maps", feature_maps.run, needs=("final",), version=2),
    Stage("embedding-map", "test images in the final model's embedding", embedding_map.run, needs=("final",)),
    Stage("improvements", "the deck's open questions", improvements.run, "improvements", ("augmentations",), version=3),
    Stage("ablation", "effect of each part of the champion's recipe", ablation.run, "ablation", version=3),
    Stage("champion", "a better recipe at full budget, one test-set evaluation", champion.run, "champion", version=2),
    Stage("labels", "suspected label errors in the training data", labels.run, "labels", version=2),
    Stage(
        "robustness",
        "accuracy on corrupted validation images",
        robustness.run,
        "robustness",
        ("architectures", "augmentations"),
    ),
    Stage("photo-model", "a network for visitors' photos", photo_model.run, "photo_model", sees_photographs=True),
    Stage(
        "export",
        "ONNX models and their parity with torch",
        export.run,
        "export",
        ("final", "architectures", "photo-model"),
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
