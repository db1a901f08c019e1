"""Prepared photographs drawn for a batch, each time a little different.

Their poses, cut-outs, and shades are real, so they are varied gently; some lie sideways or upside down.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.randomisation.draws import MASK_LEVEL, SIDE, Draws, per_image, rotation, warp

SHARE, CROP_SHARE = 2, 5  # a batch holds one photograph, and one crop, for so many images of the data set
TURNED = 0.15  # share that lies at a quarter turn or half turn


@dataclass(frozen=True)
class Photographs:
    """Prepared photographs: views uint8 (N, V, 28, 28); which classes are right, bool (N, classes + 1), the last one
    for "none"; the weight of each in a draw, float32 (N,). `crops` uint8 (M, V, 28, 28) show no garment."""

    views: Tensor
    right: Tensor
    weights: Tensor
    crops: Tensor

    def share(self, images: int) -> tuple[int, int]:
        """How many photographs, and how many crops, go with so many images of the data set."""
        return max(1, images // SHARE), images // CROP_SHARE if len(self.crops) else 0

    def to(self, device: torch.device) -> Photographs:
        return Photographs(*(each.to(device) for each in (self.views, self.right, self.weights, self.crops)))


def draw(photographs: Photographs, count: int, crops: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """`count` photographs and `crops` crops, varied: float32 (n, 1, 28, 28) in 0..1, and what is right for each."""
    chosen = torch.multinomial(photographs.weights, count, replacement=True, generator=generator)
    views, right = photographs.views[chosen], photographs.right[chosen]
    if crops:
        cut = torch.randint(len(photographs.crops), (crops,), generator=generator, device=generator.device)
        none = torch.zeros(crops, right.shape[1], dtype=torch.bool, device=right.device)
        none[:, -1] = True
        views, right = torch.cat([views, photographs.crops[cut]]), torch.cat([right, none])
    draws = Draws(generator, len(views))
    one = draws.uniform(0, views.shape[1]).long().clamp(max=views.shape[1] - 1)
    images = views[torch.arange(len(views), device=views.device), one]
    return vary(images.unsqueeze(1).float() / 255, draws), right


def vary(images: Tensor, draws: Draws) -> Tensor:
    """Images (N, 1, 28, 28) mirrored, turned, stretched, in other shades, and with a part missing."""
    images = torch.where(per_image(draws.coin(0.5)), images.flip(3), images)
    turns = torch.where(draws.coin(TURNED), draws.uniform(1, 4).floor() * 90, 0)
    aspect, scale = torch.exp(draws.normal(0.08)), torch.exp(draws.uniform(-0.15, 0.1))
    stretch = torch.diag_embed(torch.stack([aspect, 1 / aspect], 1)) * scale[:, None, None]
    shift = torch.stack([draws.normal(1), draws.normal(1)], 1)
    moved = warp(images, rotation(turns + draws.normal(7)) @ stretch, shift, SIDE)
    gain, lift = torch.exp(draws.normal(0.2)), draws.uniform(-0.15, 0.15)
    shaded = (moved * per_image(gain) + per_image(lift)).clamp(0.1, 1)
    painted = torch.where(moved > MASK_LEVEL, shaded, moved)
    return painted * ~(_rectangle(draws) & per_image(draws.coin(0.25)))


def _rectangle(draws: Draws) -> Tensor:
    """Masks (N, 1, 28, 28) of a rectangle of up to 10 x 10 pixels anywhere."""
    line = torch.arange(SIDE, device=draws.device)
    near_x = (line.view(1, 1, 1, SIDE) - per_image(draws.uniform(0, SIDE))).abs() < per_image(draws.uniform(2, 5))
    near_y = (line.view(1, 1, SIDE, 1) - per_image(draws.uniform(0, SIDE))).abs() < per_image(draws.uniform(2, 5))
    return near_x & near_y
