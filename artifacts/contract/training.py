"""Recipes, results of trainings, and the comparisons of networks and trainsets."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import FiniteFloat

from artifacts.contract.base import Accuracy, Document


@dataclass(frozen=True)
class Recipe(Document):
    """How one network is trained. `weight_decay` is L2 on all weights; `epochs` is the most that are run.

    `replication`: `none` trains on each image as it is (or, with ops, as drawn anew each time it is seen: `replace`);
    `once` adds one augmented copy of the set, drawn before training (the deck); `every epoch` draws that copy anew;
    `mixed` is `replace`, and half of the batches are mixed by CutMix; `randomised` is the photo model's: every image
    randomized to look like a visitor's photo, plus outliers of no class.
    """

    architecture: str
    last_layers: Literal[2, 3]
    optimizer: Literal["SGD", "SAM", "ASAM"]
    lr: float
    weight_decay: float
    momentum: float
    rho: float
    batch_size: int
    epochs: int
    patience: int
    schedule: Literal["one-cycle", "constant"]
    label_smoothing: float
    ema: float
    dropout: float
    augmentation_set: int
    replication: Literal["none", "once", "every epoch", "replace", "mixed", "randomised"]


@dataclass(frozen=True)
class Curves(Document):
    """One value an epoch. Train figures are those of the training batches themselves, augmented and in train mode."""

    train_loss: tuple[FiniteFloat, ...]
    train_accuracy: tuple[Accuracy, ...]
    val_loss: tuple[FiniteFloat, ...]
    val_accuracy: tuple[Accuracy, ...]


@dataclass(frozen=True)
class Fit(Document):
    """Result of one training, judged on the validation set."""

    seed: int
    curves: Curves
    best_epoch: int
    highest_val_accuracy: Accuracy
    lowest_val_loss: float
    highest_train_accuracy: Accuracy
    lowest_train_loss: float


@dataclass(frozen=True)
class LayerRow(Document):
    """One convolution or fully connected layer including its BatchNorm; shape without the batch axis."""

    name: str
    kind: str
    in_features: int
    out_features: int
    output_shape: tuple[int, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class ArchitectureResult(Document):
    name: str
    family: str
    layers: int
    parameters: int
    macs: int
    confidence: str
    layer_table: tuple[LayerRow, ...]
    fit: Fit


@dataclass(frozen=True)
class ArchitecturesSummary(Document):
    """The seven networks on the same split with the same recipe (deck section 3); `best` by validation accuracy."""

    PATH: ClassVar[str] = "architectures/summary.json"
    recipe: Recipe
    train_images: int
    validation_images: int
    results: tuple[ArchitectureResult, ...]
    best: str


@dataclass(frozen=True)
class Spread(Document):
    """Mean and sample standard deviation (None for n = 1) over n seeds, with a 95 % t-interval for the mean."""

    n: int
    mean: float
    std: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class SetResult(Document):
    id: int
    title: str
    size: int
    fits: tuple[Fit, ...]
    val_accuracy: Spread


@dataclass(frozen=True)
class AugmentationsSummary(Document):
    """The six trainsets (deck section 4) on the best network; `best` is the id with the highest mean val accuracy."""

    PATH: ClassVar[str] = "augmentations/summary.json"
    recipe: Recipe
    train_images: int
    validation_images: int
    sets: tuple[SetResult, ...]
    best: int
    ops: tuple[str, ...]
