"""Stage errors: the published model's mistakes on the test set, ranked by confidence (deck section 5)."""

import numpy as np

from artifacts.contract import ConfusedPair, ErrorsSummary, FinalSummary
from pipeline.stages.context import Context


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


def confused_pairs(confusion: np.ndarray) -> tuple[ConfusedPair, ...]:
    """Return every pair that a matrix (true, predicted) confuses, most frequent first; its mirror is another pair."""
    off_diagonal = confusion * (1 - np.eye(len(confusion), dtype=confusion.dtype))
    pairs = [ConfusedPair(int(t), int(p), int(off_diagonal[t, p])) for t, p in np.argwhere(off_diagonal)]
    return tuple(sorted(pairs, key=lambda pair: -pair.count))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
