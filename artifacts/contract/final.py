"""The final model: test figures, mistakes, filters, and neighbors."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from artifacts.contract.base import Accuracy, Counts, Document
from artifacts.contract.training import Recipe, Spread


@dataclass(frozen=True)
class ClassReport(Document):
    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class FinalSummary(Document):
    """Training on train and validation data together, then one reading of the test set (deck section 5).

    The published model is the first seed, fixed before the reading. `loss`, `classes` and `confusion` (rows: true,
    columns: predicted) are the published model's; `accuracy_by_seed` follows `seeds`. `val_accuracy` is the recipe's
    mean over `val_seeds` seeds of stage confirm, trained on the train part alone.
    """

    PATH: ClassVar[str] = "final/summary.json"
    recipe: Recipe
    recipe_sha256: str
    chosen_by: str
    train_images: int
    test_images: int
    seeds: Counts
    accuracy: Accuracy
    standard_error: float
    loss: float
    accuracy_by_seed: tuple[Accuracy, ...]
    accuracy_spread: Spread
    val_accuracy: Accuracy
    classes: tuple[ClassReport, ...]
    macro: ClassReport
    weighted: ClassReport
    confusion: tuple[Counts, ...]
    train_loss: tuple[float, ...]
    train_accuracy: tuple[Accuracy, ...]
    val_seeds: int = 1


@dataclass(frozen=True)
class ConfusedPair(Document):
    true: int
    predicted: int
    count: int


@dataclass(frozen=True)
class ErrorsSummary(Document):
    """The published model's mistakes on the test set; the f1 lists are class numbers, best or worst first."""

    PATH: ClassVar[str] = "errors/summary.json"
    images: int
    mistakes: int
    pairs: tuple[ConfusedPair, ...]
    highest_f1: Counts
    lowest_f1: Counts
    mean_confidence_right: float
    mean_confidence_wrong: float


@dataclass(frozen=True)
class FilterSide(Document):
    """Where a first-layer filter responds: shift of its activation's center against the image's own, in -1..1
    (horizontal: left negative; vertical: top negative), averaged over test images."""

    filter: int
    horizontal: float
    vertical: float
    side: Literal["left", "right", "top", "bottom", "everywhere", "silent"]


@dataclass(frozen=True)
class FeatureMapsSummary(Document):
    PATH: ClassVar[str] = "feature-maps/summary.json"
    layer: str
    images: int
    threshold: float
    filters: tuple[FilterSide, ...]


@dataclass(frozen=True)
class EmbeddingMapSummary(Document):
    """The first `images` test images laid out in the plane by the final model's embedding.

    `trustworthiness` (0 to 1; Venna and Kaski 2001) falls for each image that the map places among another's
    `neighbours` nearest although it is farther away in the embedding; `flat_trustworthiness` is that of the first two
    principal components.
    """

    PATH: ClassVar[str] = "embedding-map/summary.json"
    method: str
    perplexity: float
    images: int
    neighbours: int
    trustworthiness: float
    flat_trustworthiness: float
