"""Batches: drawn, augmented and normalized on the device, a whole batch at a time.

Images stay there as uint8 for the whole run. Each epoch draws from a generator seeded by (seed, epoch) alone. Nothing
is read back to the host, so that a GPU can capture a step (`training.cuda_graph`); randomized batches alone read back
how many images they change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from artifacts.contract import Recipe
from pipeline.augmentation.sets import augmentation_set
from pipeline.randomisation import NO_CLASS, Photographs, choose, draw, make_outliers, randomise
from pipeline.support.seeding import derive

OUTLIER_SHARE = 5  # randomized batches hold one outlier for so many images


@dataclass(frozen=True)
class Images:
    """Images uint8 (N, 1, S, S) with labels int64 (N,), on the training device.

    `taught` float32 (N, classes) are a teacher's probabilities: then half of each target is the teacher's (Hinton et
    al. 2015, arXiv:1503.02531, at temperature 1), half the label's. Randomized batches mix in `photographs`.
    """

    images: Tensor
    labels: Tensor
    taught: Tensor | None = None
    photographs: Photographs | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def tensors(self) -> list[Tensor]:
        """Images, labels and, with a teacher, its probabilities."""
        return [self.images, self.labels, *([] if self.taught is None else [self.taught])]

    def clone(self) -> Images:
        images, labels, *taught = (tensor.clone() for tensor in self.tensors())
        return Images(images, labels, taught[0] if taught else None)

    def targets(self, index: Tensor) -> Tensor:
        """Labels int64 (n,), or with a teacher probabilities float32 (n, classes)."""
        labels = self.labels[index]
        if self.taught is None:
            return labels
        taught = self.taught[index]
        return (taught + _one_hot(labels, taught.shape[1])) / 2


def _one_hot(labels_N: Tensor, classes: int) -> Tensor:
    """float32 (N, classes). Torch's own function reads the labels back on a CPU, to check them."""
    return torch.eye(classes, device=labels_N.device)[labels_N]


def normalise(images: Tensor) -> Tensor:
    """uint8 to 0..1 (min-max normalization, deck section 2), channels last."""
    return images.float().div_(255.0).contiguous(memory_format=torch.channels_last)


def _generator(device: torch.device, *parts: int | str) -> torch.Generator:
    return torch.Generator(device).manual_seed(derive(*parts))


def with_replication(train: Images, recipe: Recipe, seed: int) -> Images:
    """The deck's replication drawn once: the original set plus an augmented copy of it."""
    if recipe.replication != "once":
        return train
    generator = _generator(train.images.device, seed, "replication")
    augment = augmentation_set(recipe.augmentation_set).augment
    copies = torch.cat([augment(chunk, generator) for chunk in train.images.split(4096)])
    taught = None if train.taught is None else train.taught.repeat(2, 1)
    return Images(torch.cat([train.images, copies]), train.labels.repeat(2), taught)


def mixed_classes(model: nn.Module, recipe: Recipe) -> int:
    """How many classes mixed targets have; 0 where nothing is mixed."""
    if recipe.replication != "mixed":
        return 0
    classifier = model.get_submodule("classifier")
    assert isinstance(classifier, nn.Linear)
    return classifier.out_features


class Batches:
    """The shuffled batches of each epoch, all of one size (the rest of an epoch is left out, as BatchNorm likes full
    batches). Targets are labels (n,), probabilities (n, classes) where images are mixed or a teacher has a say, or,
    with photographs, which classes are right, bool (n, classes).
    """

    def __init__(self, train: Images, recipe: Recipe, seed: int, classes: int) -> None:
        self.train, self.recipe, self.seed, self.classes = train, recipe, seed, classes
        self.generator = torch.Generator(train.images.device)
        self.augment = augmentation_set(recipe.augmentation_set).augment
        self.drawn = len(train) * (2 if recipe.replication == "every epoch" else 1)
        self.size = min(recipe.batch_size, self.drawn)

    def __len__(self) -> int:
        """Batches an epoch."""
        return self.drawn // self.size

    def restart(self, train: Images, seed: int) -> None:
        """Go on with other images, as many as before, in the same tensors."""
        self.seed = seed
        for mine, given in zip(self.train.tensors(), train.tensors(), strict=True):
            mine.copy_(given)

    @property
    def targets(self) -> int:
        """Targets a batch: more than images drawn where outliers and photographs are added."""
        if self.recipe.replication != "randomised":
            return self.size
        photographs = self.train.photographs
        real = 0 if photographs is None else sum(photographs.share(self.size))
        return self.size + _outliers(self.size) + real

    def order(self, epoch: int) -> Sequence[Tensor]:
        """What each batch of the epoch is made of, int64 (size,) each; the generator starts the epoch here."""
        self.generator.manual_seed(derive(self.seed, "epoch", epoch))
        order = torch.randperm(self.drawn, generator=self.generator, device=self.generator.device)
        return order[: len(self) * self.size].split(self.size)

    def of(self, drawn: Tensor) -> tuple[Tensor, Tensor]:
        """The next batch, of the images `drawn`: normalized float32 (n, 1, S, S), and its targets."""
        train, replication, generator = self.train, self.recipe.replication, self.generator
        index = drawn % len(train)
        if replication == "randomised":
            return _with_photographs(train, len(index), *_randomised(train, index, generator), generator)
        images = train.images[index]
        if replication == "every epoch":
            copies = (drawn >= len(train)).view(-1, 1, 1, 1)
            images = torch.where(copies, self.augment(images, generator), images)
        elif replication in ("replace", "mixed"):
            images = self.augment(images, generator)
        targets = train.targets(index)
        if replication == "mixed":
            images, targets = _cutmix(images, targets, self.classes, generator)
        return normalise(images), targets


def _cutmix(images: Tensor, targets: Tensor, classes: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """In half of the batches, a box of each image is its neighbour's, and so is that share of its target.

    CutMix (Yun et al. 2019, arXiv:1905.04899) with a uniform share, one box a batch; nothing is read back to the host.
    Targets in: (n,) or (n, classes); out: (n, classes).
    """
    share, row, column, chance = torch.rand(4, generator=generator, device=generator.device).unbind()
    size = images.shape[-1]
    half = (share.sqrt() * (chance < 0.5) * size / 2).round()
    pixel = torch.arange(size, device=images.device)
    inside_rows, inside_columns = ((pixel - at.mul(size).floor()).abs() < half for at in (row, column))
    box = inside_rows[:, None] & inside_columns[None, :]
    kept = 1 - box.float().mean()
    soft = targets if targets.dim() == 2 else _one_hot(targets, classes)
    return torch.where(box, images.roll(1, 0), images), kept * soft + (1 - kept) * soft.roll(1, 0)


def _randomised(train: Images, index: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A batch as visitors' photos might show it, and outliers of no class, a fifth of its size, at its end."""
    labels = train.labels[index]
    garments = randomise(train.images[index].float() / 255, labels, generator)
    source = choose(train.labels, _outliers(len(index)), generator)
    outliers = make_outliers(train.images[source].float() / 255, train.labels[source], generator)
    none = torch.full((len(source),), NO_CLASS, device=labels.device)
    x_N1SS = torch.cat([garments, outliers]).contiguous(memory_format=torch.channels_last)
    return x_N1SS, torch.cat([labels, none])


def _with_photographs(
    train: Images, garments: int, x_N1SS: Tensor, labels_N: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The batch and, where there are photographs, some of them at its end: then targets say which classes are right."""
    if train.photographs is None:
        return x_N1SS, labels_N
    photographs, right = draw(train.photographs, *train.photographs.share(garments), generator)
    targets = torch.cat([_one_hot(labels_N, NO_CLASS + 1).bool(), right])
    return torch.cat([x_N1SS, photographs]).contiguous(memory_format=torch.channels_last), targets


def _outliers(images: int) -> int:
    return max(1, images // OUTLIER_SHARE)


def randomised(images: Images, seed: int) -> Images:
    """Fixed randomized images and outliers to validate on, drawn once; labels as `_randomised` gives them."""
    x_N1SS, labels = _randomised(
        images, torch.arange(len(images)), _generator(images.images.device, seed, "validation")
    )
    return Images(x_N1SS.mul(255).round().to(torch.uint8).contiguous(), labels)
