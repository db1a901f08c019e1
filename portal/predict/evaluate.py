"""Evaluation on labeled photos, one folder for each label: balanced accuracy and rejection."""

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
class Exact:
    """Photos whose one right class is known: the share of them answered right, and its mean over the classes shown.

    `confusion` counts by right class the answers in the order of `classes`.
    """

    photos: int
    accuracy: float
    balanced_accuracy: float
    classes: tuple[str, ...]
    confusion: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Evaluation:
    """`balanced_accuracy` is the mean of the labels' `right`; `rejection_auroc` the chance that a photo of none of the
    classes has a higher rejection score than a garment's; `exact` judges the photos whose class is known.

    None where there is nothing to measure them on.
    """

    labels: tuple[LabelScore, ...]
    balanced_accuracy: float | None
    rejection_auroc: float | None
    exact: Exact | None


def evaluate(labels: Sequence[Label], ask: Callable[[Path], Answer | None]) -> Evaluation:
    """Evaluate all photos; `ask` returns None for a file that is no picture, which is left out of every figure."""
    pairs = [(label, [(file, given) for file in label.files if (given := ask(file)) is not None]) for label in labels]
    asked = [(label, [given for _, given in answered]) for label, answered in pairs]
    scores = tuple(_score(label, given) for label, given in asked)
    known = [
        (right[0], given)
        for label, answered in pairs
        for file, given in answered
        if len(right := label.right_for(file)) == 1
    ]
    garments = [one.score for label, given in asked for one in given if label.right and one.score is not None]
    others = [one.score for label, given in asked for one in given if not label.right and one.score is not None]
    shares = [score.right for score in scores if score.right is not None]
    balanced = float(np.mean(shares)) if shares else None
    return Evaluation(scores, balanced, auroc(garments, others), _exact(known) if known else None)


def _score(label: Label, given: Sequence[Answer]) -> LabelScore:
    right = [answer.top in label.right for answer in given] if label.right else []
    rejected = [answer.rejected for answer in given if answer.rejected is not None]
    shares = (float(np.mean(marks)) if marks else None for marks in (right, rejected))
    return LabelScore(label.name, label.right, len(given), *shares)


def _exact(known: Sequence[tuple[str, Answer]]) -> Exact:
    """Of pairs of the right class and the answer."""
    classes = known[0][1].classes
    confusion = {
        name: tuple(sum(right == name and given.top == top for right, given in known) for top in classes)
        for name in classes
        if any(right == name for right, _ in known)
    }
    hits = [given.top == right for right, given in known]
    shares = [counts[classes.index(name)] / sum(counts) for name, counts in confusion.items()]
    return Exact(len(known), float(np.mean(hits)), float(np.mean(shares)), classes, confusion)


def auroc(negatives: Sequence[float], positives: Sequence[float]) -> float | None:
    """Area under the ROC curve from ranks (Mann-Whitney U, ties count half); None if either side is empty."""
    if not len(negatives) or not len(positives):
        return None
    below, up_to = (np.searchsorted(np.sort(negatives), positives, side) for side in ("left", "right"))
    return float((below + up_to).mean() / 2 / len(negatives))
