"""Domain randomization: Fashion-MNIST's shop pictures made to look like what photo preparation hands over.

    cut_out -> pose -> lay -> paint
    tone and mask -> sleeves, legs, pairs of shoes -> angle, stretch, fit to 28 x 28 -> broken masks, shades, prints

Everything is batched and runs on the generator's device; a generator in the same state gives the same pictures.
"""

import torch
from torch import Tensor

from pipeline.randomisation.draws import Draws, cut_out, per_image
from pipeline.randomisation.outliers import NO_CLASS, choose, make_outliers
from pipeline.randomisation.photographs import Photographs, draw
from pipeline.randomisation.pose import lay, pose
from pipeline.randomisation.surface import paint

__all__ = ["NO_CLASS", "Photographs", "choose", "draw", "make_outliers", "randomise"]


def randomise(images: Tensor, labels: Tensor, generator: torch.Generator, untouched: float = 0.2) -> Tensor:
    """Randomised copies of images (N, 1, 28, 28) in 0..1.

    A share stays `untouched`, so that shop pictures keep their answers.
    """
    draws = Draws(generator, len(images))
    changed = paint(lay(pose(cut_out(images), labels, draws), labels, draws), labels, draws)
    return torch.where(per_image(draws.coin(untouched)), images, changed)
