"""Labelled photos against a run's answers: a folder a label, balanced accuracy, and how well rejection separates."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydantic

from portal.predict.answers import Answer

# What folders of clothing photos are commonly called, as words(); an empty answer means none of the classes. Beside
# these, a folder may be named like a class of the run.
COMMON_LABELS: dict[str, tuple[str, ...]] = {
    "longsleeve": ("Pullover",),
    "outwear": ("Coat",),
    "pants": ("Trouser",),
    "shoes": ("Sandal", "Sneaker", "Ankle boot"),
    "tshirt": ("T-shirt/top",),
    "hat": (),
    "shorts": (),
    "skirt": (),
}
_MAP = pydantic.TypeAdapter(dict[str, tuple[str, ...]])


class EvaluationError(ValueError):
    """The folder or the map of labels cannot be used; the text is one sentence for a person."""


@dataclass(frozen=True)
class Label:
    """One folder of photos; the classes that count as right for it, or none for what shows none of the classes."""

    name: str
    right: tuple[str, ...]
    files: tuple[Path, ...]


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


def labels_in(folder: Path, classes: Sequence[str], labels_file: Path | None = None) -> list[Label]:
    """The labels in `folder`, by name: its subfolders with photos, hidden ones left out.

    `labels_file` maps each subfolder's name to the classes that count as right; without it COMMON_LABELS and the names
    of the classes do. EvaluationError for anything missing, empty, unknown or malformed.
    """
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is not a folder: name one that holds a folder of photos for each label.")
    places = [place for place in _visible(folder) if place.is_dir()]
    if not places:
        raise EvaluationError(f"{folder} holds no folders: put the photos of each label into a folder of its own.")
    right = _read_map(labels_file, classes) if labels_file else _common(classes)
    return [_label(place, right, classes, labels_file) for place in places]


def _label(
    place: Path, right: Mapping[str, tuple[str, ...]], classes: Sequence[str], labels_file: Path | None
) -> Label:
    files = tuple(file for file in _visible(place) if file.is_file())
    if not files:
        raise EvaluationError(f"{place} holds no photos: add some, or remove the folder.")
    key = place.name if labels_file else words(place.name)
    if key not in right:
        given = f"{labels_file} does not name" if labels_file else "Name in a map, with --labels,"
        raise EvaluationError(
            f"{given} the classes that are right for the folder {place.name}: an empty list says none of "
            f"{', '.join(classes)}."
        )
    return Label(place.name, right[key], files)


def words(name: str) -> str:
    """A name without case, spaces and marks, which folders' names lose: "Ankle boot" and "ankle-boot" are the same."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _common(classes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """COMMON_LABELS as far as the run has these classes, and the classes themselves."""
    common = {name: right for name, right in COMMON_LABELS.items() if set(right) <= set(classes)}
    return common | {words(name): (name,) for name in classes}


def _read_map(file: Path, classes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    try:
        right = _MAP.validate_json(file.read_bytes(), strict=True)
    except OSError as error:
        raise EvaluationError(f"{file} cannot be read: {error.strerror or error}.") from error
    except pydantic.ValidationError as error:
        example = json.dumps({"shoes": list(classes[:2]), "hat": []})
        raise EvaluationError(f"{file} is no map of folders to lists of classes, such as {example}.") from error
    unknown = sorted({name for names in right.values() for name in names} - set(classes))
    if unknown:
        raise EvaluationError(f"{file} names {', '.join(unknown)}: this run knows only {', '.join(classes)}.")
    return right


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise EvaluationError(f"{folder} cannot be read ({error.strerror}): allow this user to read it.") from error


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
