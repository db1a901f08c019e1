"""The contract between pipeline and portal: one frozen dataclass a document, one shape and dtype an array.

A run folder holds `manifest.json` and the files that it lists. JSON documents are instances of the classes here (each
names its own path); arrays are .npz files described in `artifacts.arrays`. Accuracies are fractions in 0..1, losses are
mean cross-entropy in nats, epochs count from 1, times are seconds and stand only in files under `clock/`: all other
files are the same, byte for byte, when the same run is made again on the same machine.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, FiniteFloat
from pydantic.dataclasses import dataclass

SCHEMA = 1

_config = ConfigDict(extra="forbid", allow_inf_nan=False)
document = dataclass(frozen=True, config=_config)

Accuracy = Annotated[float, Field(ge=0.0, le=1.0)]
Counts = tuple[int, ...]


class ArtifactError(ValueError):
    """A run, document or array that is missing, damaged or of another schema; the text is one sentence for a person."""


# ---------------------------------------------------------------------------------------------------------- manifest


@document
class FileRecord:
    sha256: str
    bytes: int


@document
class StageRecord:
    fingerprint: str
    files: tuple[str, ...]


@document
class TestRead:
    """One reading of the test set: by which frozen recipe, on how many images, when (UTC, ISO 8601)."""

    recipe_sha256: str
    images: int
    seeds: int
    at: str


@document
class Machine:
    """Where and with what a stage ran."""

    processor: str
    cores: int
    memory_gib: float
    device: str
    platform: str
    versions: dict[str, str]


@document
class Manifest:
    """`manifest.json`: what the run is, and the sha256 of every file in it."""

    PATH: ClassVar[str] = "manifest.json"
    schema: int
    name: str
    data: str
    data_sha256: dict[str, str]
    profile: str
    seed: int
    classes: tuple[str, ...]
    image_size: int
    config: dict[str, Any]
    machine: Machine
    stages: dict[str, StageRecord]
    files: dict[str, FileRecord]
    clock_files: dict[str, FileRecord]
    test_reads: tuple[TestRead, ...] = ()


# ------------------------------------------------------------------------------------------------------------ clock


@document
class TrialClock:
    """Wall-clock seconds of one trial, and since the stage began when it ended (pauses left out)."""

    seconds: float
    elapsed: float


@document
class StageClock:
    """`clock/STAGE.json`: how long a stage took, on what."""

    stage: str
    started: str
    finished: str
    seconds: float
    workers: int
    machine: Machine
    trials: dict[str, TrialClock] = Field(default_factory=dict)

    @staticmethod
    def path(stage: str) -> str:
        return f"clock/{stage}.json"


# ------------------------------------------------------------------------------------------------------ eda, outliers


@document
class EdaSummary:
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


@document
class OutliersSummary:
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


# ----------------------------------------------------------------------------------------------------------- training


@document
class Recipe:
    """How one network is trained. `weight_decay` is L2 on all weights; `epochs` is the most that are run.

    `replication`: `none` trains on each image as it is (or, with ops, as drawn anew each time it is seen: `replace`);
    `once` adds one augmented copy of the set, drawn before training (the deck); `every epoch` draws that copy anew.
    """

    architecture: str
    last_layers: int
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
    replication: Literal["none", "once", "every epoch", "replace"]


@document
class Curves:
    """One value an epoch. Train figures are those of the training batches themselves, augmented and in train mode."""

    train_loss: tuple[FiniteFloat, ...]
    train_accuracy: tuple[Accuracy, ...]
    val_loss: tuple[FiniteFloat, ...]
    val_accuracy: tuple[Accuracy, ...]


@document
class Fit:
    """One trained network, seen through its validation set."""

    seed: int
    curves: Curves
    best_epoch: int
    highest_val_accuracy: Accuracy
    lowest_val_loss: float
    highest_train_accuracy: Accuracy
    lowest_train_loss: float


@document
class LayerRow:
    """One convolution or fully connected layer, its BatchNorm counted in; shape without the batch axis."""

    name: str
    kind: str
    in_features: int
    out_features: int
    output_shape: tuple[int, ...]
    parameters: int
    macs: int


@document
class ArchitectureResult:
    name: str
    family: str
    layers: int
    parameters: int
    macs: int
    confidence: str
    layer_table: tuple[LayerRow, ...]
    fit: Fit


@document
class ArchitecturesSummary:
    """The seven networks on the same split with the same recipe (deck section 3); `best` by validation accuracy."""

    PATH: ClassVar[str] = "architectures/summary.json"
    recipe: Recipe
    train_images: int
    validation_images: int
    results: tuple[ArchitectureResult, ...]
    best: str


@document
class Spread:
    """Mean and sample standard deviation (None for n = 1) over n seeds, with a 95 % t-interval for the mean."""

    n: int
    mean: float
    std: float | None
    low: float | None
    high: float | None


@document
class SetResult:
    id: int
    title: str
    size: int
    fits: tuple[Fit, ...]
    val_accuracy: Spread


@document
class AugmentationsSummary:
    """The six trainsets (deck section 4) on the best network; `best` is the id with the highest mean val accuracy."""

    PATH: ClassVar[str] = "augmentations/summary.json"
    recipe: Recipe
    train_images: int
    sets: tuple[SetResult, ...]
    best: int
    ops: tuple[str, ...]


# ------------------------------------------------------------------------------------------------------------- search


@document
class TrialValues:
    lr: float
    weight_decay: float
    momentum: float
    last_layers: int
    optimizer: Literal["SGD", "SAM"]


@document
class Ranges:
    """What a search draws from: lr and weight decay log-uniform, momentum uniform, the others from the choices."""

    lr: tuple[float, float]
    weight_decay: tuple[float, float]
    momentum: tuple[float, float]
    last_layers: tuple[int, ...]
    optimizer: tuple[Literal["SGD", "SAM"], ...]


@document
class TrialResult:
    """`fit` is None where the trial failed; `reason` then says why."""

    number: int
    values: TrialValues
    fit: Fit | None
    reason: str = ""


@document
class SearchSummary:
    """One of the two random searches (deck section 4)."""

    search: Literal["coarse", "fine"]
    policy: Literal["deck"]
    recipe: Recipe
    train_images: int
    ranges: Ranges
    trials: tuple[TrialResult, ...]
    best: int

    @staticmethod
    def path(search: str) -> str:
        return f"tuning/{search}.json"


@document
class RangeCut:
    """How the fine ranges came from the coarse search: what its top trials span."""

    PATH: ClassVar[str] = "tuning/cut.json"
    top_trials: Counts
    before: Ranges
    after: Ranges


# -------------------------------------------------------------------------------------------------------------- final


@document
class ClassReport:
    name: str
    precision: float
    recall: float
    f1: float
    support: int


@document
class FinalSummary:
    """Training on train and validation data together, then one reading of the test set (deck section 5).

    The published model is the first seed, fixed before the reading. `loss`, `classes` and `confusion` (rows: true,
    columns: predicted) are the published model's; `accuracy_by_seed` follows `seeds`.
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


@document
class ConfusedPair:
    true: int
    predicted: int
    count: int


@document
class ErrorsSummary:
    """The published model's mistakes on the test set; the f1 lists are class numbers, best or worst first."""

    PATH: ClassVar[str] = "errors/summary.json"
    images: int
    mistakes: int
    pairs: tuple[ConfusedPair, ...]
    highest_f1: Counts
    lowest_f1: Counts
    mean_confidence_right: float
    mean_confidence_wrong: float


@document
class FilterSide:
    """Where a first-layer filter answers: shift of its activation's centre against the image's own, in -1..1
    (horizontal: left negative; vertical: top negative), averaged over test images."""

    filter: int
    horizontal: float
    vertical: float
    side: Literal["left", "right", "top", "bottom", "everywhere", "silent"]


@document
class FeatureMapsSummary:
    PATH: ClassVar[str] = "feature-maps/summary.json"
    layer: str
    images: int
    threshold: float
    filters: tuple[FilterSide, ...]


# ------------------------------------------------------------------------------------------------------- improvements


@document
class Variant:
    name: str
    recipe: Recipe
    fits: tuple[Fit, ...]
    val_accuracy: Spread


@document
class Comparison:
    """Difference of two variants' mean validation accuracy (second - first) with Welch's 95 % interval and p-value."""

    first: str
    second: str
    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    real: bool


@document
class Question:
    key: str
    text: str
    variants: tuple[Variant, ...]
    comparisons: tuple[Comparison, ...]


@document
class ImprovementsSummary:
    """The deck's own open questions (deck section 6), answered on validation data."""

    PATH: ClassVar[str] = "improvements/summary.json"
    train_images: int
    questions: tuple[Question, ...]


# ------------------------------------------------------------------------------------------------------------- export


@document
class Parity:
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


@document
class ExportedModel:
    """One ONNX file: input `images` uint8 (N, S, S), normalisation inside; outputs `logits`, `probabilities`,
    `embedding`, `feature_maps` (first layer). `precision` is that of the stored weights."""

    name: str
    role: Literal["final", "architecture"]
    file: str
    precision: Literal["fp32", "fp16", "int8"]
    parameters: int
    embedding_size: int
    feature_maps: tuple[int, int, int]
    parity: tuple[Parity, ...]


@document
class ExportSummary:
    PATH: ClassVar[str] = "models/summary.json"
    models: tuple[ExportedModel, ...]


DOCUMENTS: tuple[type, ...] = (
    Manifest,
    EdaSummary,
    OutliersSummary,
    ArchitecturesSummary,
    AugmentationsSummary,
    RangeCut,
    FinalSummary,
    ErrorsSummary,
    FeatureMapsSummary,
    ImprovementsSummary,
    ExportSummary,
)
