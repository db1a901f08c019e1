"""Documents about the data itself: exploration, outliers, suspected labels."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from artifacts.contract.base import Accuracy, Counts, Document
from artifacts.contract.final import ConfusedPair
from artifacts.contract.training import Recipe


@dataclass(frozen=True)
class EdaSummary(Document):
    """Class distribution and pixel statistics (deck section 1); pixels are 0..255, histogram bins equal in width."""

    PATH: ClassVar[str] = "eda/summary.json"
    split_seed: int
    counts: dict[Literal["train", "validation", "test"], Counts]
    pixel_mean: float
    pixel_std: float
    pixel_min: int
    pixel_max: int
    zero_share: float
    histogram_edges: tuple[float, ...]
    histogram_counts: Counts
    class_pixel_mean: tuple[float, ...]
    class_coverage: tuple[float, ...]


@dataclass(frozen=True)
class OutliersSummary(Document):
    """A convolutional autoencoder's reconstruction error (mean squared, pixels in 0..1) of every training image."""

    PATH: ClassVar[str] = "outliers/summary.json"
    images: int
    parameters: int
    epochs: int
    train_loss: tuple[float, ...]
    histogram_edges: tuple[float, ...]
    histogram_counts: Counts
    class_mean_error: tuple[float, ...]
    worst_per_class: int


@dataclass(frozen=True)
class LabelsSummary(Document):
    """Suspected labels by k-fold out-of-fold predictions over training and validation data.

    `issues` is `method`'s estimate of the number of wrong labels, not a truth; `issues_by_class` counts them by given
    label, `pairs` by given label (`true`) and suggested one (`predicted`). `accuracy` is that of the out-of-fold
    predictions, `accuracy_without` theirs on the other images. Of the `mistakes`, `mistakes_left` are not suspected.
    """

    PATH: ClassVar[str] = "labels/summary.json"
    recipe: Recipe
    folds: int
    images: int
    method: str
    accuracy: Accuracy
    accuracy_without: Accuracy
    mistakes: int
    mistakes_left: int
    issues: int
    issues_by_class: Counts
    pairs: tuple[ConfusedPair, ...]
