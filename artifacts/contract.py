"""The contract between pipeline and portal: one frozen dataclass a document, one shape and dtype an array.

A run folder holds `manifest.json` and the files that it lists. JSON documents are instances of the classes here (each
names its own path); arrays are .npz files described in `artifacts.arrays`. Accuracies are fractions in 0..1, losses are
mean cross-entropy in nats, epochs count from 1, times are seconds and stand only in files under `clock/`: all other
files are the same, byte for byte, when the same run is made again on the same machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, FiniteFloat

SCHEMA = 1

Accuracy = Annotated[float, Field(ge=0.0, le=1.0)]
Counts = tuple[int, ...]


class ArtifactError(ValueError):
    """A run, document or array that is missing, damaged or of another schema; the text is one sentence for a person."""


class Document:
    """Base of all documents: unknown fields and numbers that are not finite are refused when one is decoded."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)


# ---------------------------------------------------------------------------------------------------------- manifest


@dataclass(frozen=True)
class FileRecord(Document):
    sha256: str
    bytes: int


@dataclass(frozen=True)
class StageRecord(Document):
    fingerprint: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class TestRead(Document):
    """One reading of the test set: for which model, by which frozen recipe, how many images, when (UTC, ISO 8601)."""

    model: Literal["final", "photo", "champion"]
    recipe_sha256: str
    images: int
    seeds: int
    at: str


@dataclass(frozen=True)
class Machine(Document):
    """Where and with what a stage ran."""

    processor: str
    cores: int
    memory_gib: float
    device: str
    platform: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Manifest(Document):
    """`manifest.json`: what the run is, and the sha256 of every file in it. `settings` are changes to the profile.

    `seal` is the sha256 of the manifest's own bytes with an empty seal; manifests of earlier versions have none.
    """

    PATH: ClassVar[str] = "manifest.json"
    schema: int
    name: str
    data: str
    data_sha256: dict[str, str]
    profile: str
    settings: tuple[str, ...]
    seed: int
    classes: tuple[str, ...]
    image_size: int
    config: dict[str, Any]
    machine: Machine
    stages: dict[str, StageRecord]
    files: dict[str, FileRecord]
    clock_files: dict[str, FileRecord]
    test_reads: tuple[TestRead, ...] = ()
    seal: str = ""


# ------------------------------------------------------------------------------------------------------------ clock


@dataclass(frozen=True)
class TrialClock(Document):
    """Wall-clock seconds of one trial, and since the stage began when it ended (pauses left out)."""

    seconds: float
    elapsed: float


@dataclass(frozen=True)
class StageClock(Document):
    """`clock/STAGE.json`: how long a stage took, on what."""

    stage: str
    started: str
    finished: str
    seconds: float
    workers: int
    machine: Machine
    trials: dict[str, TrialClock] = field(default_factory=dict)

    @staticmethod
    def path(stage: str) -> str:
        return f"clock/{stage}.json"


# ------------------------------------------------------------------------------------------------------ eda, outliers


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


# ----------------------------------------------------------------------------------------------------------- training


@dataclass(frozen=True)
class Recipe(Document):
    """How one network is trained. `weight_decay` is L2 on all weights; `epochs` is the most that are run.

    `replication`: `none` trains on each image as it is (or, with ops, as drawn anew each time it is seen: `replace`);
    `once` adds one augmented copy of the set, drawn before training (the deck); `every epoch` draws that copy anew;
    `mixed` is `replace`, and half of the batches are mixed by CutMix; `randomised` is the photo model's: every image as
    a visitor's photo might show it, and outliers of no class.
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
    """One trained network, seen through its validation set."""

    seed: int
    curves: Curves
    best_epoch: int
    highest_val_accuracy: Accuracy
    lowest_val_loss: float
    highest_train_accuracy: Accuracy
    lowest_train_loss: float


@dataclass(frozen=True)
class LayerRow(Document):
    """One convolution or fully connected layer, its BatchNorm counted in; shape without the batch axis."""

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


# ------------------------------------------------------------------------------------------------------------- search


@dataclass(frozen=True)
class TrialValues(Document):
    lr: float
    weight_decay: float
    momentum: float
    last_layers: Literal[2, 3]
    optimizer: Literal["SGD", "SAM"]


@dataclass(frozen=True)
class Ranges(Document):
    """What a search draws from: lr and weight decay log-uniform, momentum uniform, the others from the choices."""

    lr: tuple[float, float]
    weight_decay: tuple[float, float]
    momentum: tuple[float, float]
    last_layers: tuple[Literal[2, 3], ...]
    optimizer: tuple[Literal["SGD", "SAM"], ...]


@dataclass(frozen=True)
class TrialResult(Document):
    """`fit` is that of the highest rung reached, None where the trial failed there; `reason` then says why.

    `earlier` are the fits of the rungs below, in order; there are none under policy `deck`.
    """

    number: int
    values: TrialValues
    fit: Fit | None
    reason: str = ""
    earlier: tuple[Fit, ...] = ()

    @property
    def rung(self) -> int:
        """The highest rung that the trial was trained on, counted from 1."""
        return len(self.earlier) + 1

    @property
    def rank(self) -> tuple[int, float]:
        """What trials are compared by: the rung reached, then the accuracy there; a failed trial is the worst."""
        return (self.rung, self.fit.highest_val_accuracy) if self.fit else (0, -1.0)


@dataclass(frozen=True)
class SearchSummary(Document):
    """One of the two random searches (deck section 4); `best` is the number of the trial that ranks first.

    Policy `deck` trains every trial in full, with early stopping. `halving` is successive halving with restarts: all
    trials train for the first of the `rungs` (epochs), the best third of them again, from new weights, for the second,
    and so on; each of these is a complete run with a schedule of its own. `recipe` has the epochs of the last rung.
    """

    search: Literal["coarse", "fine"]
    policy: Literal["deck", "halving"]
    recipe: Recipe
    train_images: int
    validation_images: int
    ranges: Ranges
    trials: tuple[TrialResult, ...]
    best: int
    rungs: Counts = ()

    @staticmethod
    def path(search: str) -> str:
        return f"tuning/{search}.json"

    @staticmethod
    def clock_name(trial: int, rung: int) -> str:
        """What the stage's clock calls a trial's training on a rung."""
        return str(trial) if rung == 1 else f"{trial} rung {rung}"


@dataclass(frozen=True)
class RangeCut(Document):
    """How the fine ranges came from the coarse search: what its top trials span."""

    PATH: ClassVar[str] = "tuning/cut.json"
    top_trials: Counts
    before: Ranges
    after: Ranges


@dataclass(frozen=True)
class Confirmed(Document):
    """A trial of a search, trained again in full with seeds that had no part in its choice.

    `search_accuracy` is what the search reported, with a seed of its own and `search_epochs` epochs (fewer than here if
    the trial never reached the last rung). `val_accuracy` is the spread over the new seeds' `fits`, None if all failed;
    `reason` says why a seed failed, if one did.
    """

    search: Literal["coarse", "fine"]
    trial: int
    values: TrialValues
    search_accuracy: Accuracy
    search_epochs: int
    fits: tuple[Fit, ...]
    val_accuracy: Spread | None
    reason: str = ""


@dataclass(frozen=True)
class ConfirmSummary(Document):
    """The searches' best trials, best first by the searches' own figures; `best` is the place, from 0, of the one with
    the highest mean, whose values the final model gets. All train by `recipe` with their own values."""

    PATH: ClassVar[str] = "confirm/summary.json"
    recipe: Recipe
    train_images: int
    validation_images: int
    candidates: tuple[Confirmed, ...]
    best: int

    @property
    def winner(self) -> Confirmed:
        return self.candidates[self.best]


# -------------------------------------------------------------------------------------------------------------- final


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
    """Where a first-layer filter answers: shift of its activation's centre against the image's own, in -1..1
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

    `trustworthiness` (0 to 1; Venna and Kaski 2001) falls for each image that the map puts among another's
    `neighbours` nearest though the embedding has it farther away; `flat_trustworthiness` is that of the first two
    principal components.
    """

    PATH: ClassVar[str] = "embedding-map/summary.json"
    method: str
    perplexity: float
    images: int
    neighbours: int
    trustworthiness: float
    flat_trustworthiness: float


# ------------------------------------------------------------------------------------------------------------- labels


@dataclass(frozen=True)
class LabelsSummary(Document):
    """What networks that were not trained on an image say of its label: k-fold over training and validation data.

    `issues` is `method`'s estimate of how many labels are wrong, not a truth; `issues_by_class` counts them by given
    label, `pairs` by given label (`true`) and suggested one (`predicted`). `accuracy` is the out-of-fold answers',
    `accuracy_without` theirs on the images that are no issue. Of the `mistakes`, `mistakes_left` are no issue either.
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


# ------------------------------------------------------------------------------------------------------- improvements


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


# --------------------------------------------------------------------------------------------------------- robustness


@dataclass(frozen=True)
class RobustnessCurves(Document):
    """Accuracy of one network by corruption, in the order of its strengths. `name` is a network's, or a trainset's id:
    then it is the network of the trainset's first seed."""

    name: str
    kind: Literal["network", "trainset"]
    accuracy: dict[str, tuple[Accuracy, ...]]


@dataclass(frozen=True)
class RobustnessSummary(Document):
    """Validation accuracy on spoiled images (`artifacts.corruptions`); each corruption's first strength is 0."""

    PATH: ClassVar[str] = "robustness/summary.json"
    validation_images: int
    strengths: dict[str, tuple[float, ...]]
    curves: tuple[RobustnessCurves, ...]


# -------------------------------------------------------------------------------------------------------- photo model


@dataclass(frozen=True)
class PhotoSummary(Document):
    """The network for visitors' photos: trained on Fashion-MNIST alone, randomised toward what preparation gives.

    Its ONNX file (role `photo`) has one output more than the others: `rejection` (N,), the higher, the more likely none
    of the classes. Over several views of one photo, probabilities and rejection are averaged; a mean above
    `reject_above` says "none of these". `temperature` (already inside the file) and `reject_above` were chosen on
    randomised validation images and outliers made from validation images; the shares are measured on them.
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


# ------------------------------------------------------------------------------------------------------------- export


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
    """One ONNX file: input `images` uint8 (N, S, S), normalisation inside; outputs `logits`, `probabilities`,
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


# ----------------------------------------------------------------------------------------------------------- champion


@dataclass(frozen=True)
class Views(Document):
    """Accuracy of the same networks, one a seed, asked in four ways: each alone on the image as it is (`single`), each
    on the image and its mirror image (`mirrored`, mean of probabilities), all together (`ensemble`), all on both."""

    images: int
    seeds: Counts
    single: tuple[Accuracy, ...]
    mirrored: tuple[Accuracy, ...]
    ensemble: Accuracy
    ensemble_mirrored: Accuracy


@dataclass(frozen=True)
class AblationSummary(Document):
    """What each part of the champion's recipe gives at a small budget of `train_images` training images.

    In `question` the recipe stands against itself with one part less, or one more, the same seeds each, on validation
    images; its first variant is the champion. `student` names the variant that learned from the `ensemble` of the
    champion's networks; `views` are these networks', on validation images.
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
    hold against other validation figures. `earlier` are that network's fits of the rounds before its last one: from the
    second round on a network starts from its weights of the round before. The networks of `test` were trained on
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


# ------------------------------------------------------------------------------------ photos measured, beside the runs


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
    the chance that a photo of no class gets the higher rejection score than one of a class.
    """

    name: str
    what: str
    network: Literal["final", "photo"]
    labels: tuple[LabelAnswers, ...]
    balanced_accuracy: Accuracy
    rejection_auroc: Accuracy | None


@dataclass(frozen=True)
class PhotoEvaluation(Document):
    """Labelled photographs, answered after each step of preparation; numbers only, and never a photo.

    `source` and `licence` name the photographs, `measured` the day (ISO 8601). `networks` are the sha256 sums of the
    files that answered, by name. The last step is what a visitor gets.
    """

    PATH: ClassVar[str] = "photos.json"
    source: str
    licence: str
    measured: str
    photos: int
    classes: tuple[str, ...]
    networks: dict[str, str]
    steps: tuple[PhotoStep, ...]


DOCUMENTS: tuple[type, ...] = (
    Manifest,
    EdaSummary,
    OutliersSummary,
    ArchitecturesSummary,
    AugmentationsSummary,
    RangeCut,
    ConfirmSummary,
    FinalSummary,
    ErrorsSummary,
    FeatureMapsSummary,
    ImprovementsSummary,
    RobustnessSummary,
    PhotoSummary,
    LabelsSummary,
    ExportSummary,
    AblationSummary,
    ChampionSummary,
)
