"""What a run does, as typed values. A profile is a function that returns a Config: the same code, other numbers.

smoke: for tests, at most 60 s. quick: every stage for real on a subset, at most 10 minutes on two CPU cores. standard:
the deck's counts on all images, about a day on two cores; published. full: the deck's budgets (GPUs).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from artifacts.contract import Ranges, Recipe
from pipeline.support.errors import UserError


@dataclass(frozen=True)
class SplitConfig:
    """Stratified split of the training file (deck section 2: its tables say 50K + 10K, its slide 40K + 10K).

    `validated` of the validation images and `tested` of the test images are used, the same ones in every stage.
    """

    train_images: int = 50_000
    validation_images: int = 10_000
    validated: int = 10_000
    tested: int = 10_000
    seed: int = 0


@dataclass(frozen=True)
class EdaConfig:
    samples_per_class: int = 20
    histogram_bins: int = 32


@dataclass(frozen=True)
class OutliersConfig:
    epochs: int
    train_images: int
    worst_per_class: int = 12
    batch_size: int = 256
    lr: float = 2e-3


@dataclass(frozen=True)
class ArchitecturesConfig:
    recipe: Recipe
    train_images: int


@dataclass(frozen=True)
class AugmentationsConfig:
    recipe: Recipe
    train_images: int
    seeds: int


REDUCTION_FACTOR = 3  # successive halving takes one trial in so many to the next rung


@dataclass(frozen=True)
class TuningConfig:
    """Both searches, on the deck's best network; the fine ranges are what the coarse search's `top_trials` (deck: 3 to
    5) span. `rungs` are the epochs of each rung under policy `halving`; under `deck` a trial runs the recipe's."""

    recipe: Recipe
    ranges: Ranges
    coarse_trials: int
    fine_trials: int
    top_trials: int
    train_images: int
    rungs: tuple[int, ...]
    policy: Literal["deck", "halving"] = "halving"

    def __post_init__(self) -> None:
        if self.policy not in ("deck", "halving"):
            raise ValueError("The policy is deck or halving.")
        if not self.rungs or self.rungs[0] < 1 or list(self.rungs) != sorted(set(self.rungs)):
            raise ValueError("The rungs are rising numbers of epochs.")

    @property
    def rung_epochs(self) -> tuple[int, ...]:
        """The epochs that a trial trains for on each rung; policy `deck` has one rung."""
        return self.rungs if self.policy == "halving" else (self.recipe.epochs,)

    def rung_sizes(self, trials: int) -> tuple[int, ...]:
        """How many of a search's trials train on each rung: all of them, then the best third of those before, but at
        least two, since a rung of one compares nothing."""
        sizes = [trials]
        for _ in self.rung_epochs[1:]:
            sizes.append(min(sizes[-1], max(2, round(sizes[-1] / REDUCTION_FACTOR))))
        return tuple(sizes)


@dataclass(frozen=True)
class ConfirmConfig:
    """How many trials of both searches are trained again, and with how many seeds each."""

    candidates: int
    seeds: int


@dataclass(frozen=True)
class FinalConfig:
    """`epochs` None: the confirmed recipe's own epoch count, as in the deck."""

    epochs: int | None
    train_images: int
    seeds: int
    gallery_per_class: int = 200


@dataclass(frozen=True)
class ImprovementsConfig:
    """`batch_recipe` starts from the deck's batch of 512; `draws_recipe` is that of the augmentation question."""

    batch_recipe: Recipe
    draws_recipe: Recipe
    train_images: int
    seeds: int


@dataclass(frozen=True)
class RobustnessConfig:
    """How many validation images are corrupted, 24 times each, for each of 13 networks."""

    images: int


@dataclass(frozen=True)
class PhotoConfig:
    """The network for visitors' photos; see `pipeline.randomisation`."""

    recipe: Recipe
    train_images: int


@dataclass(frozen=True)
class ExportConfig:
    """How many test images, and validation images, the parity of all networks but the final one is measured on."""

    parity_images: int


@dataclass(frozen=True)
class LabelsConfig:
    """`folds` networks, each answering for the images of `train_images` that it was not trained on."""

    recipe: Recipe
    folds: int
    train_images: int
    pictures: int = 200


@dataclass(frozen=True)
class AblationConfig:
    """The champion's recipe at a small budget: each variant trains on `train_images`, with `seeds`."""

    recipe: Recipe
    train_images: int
    seeds: int


@dataclass(frozen=True)
class ChampionConfig:
    """`recipe` on `final_images` of all training data, `seeds` times, and once on `train_images` of the train part.

    In each of the `rounds` after the first, these networks start from their weights of the round before (a warm
    restart).
    """

    recipe: Recipe
    train_images: int
    final_images: int
    seeds: int
    rounds: int = 1

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError("The champion needs at least one round.")


@dataclass(frozen=True)
class Config:
    profile: str
    seed: int
    split: SplitConfig
    eda: EdaConfig
    outliers: OutliersConfig
    architectures: ArchitecturesConfig
    augmentations: AugmentationsConfig
    tuning: TuningConfig
    confirm: ConfirmConfig
    final: FinalConfig
    improvements: ImprovementsConfig
    robustness: RobustnessConfig
    photo_model: PhotoConfig
    labels: LabelsConfig
    export: ExportConfig
    ablation: AblationConfig
    champion: ChampionConfig
    expected_minutes: float
    settings: tuple[str, ...] = ()

    @property
    def asks_for_photographs(self) -> bool:
        """Whether the photo network learns from the public photographs too; other profiles take what they are given."""
        return self.profile in ("standard", "full")

    def with_split(self, train_images: int | None, validation_images: int | None) -> Config:
        """The same study on another split, e.g. the 40,000 training images of the deck's slide."""
        split = dataclasses.replace(
            self.split,
            train_images=train_images or self.split.train_images,
            validation_images=validation_images or self.split.validation_images,
        )
        return dataclasses.replace(self, split=split)


# The deck gives ranges only through its trials (section 4); these cover all of its values.
COARSE_RANGES = Ranges(
    lr=(1e-3, 1e-1),
    weight_decay=(1e-5, 5e-2),
    momentum=(0.8, 0.98),
    last_layers=(2, 3),
    optimizer=("SGD", "SAM"),
)

# The deck names the batch size and the patience only. The rest trains all seven networks well: rho is the SAM paper's
# (Foret et al. 2021, arXiv:2010.01412), the schedule one-cycle (Smith 2018, arXiv:1803.09820) in place of an unknown.
DECK_RECIPE = Recipe(
    architecture="OwnBaseline2",
    last_layers=3,
    optimizer="SGD",
    lr=0.05,
    weight_decay=5e-4,
    momentum=0.9,
    rho=0.05,
    batch_size=512,
    epochs=50,
    patience=18,
    schedule="one-cycle",
    label_smoothing=0.0,
    ema=0.0,
    dropout=0.0,
    augmentation_set=1,
    replication="none",
)


def recipe(**changes: object) -> Recipe:
    """The deck's recipe with some values changed."""
    return dataclasses.replace(DECK_RECIPE, **changes)  # type: ignore[arg-type]


def small_recipe(**changes: object) -> Recipe:
    """The recipe on the smallest of the seven networks, for profiles that count seconds."""
    return recipe(**{"architecture": "OwnBaseline1", **changes})


def photo_recipe(**changes: object) -> Recipe:
    """The photo model's: a small network of its own, an average of its weights, a little label smoothing."""
    photo = {"architecture": "PhotoNet", "replication": "randomised", "ema": 0.998, "label_smoothing": 0.02}
    return recipe(**{**photo, "lr": 0.1, "dropout": 0.2, "patience": 1_000, **changes})


def champion_recipe(**changes: object) -> Recipe:
    """The deck's best network, trained as image classifiers are today: see the ablation for what each part gives."""
    champion = {"lr": 0.15, "batch_size": 256, "label_smoothing": 0.1, "ema": 0.998}
    return recipe(**{**champion, "augmentation_set": 7, "replication": "replace", **changes})


def full() -> Config:
    """The deck's study: real budgets, all images, several seeds."""
    return Config(
        profile="full",
        seed=0,
        split=SplitConfig(),
        eda=EdaConfig(),
        outliers=OutliersConfig(epochs=20, train_images=50_000),
        architectures=ArchitecturesConfig(recipe(epochs=50), 50_000),
        augmentations=AugmentationsConfig(recipe(epochs=40, replication="once"), 50_000, seeds=5),
        tuning=TuningConfig(recipe(epochs=85, replication="once"), COARSE_RANGES, 75, 70, 5, 50_000, (7, 21, 65)),
        confirm=ConfirmConfig(candidates=5, seeds=3),
        final=FinalConfig(epochs=None, train_images=60_000, seeds=5),
        improvements=ImprovementsConfig(recipe(epochs=40), recipe(epochs=40), 50_000, seeds=3),
        robustness=RobustnessConfig(images=10_000),
        photo_model=PhotoConfig(photo_recipe(epochs=60, batch_size=128), 50_000),
        labels=LabelsConfig(recipe(epochs=10), folds=5, train_images=60_000),
        export=ExportConfig(parity_images=10_000),
        ablation=AblationConfig(champion_recipe(epochs=30), 50_000, seeds=3),
        champion=ChampionConfig(champion_recipe(epochs=150, replication="mixed"), 50_000, 60_000, seeds=5),
        expected_minutes=120,
    )


def standard() -> Config:
    """The published study: the deck's counts on all images.

    Ablation, champion, and labels are as published, so `run-all` takes them over. The rest takes about 24 hours on
    two CPU cores that multiply bf16: an estimate from 1,520 images a second of OwnBaseline2 on both, not yet a run.
    """
    return Config(
        profile="standard",
        seed=0,
        split=SplitConfig(),
        eda=EdaConfig(),
        outliers=OutliersConfig(epochs=8, train_images=50_000),
        architectures=ArchitecturesConfig(recipe(epochs=8, batch_size=128, lr=0.1), 50_000),
        augmentations=AugmentationsConfig(recipe(epochs=7, batch_size=128, replication="once"), 50_000, seeds=3),
        tuning=TuningConfig(
            recipe(epochs=7, batch_size=128, replication="once"), COARSE_RANGES, 75, 70, 5, 50_000, (1, 2, 7)
        ),
        confirm=ConfirmConfig(candidates=3, seeds=3),
        final=FinalConfig(epochs=14, train_images=60_000, seeds=4),
        improvements=ImprovementsConfig(recipe(epochs=5), recipe(epochs=5, batch_size=128), 10_000, seeds=3),
        robustness=RobustnessConfig(images=1_000),
        photo_model=PhotoConfig(photo_recipe(epochs=20, batch_size=128), 50_000),
        labels=LabelsConfig(
            recipe(epochs=16, batch_size=256, lr=0.15, ema=0.998, augmentation_set=7, replication="replace"),
            folds=4,
            train_images=60_000,
        ),
        export=ExportConfig(parity_images=10_000),
        ablation=AblationConfig(champion_recipe(epochs=12, batch_size=64, lr=0.05), 20_000, seeds=3),
        champion=ChampionConfig(champion_recipe(epochs=88), 50_000, 60_000, seeds=4),
        expected_minutes=24 * 60,
    )


def quick() -> Config:
    """Every stage for real on a subset: at most ten minutes on two CPU cores."""
    return Config(
        profile="quick",
        seed=0,
        split=SplitConfig(validated=1_000),
        eda=EdaConfig(),
        outliers=OutliersConfig(epochs=2, train_images=10_000),
        architectures=ArchitecturesConfig(recipe(epochs=3, batch_size=32), 1_000),
        augmentations=AugmentationsConfig(recipe(epochs=3, batch_size=64, replication="once"), 1_000, seeds=2),
        tuning=TuningConfig(recipe(epochs=3, batch_size=64, replication="once"), COARSE_RANGES, 7, 5, 3, 1_000, (1, 3)),
        confirm=ConfirmConfig(candidates=3, seeds=2),
        final=FinalConfig(epochs=1, train_images=50_000, seeds=1),
        improvements=ImprovementsConfig(recipe(epochs=4), recipe(epochs=4, batch_size=64), 400, seeds=2),
        robustness=RobustnessConfig(images=40),
        photo_model=PhotoConfig(photo_recipe(epochs=2, batch_size=128), 10_000),
        labels=LabelsConfig(small_recipe(epochs=2, batch_size=64), folds=2, train_images=4_000),
        export=ExportConfig(parity_images=200),
        ablation=AblationConfig(champion_recipe(epochs=2, batch_size=32, lr=0.05), 500, seeds=2),
        champion=ChampionConfig(champion_recipe(epochs=2, batch_size=64, lr=0.05), 4_000, 4_000, seeds=1),
        expected_minutes=9,
    )


def smoke() -> Config:
    """For tests: every stage, on a few hundred images."""
    return Config(
        profile="smoke",
        seed=0,
        split=SplitConfig(validated=100, tested=200),
        eda=EdaConfig(samples_per_class=5),
        outliers=OutliersConfig(epochs=1, train_images=500, worst_per_class=5),
        architectures=ArchitecturesConfig(recipe(epochs=1, batch_size=32), 64),
        augmentations=AugmentationsConfig(recipe(epochs=1, batch_size=32, replication="once"), 100, seeds=2),
        tuning=TuningConfig(recipe(epochs=1, batch_size=32, replication="once"), COARSE_RANGES, 4, 3, 3, 48, (1, 2)),
        confirm=ConfirmConfig(candidates=2, seeds=1),
        final=FinalConfig(epochs=1, train_images=400, seeds=2, gallery_per_class=10),
        improvements=ImprovementsConfig(recipe(epochs=1), recipe(epochs=1, batch_size=32), 64, seeds=2),
        robustness=RobustnessConfig(images=2),
        photo_model=PhotoConfig(photo_recipe(epochs=1, batch_size=32), 128),
        labels=LabelsConfig(small_recipe(epochs=1, batch_size=32), folds=2, train_images=200),
        export=ExportConfig(parity_images=50),
        ablation=AblationConfig(champion_recipe(epochs=1, batch_size=32), 32, seeds=1),
        champion=ChampionConfig(champion_recipe(epochs=1, batch_size=32), 64, 64, seeds=2),
        expected_minutes=1,
    )


PROFILES: dict[str, Callable[[], Config]] = {"full": full, "standard": standard, "quick": quick, "smoke": smoke}


def changed(config: Config, setting: str) -> Config:
    """The Config with one value set, e.g. `final.seeds=3` or `tuning.rungs=2,6,18`; it is kept in `settings`."""
    path, _, text = setting.partition("=")
    section, *rest = path.split(".")
    try:
        new = _changed(config, [section, *rest], text)
    except (AttributeError, ValueError, TypeError) as error:
        raise UserError(
            f"The setting {setting!r} will not do: write SECTION.NAME=VALUE, e.g. final.seeds=3."
        ) from error
    return dataclasses.replace(new, settings=(*config.settings, setting))


def _changed(value: Any, path: list[str], text: str) -> Any:
    old = getattr(value, path[0])
    if len(path) > 1:
        return dataclasses.replace(value, **{path[0]: _changed(old, path[1:], text)})
    if not isinstance(old, int | float | str | tuple | None):
        raise ValueError("not a value that can be written here")
    return dataclasses.replace(value, **{path[0]: _parsed(old, text)})


def _parsed(old: Any, text: str) -> Any:
    """The text as a value of the old one's kind; several values stand between commas."""
    if isinstance(old, tuple):
        return tuple(_parsed(old[0], part) for part in text.split(","))
    return int(text) if old is None else type(old)(text)


def profile(name: str) -> Config:
    """The Config of that name; UserError names the ones there are."""
    if name not in PROFILES:
        raise UserError(f"There is no profile {name!r}: choose one of {', '.join(PROFILES)}.")
    return PROFILES[name]()
