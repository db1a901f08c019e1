"""Cached predictions of networks, by the files of the networks and the image.

What is kept holds no picture of a visitor's: the key is a sum of the pixels.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from artifacts.contract import ExportedModel
from artifacts.photo import Preparation, views
from artifacts.store import Run
from portal.core import memo
from portal.networks import inference
from portal.networks import own as networks
from portal.predict import answers, explain

T = TypeVar("T")


def ask_all(run: Run, models: Sequence[ExportedModel], images_NSS: np.ndarray) -> dict[str, np.ndarray]:
    """As `inference.ask_all`; each image by itself, since a slider changes one of them."""
    own = [each.sha256 for each in networks.own_networks(run).networks]
    each = [
        _kept(run, models, "ask_all", own, image, make=partial(inference.ask_all, run, models, image[None]))
        for image in images_NSS
    ]
    return {name: np.concatenate([given[name] for given in each]) for name in each[0]}


def votes(run: Run, models: Sequence[ExportedModel], image_SS: np.ndarray) -> dict[str, np.ndarray]:
    """What all these networks answer for one image: probabilities, float32 (C,), by the network's name."""
    return {name: probabilities[0] for name, probabilities in ask_all(run, models, image_SS[None]).items()}


def classes(run: Run, model: ExportedModel, images_NSS: np.ndarray) -> np.ndarray:
    """The most probable class of each image, int64 (N,)."""
    return _kept(
        run, [model], "classes", images_NSS, make=lambda: inference.network(run, model).predict(images_NSS).classes
    )


def occlusion(run: Run, model: ExportedModel, image_SS: np.ndarray, target: int) -> explain.Occlusion:
    """As `explain.occlusion`."""
    return _kept(
        run,
        [model],
        "occlusion",
        image_SS,
        target,
        make=lambda: explain.occlusion(inference.network(run, model), image_SS, target),
    )


def nearest(
    run: Run, model: ExportedModel, embedding: Mapping[str, np.ndarray], image_SS: np.ndarray
) -> explain.Neighbours:
    """As `explain.nearest`; `embedding` is of the run and the model."""
    return _kept(
        run,
        [model],
        "nearest",
        image_SS,
        make=lambda: explain.nearest(inference.network(run, model), embedding, image_SS),
    )


def answer(run: Run, models: Sequence[ExportedModel], preparation: Preparation) -> answers.Answer:
    """As `answers.answer`."""
    facts = preparation.facts
    how = (facts.passed_through, facts.inverted)
    return _kept(run, models, "answer", views(preparation), how, make=partial(answers.answer, run, preparation))


def _kept(run: Run, models: Sequence[ExportedModel], name: str, *parts: Any, make: Callable[[], T]) -> T:
    """Kept for exactly these files: another run, or one that was made again, has other sums."""
    files = run.manifest.files
    sums = [(model.name, model.role, files[model.file].sha256) for model in models if model.file in files]
    if len(sums) < len(models):
        return make()  # which says what is missing
    return memo.at(f"asked.{name}", run.manifest.classes, sums, *parts, make=make)
