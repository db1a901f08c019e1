"""The exported networks, the photo model, and what was measured on photographs."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from artifacts.contract.base import Accuracy, Counts, Document
from artifacts.contract.training import Fit, Recipe


@dataclass(frozen=True)
class PhotoSummary(Document):
    """The network for visitors' photos: trained on Fashion-MNIST, randomized toward what preparation gives, and on
    photographs where there is a PhotoTraining.

    Its ONNX file (role `photo`) has one output more than the others: `rejection` (N,), the higher, the more likely none
    of the classes. Over several views of one photo, probabilities and rejection are averaged; a mean above
    `reject_above` says "none of these". `temperature` (already inside the file) and `reject_above` were chosen on
    randomized validation images and outliers made from validation images (with photographs, the threshold on those
    held back); the shares are measured on them.
    `kept_plain` is the share of validation images, as they are, that the threshold keeps.

    `log_prior` is subtracted from the logits of the classes, in their order and already inside the file: the log of the
    mean answer to `prior_images` outliers made from training images, which shows the classes that unclear pictures are
    taken for. Empty: nothing is subtracted.
    """

    PATH: ClassVar[str] = "photo-model/summary.json"
    recipe: Recipe
    recipe_sha256: str
    parameters: int
    train_images: int
    fit: Fit
    temperature: float
    reject_above: float
    kept_randomised: float
    kept_plain: float
    caught_outliers: float
    outlier_auroc: float
    validation_accuracy: Accuracy
    randomised_accuracy: Accuracy
    calibration_error: float
    test_accuracy: Accuracy
    test_images: int
    log_prior: tuple[float, ...] = ()
    prior_images: int = 0


@dataclass(frozen=True)
class PhotoTraining(Document):
    """The photographs that the photo model was trained on beside Fashion-MNIST; without this document, on none.

    `source` and `license` name every folder and, in order, its license where it is known; `commit` is the public
    collection's, else empty. `sha256` is over all names and contents.
    `photographs` were trained on, by `labels`, with `crops` of them that show no garment; `unreadable` files were left
    out. `held` were kept back, `held_garments` of them garments: `reject_above` keeps a fixed share of these. Balanced
    accuracy and AUROC are measured on those held back, which show the same homes.
    """

    PATH: ClassVar[str] = "photo-model/photographs.json"
    source: str
    commit: str
    license: str
    sha256: str
    photographs: int
    labels: dict[str, int]
    crops: int
    unreadable: int
    held: int
    held_garments: int
    balanced_accuracy: Accuracy
    rejection_auroc: Accuracy | None
    kept: float


@dataclass(frozen=True)
class Parity(Document):
    """ONNX against torch on the same images: on the test images no label is used, accuracy is on validation images
    (for the final model: on test images, from the one reading)."""

    precision: Literal["fp32", "fp16", "int8"]
    images: int
    max_logit_difference: float
    argmax_equal: int
    accuracy_split: Literal["validation", "test"]
    accuracy_images: int
    torch_accuracy: Accuracy
    onnx_accuracy: Accuracy
    bytes: int


@dataclass(frozen=True)
class ExportedModel(Document):
    """One ONNX file: input `images` uint8 (N, S, S), normalization inside; outputs `logits`, `probabilities`,
    `embedding`, `feature_maps` (first layer). `precision` is that of the stored weights."""

    name: str
    role: Literal["final", "architecture", "photo", "champion"]
    file: str
    precision: Literal["fp32", "fp16", "int8"]
    parameters: int
    embedding_size: int
    feature_maps: tuple[int, int, int]
    parity: tuple[Parity, ...]


@dataclass(frozen=True)
class ExportSummary(Document):
    PATH: ClassVar[str] = "models/summary.json"
    models: tuple[ExportedModel, ...]


@dataclass(frozen=True)
class LabelAnswers(Document):
    """What a network answered for one label's photos: how often each class came first, in the order of the classes.

    `right` are the classes that count as right, none where the label is no class of the run. `rejected` counts the
    photos answered "none of these", which `answers` counts too; None if nothing can be rejected.
    """

    name: str
    right: tuple[str, ...]
    answers: Counts
    rejected: int | None


@dataclass(frozen=True)
class PhotoStep(Document):
    """One way to prepare photos and the network that answered for them.

    `balanced_accuracy` is the mean over the labels with right classes of the share answered right, `rejection_auroc`
    the chance that a photo of no class gets the higher rejection score than one of a class. `earlier` is a photo model
    of another run, for comparison.
    """

    name: str
    what: str
    network: Literal["final", "earlier", "photo"]
    labels: tuple[LabelAnswers, ...]
    balanced_accuracy: Accuracy
    rejection_auroc: Accuracy | None


@dataclass(frozen=True)
class PhotoEvaluation(Document):
    """Labelled photographs, answered after each step of preparation; numbers only, and never a photo.

    `source` and `license` name the photographs, `measured` the day (ISO 8601). `networks` are the sha256 sums of the
    files that answered, by name. The last step is what a visitor gets.
    """

    PATH: ClassVar[str] = "photos.json"
    source: str
    license: str
    measured: str
    photos: int
    classes: tuple[str, ...]
    networks: dict[str, str]
    steps: tuple[PhotoStep, ...]
