"""The contract between pipeline and portal: a frozen dataclass for each document, a dtype and shape for each array.

A run folder holds `manifest.json` and the files that it lists. JSON documents are instances of the classes here (each
names its own path); arrays are .npz files described in `artifacts.arrays`. Accuracies are fractions in 0..1, losses are
mean cross-entropy in nats, epochs count from 1. Times are seconds and appear only in files under `clock/`: all other
files are byte-identical when a run is repeated on the same machine.
"""

from artifacts.contract.base import SCHEMA, Accuracy, ArtifactError, Counts, Document
from artifacts.contract.data import EdaSummary, LabelsSummary, OutliersSummary
from artifacts.contract.experiments import (
    AblationSummary,
    ChampionSummary,
    Comparison,
    ImprovementsSummary,
    Question,
    RobustnessCurves,
    RobustnessSummary,
    Variant,
    Views,
)
from artifacts.contract.final import (
    ClassReport,
    ConfusedPair,
    EmbeddingMapSummary,
    ErrorsSummary,
    FeatureMapsSummary,
    FilterSide,
    FinalSummary,
)
from artifacts.contract.manifest import FileRecord, Machine, Manifest, StageClock, StageRecord, TestRead, TrialClock
from artifacts.contract.models import (
    ExportedModel,
    ExportSummary,
    LabelAnswers,
    Parity,
    PhotoEvaluation,
    PhotoStep,
    PhotoSummary,
)
from artifacts.contract.search import (
    Confirmed,
    ConfirmSummary,
    RangeCut,
    Ranges,
    SearchSummary,
    TrialResult,
    TrialValues,
)
from artifacts.contract.training import (
    ArchitectureResult,
    ArchitecturesSummary,
    AugmentationsSummary,
    Curves,
    Fit,
    LayerRow,
    Recipe,
    SetResult,
    Spread,
)

__all__ = [
    "DOCUMENTS",
    "SCHEMA",
    "AblationSummary",
    "Accuracy",
    "ArchitectureResult",
    "ArchitecturesSummary",
    "ArtifactError",
    "AugmentationsSummary",
    "ChampionSummary",
    "ClassReport",
    "Comparison",
    "ConfirmSummary",
    "Confirmed",
    "ConfusedPair",
    "Counts",
    "Curves",
    "Document",
    "EdaSummary",
    "EmbeddingMapSummary",
    "ErrorsSummary",
    "ExportSummary",
    "ExportedModel",
    "FeatureMapsSummary",
    "FileRecord",
    "FilterSide",
    "FinalSummary",
    "Fit",
    "ImprovementsSummary",
    "LabelAnswers",
    "LabelsSummary",
    "LayerRow",
    "Machine",
    "Manifest",
    "OutliersSummary",
    "Parity",
    "PhotoEvaluation",
    "PhotoStep",
    "PhotoSummary",
    "Question",
    "RangeCut",
    "Ranges",
    "Recipe",
    "RobustnessCurves",
    "RobustnessSummary",
    "SearchSummary",
    "SetResult",
    "Spread",
    "StageClock",
    "StageRecord",
    "TestRead",
    "TrialClock",
    "TrialResult",
    "TrialValues",
    "Variant",
    "Views",
]

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
