"""Stage robustness: accuracy of the seven networks, and of one for each trainset, on corrupted validation images."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from artifacts.contract import RobustnessCurves, RobustnessSummary
from artifacts.corruptions import CORRUPTIONS
from pipeline.models import registry
from pipeline.stages import architectures, augmentations
from pipeline.stages.context import Context
from pipeline.support.seeding import derive
from pipeline.training.loop import logits_of
from pipeline.training.trials import TrialSpec, Workplace, finished, to_device, trained, validated


@dataclass(frozen=True)
class Job:
    """One trained network to evaluate on `images` validation images, clean and corrupted."""

    name: str
    kind: Literal["network", "trainset"]
    spec: TrialSpec
    images: int


def run(context: Context) -> None:
    """Write `robustness/summary.json`. Only validation images are used; nothing is trained."""
    images = min(context.config.robustness.images, len(context.validated))
    curves = tuple(context.map("robustness", _curves, _jobs(context, images)))
    strengths = {each.name: tuple(float(strength) for strength in each.strengths) for each in CORRUPTIONS}
    context.write(RobustnessSummary(validation_images=images, strengths=strengths, curves=curves))


def _jobs(context: Context, images: int) -> list[Job]:
    """The seven networks as compared, and the first seed's network of each trainset."""
    networks = zip(registry.ARCHITECTURES, architectures.specs(context), strict=True)
    jobs = [Job(name, "network", spec, images) for name, spec in networks]
    first = {
        number: spec for (number, seed), spec in augmentations.specs(context).items() if seed == context.config.seed
    }
    return jobs + [Job(str(number), "trainset", spec, images) for number, spec in first.items()]


def chosen(index: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Choose `count` of the given indices, the same for every network."""
    return np.sort(np.random.default_rng(derive(seed, "robustness")).permutation(index)[:count])


def _curves(place: Workplace, job: Job) -> RobustnessCurves:
    """Measure a network's accuracy under each corruption at each strength, in a worker process."""
    torch.set_num_threads(1)
    dataset = place.dataset
    index = chosen(validated(dataset, job.spec.split), job.images, job.spec.split.seed)
    images, labels = dataset.train_images[index], dataset.train_labels[index]
    model = trained(job.spec.recipe, dataset, finished(job.spec, place).weights()).to(place.device)

    def right(asked: np.ndarray) -> list[float]:
        """Return the accuracy on each row of images uint8 (R, N, S, S), all predicted in one call."""
        batch = to_device(asked.reshape(-1, *images.shape[1:]), np.tile(labels, len(asked)), place.device)
        answers = logits_of(model, batch.images).argmax(1) == batch.labels
        return [float(share) for share in answers.view(len(asked), -1).double().mean(1)]

    (plain,) = right(images[None])  # strength 0 of every corruption
    found = {
        each.name: (plain, *right(np.stack([each.apply(images, strength) for strength in each.strengths[1:]])))
        for each in CORRUPTIONS
    }
    return RobustnessCurves(name=job.name, kind=job.kind, accuracy=found)
