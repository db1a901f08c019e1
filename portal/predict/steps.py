"""Measured accuracy after each step from a photo to its prediction: preparation, views, photo network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from artifacts import store
from artifacts.contract import (
    ArtifactError,
    ExportedModel,
    ExportSummary,
    LabelAnswers,
    PhotoEvaluation,
    PhotoStep,
    PhotoSummary,
)
from artifacts.photo import Preparation, prepare, uneven, views
from artifacts.photo.garment import Rgb
from artifacts.photo.labels import Label, PhotoFolderError
from artifacts.store import Run
from portal.core import memo
from portal.core.navigation import ROOT
from portal.networks import inference
from portal.predict import naive
from portal.predict.evaluate import auroc

FIGURES = ROOT / "artifacts" / PhotoEvaluation.PATH
Pictures = Callable[[Rgb, Preparation], np.ndarray]


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: `pictures` makes of a decoded photo and its preparation the views, uint8 (V, S, S)."""

    name: str
    what: str
    network: Literal["final", "earlier", "photo"]
    pictures: Pictures


def _as(simple: Callable[[Rgb, int], np.ndarray]) -> Pictures:
    return lambda rgb, preparation: simple(rgb, len(preparation.image))[None]


def _one_view(rgb: Rgb, preparation: Preparation) -> np.ndarray:
    return preparation.image[None]


def _all_views(rgb: Rgb, preparation: Preparation) -> np.ndarray:
    return views(preparation)


LADDER = (
    Rung("Resized", "Gray and resized to the network's input, as in most demos.", "final", _as(naive.resized)),
    Rung("Inverted", "The same, inverted.", "final", _as(naive.inverted)),
    Rung("Padded", "First padded to a square, and inverted if the border is bright.", "final", _as(naive.padded)),
    Rung(
        "Garment found",
        "GrabCut cuts out the garment, then as the data set's authors did: trim, shrink, negate, center, sharpen.",
        "final",
        lambda rgb, preparation: uneven(preparation)[None],
    ),
    Rung("Tones evened out", "Brightness and contrast of the garment are normalized.", "final", _one_view),
    Rung(
        "Several views",
        "Also inverted, cropped to the middle, smaller, and mirrored; the mean prediction counts.",
        "final",
        _all_views,
    ),
    Rung("Photo model", "A network trained on garments as photos show them; one view.", "photo", _one_view),
    Rung("Photo model, several views", "The photo model with all views, as on the Predict page.", "photo", _all_views),
)
EARLIER = Rung(
    "Photo model without photographs",
    "A network trained on garments as photos show them, but on Fashion-MNIST alone; all views.",
    "earlier",
    _all_views,
)


@dataclass(frozen=True)
class _Given:
    """One network's prediction for one photo: top class, rejection score, and whether it is above the threshold."""

    top: int
    score: float | None
    rejected: bool | None


class Measurement:
    """Collects the answers of a run's networks, photo by photo. ArtifactError if the run has no network for photos."""

    def __init__(self, run: Run, ladder: Sequence[Rung] = LADDER, before: Run | None = None) -> None:
        """With a run `before`, its photo model takes the place of this run's with one view."""
        photo, final = _photo_model(run, "--run"), inference.final_model(run.document(ExportSummary).models)
        self.run, self.ladder = run, ladder
        self.models: dict[str, tuple[Run, ExportedModel]] = {"final": (run, final), "photo": (run, photo)}
        if before is not None:
            self.ladder = (*ladder[:-2], EARLIER, ladder[-1])
            self.models["earlier"] = before, _photo_model(before, "--before")

    def ask(self, rgb: Rgb) -> list[_Given]:
        """The answers for one decoded photo, one for each step of the ladder."""
        preparation = prepare(rgb, size=self.run.manifest.image_size)
        return [self._answer(rung, rung.pictures(rgb, preparation)) for rung in self.ladder]

    def _answer(self, rung: Rung, pictures: np.ndarray) -> _Given:
        run, model = self.models[rung.network]
        said = inference.network(run, model).predict(pictures)
        top = int(said.probabilities.mean(axis=0).argmax())
        if said.rejection is None:
            return _Given(top, None, None)
        score = float(said.rejection.mean())
        return _Given(top, score, score > run.document(PhotoSummary).reject_above)

    def document(
        self,
        labels: Sequence[Label],
        decoded: Callable[[Path], Rgb | None],
        *,
        source: str,
        license: str,
        measured: str,
    ) -> PhotoEvaluation:
        """Ask about every photo; `decoded` gives None for a file that is no picture, which then counts nowhere.

        PhotoFolderError if no label of a class has a readable photo.
        """
        asked = [[self.ask(rgb) for file in label.files if (rgb := decoded(file)) is not None] for label in labels]
        if not any(answers for label, answers in zip(labels, asked, strict=True) if label.right):
            raise PhotoFolderError("None of the photos shows one of the run's classes: there is nothing to measure.")
        steps = [
            self._step(rung, labels, [[answers[number] for answers in photos] for photos in asked])
            for number, rung in enumerate(self.ladder)
        ]
        return PhotoEvaluation(
            source=source,
            license=license,
            measured=measured,
            photos=sum(len(photos) for photos in asked),
            classes=self.run.manifest.classes,
            networks={name: run.manifest.files[model.file].sha256 for name, (run, model) in self.models.items()},
            steps=tuple(steps),
        )

    def _step(self, rung: Rung, labels: Sequence[Label], given: Sequence[Sequence[_Given]]) -> PhotoStep:
        classes = self.run.manifest.classes
        rows = [_row(label, answers, classes) for label, answers in zip(labels, given, strict=True)]
        scores: dict[bool, list[float]] = {True: [], False: []}
        for label, answers in zip(labels, given, strict=True):
            scores[bool(label.right)] += [one.score for one in answers if one.score is not None]
        shares = [share for row in rows if (share := right_share(row, classes)) is not None]
        return PhotoStep(
            name=rung.name,
            what=rung.what,
            network=rung.network,
            labels=tuple(rows),
            balanced_accuracy=float(np.mean(shares)),
            rejection_auroc=auroc(scores[True], scores[False]),
        )


def _photo_model(run: Run, option: str) -> ExportedModel:
    model = inference.photo_model(run.document(ExportSummary).models)
    if model is None:
        raise ArtifactError(f"{run.folder} has no network for photos to measure: name another with {option}.")
    return model


def figures(file: Path = FIGURES) -> PhotoEvaluation | None:
    """The committed figures; None if there are none yet, ArtifactError if the file is damaged."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArtifactError(f"{file.name} cannot be read: {error.strerror or error}.") from error
    # One object while the file's content stays: the charts of it are known by it.
    return memo.at("figures", data, make=lambda: store.decode(PhotoEvaluation, data, source=file.name))


def _row(label: Label, given: Sequence[_Given], classes: Sequence[str]) -> LabelAnswers:
    counts = np.bincount([one.top for one in given], minlength=len(classes))
    rejected = [one.rejected for one in given if one.rejected is not None]
    return LabelAnswers(label.name, label.right, tuple(counts.tolist()), sum(rejected) if rejected else None)


def right_share(row: LabelAnswers, classes: Sequence[str]) -> float | None:
    """The share of a label's photos answered right; None for a label of no class, or without photos."""
    total = sum(row.answers)
    if not row.right or not total:
        return None
    return sum(count for name, count in zip(classes, row.answers, strict=True) if name in row.right) / total


def standard_error(step: PhotoStep, classes: Sequence[str]) -> float:
    """Of the balanced accuracy, from the binomial spread of each label's share."""
    shares = [(right_share(row, classes), sum(row.answers)) for row in step.labels]
    spreads = [share * (1 - share) / total for share, total in shares if share is not None]
    return float(np.sqrt(np.sum(spreads)) / max(1, len(spreads)))
