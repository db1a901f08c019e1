"""Real photographs for stage photo-model: prepared as the portal prepares them, and what the network says of some."""

from collections import Counter
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from artifacts import store
from artifacts.contract import ArtifactError, PhotoTraining
from artifacts.photo import around
from pipeline import photographs
from pipeline.models.base import ImageClassifier
from pipeline.photographs import Photographs, Prepared
from pipeline.stages.context import Context
from pipeline.support import checksummed
from pipeline.training.loop import logits_of
from pipeline.training.trials import Workplace

HELD = 10  # one photograph of so many, label by label, is not trained on: it sets the threshold
Arrays = dict[str, np.ndarray]


def prepared(context: Context) -> Arrays | None:
    """The run's photographs as the network sees them, kept in its work folder; None if there are none.

    `views` uint8 (N, V, S, S), `right` bool (N, classes + 1), `label` (N,), `held` bool (N,), `crops` (M, V, S, S).
    """
    given = context.dataset.photographs
    if given is None:
        context.console.print("      no photographs, so Fashion-MNIST alone: give a folder with --photos")
        return None
    file = photographs.prepared_file(context.work, given.key)
    try:
        return store.npz_arrays(checksummed.read(file), source=file.name)
    except (OSError, ArtifactError):
        files = [(file, label.name) for label in given.labels for file in label.files]
        found = list(context.map(f"{context.stage}, {len(files)} photographs", _prepared, files))
        arrays = _arrays(given, context.dataset.classes, found)
        checksummed.write(file, store.npz_bytes(arrays))
        return arrays


def _prepared(place: Workplace, item: tuple[Path, str]) -> Prepared | None:
    file, label = item
    return photographs.prepared(file, label, place.dataset.image_size)


def _arrays(given: Photographs, classes: tuple[str, ...], found: list[Prepared | None]) -> Arrays:
    """What was prepared, file by file in the labels' order; unreadable files are left out."""
    rows = [
        (number, order % HELD == 0, [name in label.right_for(file) for name in classes] + [not label.right])
        for number, label in enumerate(given.labels)
        for order, file in enumerate(label.files)
    ]
    read = [(one, row) for one, row in zip(found, rows, strict=True) if one is not None]
    size = (photographs.VARIANTS, *read[0][0].views.shape[1:])
    crops = [crop for one, (_, held, _) in read for crop in one.crops if not held]
    return {
        "views": np.stack([one.views for one, _ in read]),
        "label": np.array([number for _, (number, _, _) in read], np.int64),
        "held": np.array([held for _, (_, held, _) in read]),
        "right": np.array([right for _, (_, _, right) in read]),
        "crops": np.stack(crops) if crops else np.empty((0, *size), np.uint8),
    }


def answers(model: ImageClassifier, variants: np.ndarray, log_prior: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities (N, classes) and rejection score (N,) of photographs uint8 (N, V, S, S): the means over the views
    that the portal asks about."""
    views = torch.from_numpy(np.stack([around(each) for each in variants]))
    logits = logits_of(model, views.flatten(0, 1).unsqueeze(1), exact=True).view(*views.shape[:2], -1)
    score = logits[..., -1] - logits[..., :-1].logsumexp(2)
    return (logits[..., :-1] - log_prior).softmax(2).mean(1), score.mean(1)


def threshold(score: Tensor, right: Tensor, kept: float) -> float:
    """The rejection score that keeps the share `kept` of the garments."""
    return float(np.quantile(score[~right[:, -1]].numpy(), kept))


def summary(given: Photographs, arrays: Arrays, answered: tuple[Tensor, Tensor], reject_above: float) -> PhotoTraining:
    """What was trained on, and how the photographs that were held back are answered."""
    probabilities, score = answered
    held, label = arrays["held"], arrays["label"]
    right = torch.from_numpy(arrays["right"][held])
    hit = right.gather(1, probabilities.argmax(1, keepdim=True))[:, 0]
    garment = ~right[:, -1]
    each = [label[held] == number for number in np.unique(label[held])]
    shares = [hit[mine & garment.numpy()].float().mean().item() for mine in each if garment[mine].any()]
    trained = Counter(given.labels[number].name for number in label[~held])
    return PhotoTraining(
        source=given.source,
        commit=given.commit,
        license=given.license,
        sha256=given.sha256,
        photographs=int((~held).sum()),
        labels=dict(trained),
        crops=len(arrays["crops"]),
        unreadable=sum(len(each.files) for each in given.labels) - len(held),
        held=int(held.sum()),
        held_garments=int(garment.sum()),
        balanced_accuracy=float(np.mean(shares)),
        rejection_auroc=None if garment.all() else float(roc_auc_score((~garment).numpy(), score.numpy())),
        kept=(score[garment] <= reject_above).float().mean().item(),
    )
