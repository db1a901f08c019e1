"""Stage errors: the published model's mistakes on the test set, ranked by confidence (deck section 5)."""

import numpy as np

from artifacts.contract import ErrorsSummary, FinalSummary
from pipeline.stages.context import Context
from pipeline.support.statistics import confused_pairs


def run(context: Context) -> None:
    """Write `errors/summary.json` and `errors/mistakes.npz` from what `final` measured; the model is not run again."""
    summary = context.document(FinalSummary)
    probabilities = context.arrays("final/test.npz")["probabilities"]
    labels = context.dataset.test_labels
    predicted, confidence = probabilities.argmax(1), probabilities.max(1)
    right = predicted == labels
    wrong = np.flatnonzero(~right)
    ranked = wrong[np.argsort(-confidence[wrong], kind="stable")]
    mistakes = {
        "index": ranked.astype(np.uint32),
        "true": labels[ranked],
        "predicted": predicted[ranked].astype(np.uint8),
        "confidence": confidence[ranked],
    }
    context.write_arrays("errors/mistakes.npz", mistakes)
    order = np.argsort([-report.f1 for report in summary.classes], kind="stable")
    context.write(
        ErrorsSummary(
            images=len(labels),
            mistakes=len(wrong),
            pairs=confused_pairs(np.array(summary.confusion)),
            highest_f1=tuple(int(number) for number in order[:3]),
            lowest_f1=tuple(int(number) for number in order[::-1][:3]),
            mean_confidence_right=_mean(confidence[right]),
            mean_confidence_wrong=_mean(confidence[wrong]),
        )
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
