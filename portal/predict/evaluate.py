"""Labelled photos against a run's answers: a folder a label, balanced accuracy, and how well rejection separates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artifacts.photo.labels import Label
from portal.predict.answers import Answer


@dataclass(frozen=True)
class LabelScore:
    """Shares of a label's `photos` answered right by the top class, rejected or not, and rejected.

    `right` is None for a label of no class; `rejected` where the run cannot reject; both where no photo was readable.
    """

    name: str
    answers: tuple[str, ...]
    photos: int
    right: float | None
    rejected: float | None


@dataclass(frozen=True)
class Evaluation:
    """`balanced_accuracy` is the mean of the labels' `right`; `rejection_auroc` the chance that a photo of none of the
    classes has a higher rejection score than a garment's. None where there is nothing to measure them on."""

    labels: tuple[LabelScore, ...]
    balanced_accuracy: float | None
    rejection_auroc: float | None


def evaluate(labels: Sequence[Label], ask: Callable[[Path], Answer | None]) -> Evaluation:
    """Ask about every photo; `ask` gives None for a file that is no picture, which then counts nowhere."""
    asked = [(label, [given for file in label.files if (given := ask(file)) is not None]) for label in labels]
    scores = tuple(_score(label, given) for label, given in asked)
    garments = [one.score for label, given in asked for one in given if label.right and one.score is not None]
    others = [one.score for label, given in asked for one in given if not label.right and one.score is not None]
    shares = [score.right for score in scores if score.right is not None]
    return Evaluation(scores, float(np.mean(shares)) if shares else None, auroc(garments, others))


def _score(label: Label, given: Sequence[Answer]) -> LabelScore:
    right = [answer.top in label.right for answer in given] if label.right else []
    rejected = [answer.rejected for answer in given if answer.rejected is not None]
    shares = (float(np.mean(marks)) if marks else None for marks in (right, rejected))
    return LabelScore(label.name, label.right, len(given), *shares)


def auroc(negatives: Sequence[float], positives: Sequence[float]) -> float | None:
    """Area under the ROC curve from ranks (Mann-Whitney U, ties count half); None if either side is empty."""
    if not len(negatives) or not len(positives):
        return None
    below, up_to = (np.searchsorted(np.sort(negatives), positives, side) for side in ("left", "right"))
    return float((below + up_to).mean() / 2 / len(negatives))
