"""Compositions of ops: the deck's six trainsets (deck, sections 2 and 4), and the champion's with one op left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.augmentation.ops import Crop, Erasing, HorizontalFlip, Op, Perspective, Rotation


@dataclass(frozen=True)
class Augmentation:
    """Ops applied in order."""

    ops: Sequence[Op] = ()

    def augment(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Returns uint8 (N, 1, size, size), the images augmented. The generator is on the images' device.

        Raises ValueError for images of another dtype or shape.
        """
        n, size = len(images), images.shape[-1]
        if images.dtype != torch.uint8 or images.shape != (n, 1, size, size):
            given = f"{images.dtype} of shape {tuple(images.shape)}"
            raise ValueError(f"Cannot augment {given}: give torch.uint8 of shape (N, 1, size, size).")
        for op in self.ops:
            images = op.apply(images, op.draw(n, size, generator))
        return images


@dataclass(frozen=True, kw_only=True)
class AugmentationSet(Augmentation):
    """A titled composition; the deck's six trainsets keep the deck's numbers and titles."""

    title: str


# The deck names a set's ops without an order. Here geometry comes first and erasing last: the box stays upright and has
# sharp edges, as in the paper.
_FLIP, _ROTATION, _PERSPECTIVE, _ERASING = HorizontalFlip(0.8), Rotation(5), Perspective(0.115, 0.4), Erasing()

ALL_OPS = Augmentation((_FLIP, _ROTATION, _PERSPECTIVE, _ERASING))

AUGMENTATION_SETS: dict[int, AugmentationSet] = {
    1: AugmentationSet(title="none"),
    2: AugmentationSet(title="HorizontalFlip(0.8), RandomErasing()", ops=(_FLIP, _ERASING)),
    3: AugmentationSet(title="HorizontalFlip(0.8), Rotation(-5, 5)", ops=(_FLIP, _ROTATION)),
    4: AugmentationSet(title="HorizontalFlip(0.8), RandomErasing(), Rotation(5)", ops=(_FLIP, _ROTATION, _ERASING)),
    5: AugmentationSet(title="RandomErasing(), Rotation(-5, 5)", ops=(_ROTATION, _ERASING)),
    6: AugmentationSet(
        title="HorizontalFlip(0.8), Perspective(0.115, 0.4), RandomErasing()", ops=(_FLIP, _PERSPECTIVE, _ERASING)
    ),
}

# What the champion draws (mirrored and shifted: He et al. 2016, arXiv:1512.03385; erasing: Zhong et al. 2017), and what
# is left without one of the three: the ablation's sets. Set 11 asks how much is too much.
_MIRROR, _SHIFT = HorizontalFlip(0.5), Crop(2)

CHAMPION_SETS: dict[int, AugmentationSet] = {
    7: AugmentationSet(title="HorizontalFlip(0.5), Crop(2), RandomErasing()", ops=(_MIRROR, _SHIFT, _ERASING)),
    8: AugmentationSet(title="Crop(2), RandomErasing()", ops=(_SHIFT, _ERASING)),
    9: AugmentationSet(title="HorizontalFlip(0.5), RandomErasing()", ops=(_MIRROR, _ERASING)),
    10: AugmentationSet(title="HorizontalFlip(0.5), Crop(2)", ops=(_MIRROR, _SHIFT)),
    11: AugmentationSet(title="All five operations", ops=(_FLIP, _ROTATION, _PERSPECTIVE, _SHIFT, _ERASING)),
}


def augmentation_set(number: int) -> AugmentationSet:
    """Return the set with that number; KeyError if there is none."""
    return {**AUGMENTATION_SETS, **CHAMPION_SETS}[number]
