"""Experiments beyond the deck: its open questions, robustness, the champion, and its ablation."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from artifacts.contract.base import Accuracy, Counts, Document
from artifacts.contract.models import ExportedModel
from artifacts.contract.training import Fit, Recipe, Spread


@dataclass(frozen=True)
class Variant(Document):
    name: str
    recipe: Recipe
    fits: tuple[Fit, ...]
    val_accuracy: Spread


@dataclass(frozen=True)
class Comparison(Document):
    """Difference of two variants' mean validation accuracy (second - first) with Welch's 95 % interval and p-value."""

    first: str
    second: str
    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    real: bool


@dataclass(frozen=True)
class Question(Document):
    key: str
    text: str
    variants: tuple[Variant, ...]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class ImprovementsSummary(Document):
    """The deck's own open questions (deck section 6), answered on validation data."""

    PATH: ClassVar[str] = "improvements/summary.json"
    train_images: int
    validation_images: int
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class RobustnessCurves(Document):
    """Accuracy of one network by corruption, in the order of its strengths. `name` is a network or the id of a
    trainset, which stands for the network of its first seed."""

    name: str
    kind: Literal["network", "trainset"]
    accuracy: dict[str, tuple[Accuracy, ...]]


@dataclass(frozen=True)
class RobustnessSummary(Document):
    """Validation accuracy on corrupted images (`artifacts.corruptions`); each corruption's first strength is 0."""

    PATH: ClassVar[str] = "robustness/summary.json"
    validation_images: int
    strengths: dict[str, tuple[float, ...]]
    curves: tuple[RobustnessCurves, ...]


@dataclass(frozen=True)
class Views(Document):
    """Accuracy of the same networks, one for each seed, in four ways: each alone (`single`), each on the image and its
    mirror image (`mirrored`, mean of probabilities), all together (`ensemble`), all together on both."""

    images: int
    seeds: Counts
    single: tuple[Accuracy, ...]
    mirrored: tuple[Accuracy, ...]
    ensemble: Accuracy
    ensemble_mirrored: Accuracy


@dataclass(frozen=True)
class AblationSummary(Document):
    """Effect of each part of the champion's recipe at a small budget of `train_images` training images.

    `question` compares the recipe with variants that have one part less, or one more, with the same seeds on
    validation images; its first variant is the champion. `student` names the variant that learned from the
    `ensemble` of the champion's networks; `views` are those of these networks on validation images.
    """

    PATH: ClassVar[str] = "champion/ablation.json"
    question: Question
    train_images: int
    validation_images: int
    student: str
    views: Views


@dataclass(frozen=True)
class ChampionSummary(Document):
    """Beyond the deck: its own network, or another under 3 million parameters, with a better recipe.

    `fit` is the recipe in full on `fit_images` of the train part, one seed, judged on validation images: the figure to
    compare with other validation figures. `earlier` are that network's fits before its last warm restart, each of which
    continues from the weights of the one before. The networks of `test` were trained on
    `train_images` of train and validation data together; the published one is the first seed's, and all four views were
    fixed before the reading.
    """

    PATH: ClassVar[str] = "champion/summary.json"
    recipe: Recipe
    recipe_sha256: str
    layers: int
    parameters: int
    macs: int
    fit: Fit
    fit_images: int
    fit_mirrored: Accuracy
    validation_images: int
    train_images: int
    test: Views
    accuracy: Accuracy
    standard_error: float
    accuracy_spread: Spread
    model: ExportedModel
    earlier: tuple[Fit, ...] = ()
