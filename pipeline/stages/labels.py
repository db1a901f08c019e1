"""Stage labels: suspected label errors in the training file, by out-of-fold predictions.

Every image is predicted by the one network of k that was not trained on it, after its last epoch. cleanlab then
estimates which labels are wrong (confident learning, Northcutt et al. 2021, arXiv:1911.00068). Test labels are unused.
"""

from dataclasses import dataclass
from importlib import metadata

import numpy as np

from artifacts.contract import LabelsSummary
from pipeline.config import LabelsConfig
from pipeline.stages.context import Context
from pipeline.stages.experiments import fits_of, trial_of
from pipeline.support.statistics import confused_pairs
from pipeline.training.trials import Fold, TrialSpec, held_out

FILTER = "prune_by_noise_rate"  # cleanlab's default; its estimate is calibrated to the noise it finds in each class


@dataclass(frozen=True)
class OutOfFold:
    """`index` uint32 (N,) of the training file, sorted; `labels` as given; `probabilities` float32 (N, classes)."""

    index: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray


def run(context: Context) -> None:
    """Write `labels/summary.json`, all suspected labels, and the pictures of the most suspicious ones."""
    plan = specs(context)
    fits_of(context.run_trials(plan, [f"fold {number}" for number in range(len(plan))]))
    answers = _out_of_fold(context, plan)
    issues = suspected(answers)
    context.write_arrays("labels/suspects.npz", _pictures(context, answers, issues))
    index = answers.index[issues]
    rows = np.flatnonzero(np.isin(context.validated, index))
    context.write_arrays("labels/issues.npz", {"index": index, "in_validation": rows.astype(np.uint32)})
    context.write(summarise(context.config.labels, len(context.dataset.classes), answers, issues))


def specs(context: Context) -> list[TrialSpec]:
    """Return one trial for each fold, all with the run's seed."""
    config = context.config.labels
    return [
        trial_of(
            context,
            config.recipe,
            context.config.seed,
            part="all",
            train_images=config.train_images,
            trials=config.folds,
            fold=Fold(number, config.folds),
        )
        for number in range(config.folds)
    ]


def _out_of_fold(context: Context, plan: list[TrialSpec]) -> OutOfFold:
    index = np.concatenate([held_out(context.dataset, spec) for spec in plan])
    probabilities = np.concatenate([context.pool.finished(spec).arrays()["val_probabilities"] for spec in plan])
    order = np.argsort(index)
    probabilities = probabilities[order].astype(np.float32)
    probabilities /= probabilities.sum(axis=1, keepdims=True)  # they were kept as float16
    return OutOfFold(index[order], context.dataset.train_labels[index[order]], probabilities)


def suspected(answers: OutOfFold) -> np.ndarray:
    """Return rows of `answers` whose label cleanlab considers wrong, the least probable label first."""
    from cleanlab.filter import find_label_issues  # imports pandas, which the training processes do without

    rows = find_label_issues(
        answers.labels.astype(np.int64),
        answers.probabilities,
        filter_by=FILTER,
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    return np.asarray(rows, dtype=np.int64)


def summarise(config: LabelsConfig, classes: int, answers: OutOfFold, issues: np.ndarray) -> LabelsSummary:
    predicted = answers.probabilities.argmax(axis=1)
    right = predicted == answers.labels
    confusion = np.zeros((classes, classes), dtype=int)
    np.add.at(confusion, (answers.labels[issues], predicted[issues]), 1)
    other = np.ones(len(right), dtype=bool)
    other[issues] = False
    return LabelsSummary(
        recipe=config.recipe,
        folds=config.folds,
        images=len(right),
        method=f"cleanlab {metadata.version('cleanlab')}, find_label_issues, {FILTER}",
        accuracy=float(right.mean()),
        accuracy_without=float(right[other].mean()),
        mistakes=int((~right).sum()),
        mistakes_left=int((~right & other).sum()),
        issues=len(issues),
        issues_by_class=tuple(int(n) for n in np.bincount(answers.labels[issues], minlength=classes)),
        pairs=confused_pairs(confusion),
    )


def _pictures(context: Context, answers: OutOfFold, issues: np.ndarray) -> dict[str, np.ndarray]:
    """The most suspicious of `issues`, as many as the configuration keeps."""
    shown = issues[: context.config.labels.pictures]
    return {
        "index": answers.index[shown],
        "images": context.dataset.train_images[answers.index[shown]],
        "given": answers.labels[shown],
        "suggested": answers.probabilities[shown].argmax(axis=1).astype(np.uint8),
        "probabilities": answers.probabilities[shown].astype(np.float16),
    }
