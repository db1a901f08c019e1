"""Predictions of the same networks in four ways: each alone, with the mirror image, all together, and both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from artifacts.contract import Views
from pipeline.execution.pool import threads_for
from pipeline.stages.context import Context
from pipeline.training.loop import logits_of
from pipeline.training.trials import TrialSpec, to_device


@dataclass(frozen=True)
class Answers:
    """Probabilities float32 (N, classes) of each network for the images and their mirror images; labels (N,)."""

    plain: list[np.ndarray]
    mirror: list[np.ndarray]
    labels: np.ndarray

    def accuracy(self, probabilities: Sequence[np.ndarray]) -> float:
        """Return the accuracy of the mean of several predictions for the same images."""
        return float((np.sum(probabilities, axis=0).argmax(1) == self.labels).mean())


def answers_of(context: Context, members: Sequence[TrialSpec], split: Literal["validation", "test"]) -> Answers:
    dataset, validated = context.dataset, context.validated
    images, labels = dataset.test_images, dataset.test_labels
    if split == "validation":
        images, labels = dataset.train_images[validated], dataset.train_labels[validated]
    shown = to_device(images, labels, context.device).images
    torch.set_num_threads(threads_for(1))
    answers = Answers([], [], labels)
    for spec in members:
        network = context.network(spec).to(context.device)
        for kept, each in ((answers.plain, shown), (answers.mirror, shown.flip(-1))):
            kept.append(logits_of(network, each, exact=True).softmax(1).cpu().numpy())
    return answers


def views_of(members: Sequence[TrialSpec], answers: Answers) -> Views:
    pairs = list(zip(answers.plain, answers.mirror, strict=True))
    return Views(
        images=len(answers.labels),
        seeds=tuple(spec.seed for spec in members),
        single=tuple(answers.accuracy([plain]) for plain in answers.plain),
        mirrored=tuple(answers.accuracy(pair) for pair in pairs),
        ensemble=answers.accuracy(answers.plain),
        ensemble_mirrored=answers.accuracy([*answers.plain, *answers.mirror]),
    )
