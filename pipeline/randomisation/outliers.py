"""Things that are none of the ten classes, made from Fashion-MNIST's training images alone, for outlier exposure.

Outlier exposure (Hendrycks, Mazeika and Dietterich, ICLR 2019): a network shown some things outside its classes
rejects others too. Trousers cut short are shorts, the lower part of a dress is a skirt; domes and discs of cloth stand
for hats; half of one garment over half of another, blobs and rectangles of cloth for everything else.
"""

import torch
from torch import Tensor
from torch.nn import functional

from pipeline.randomisation.draws import SIDE, Draws, cut_out, per_image, warp
from pipeline.randomisation.pose import CANVAS, DRESS, TROUSER, lay, spread
from pipeline.randomisation.surface import paint

NO_CLASS = 10  # the label of the eleventh output
# Shares of hats, mixed halves, blobs and rectangles among what is not made of trousers or dresses.
_OTHER_KINDS = (0.5, 0.15, 0.2, 0.15)


def choose(labels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Indices (count,) of training images to make outliers of; trousers and dresses five times as often as others."""
    weights = 1 + 4 * ((labels == TROUSER) | (labels == DRESS)).float()
    return torch.multinomial(weights, count, replacement=True, generator=generator)


def make_outliers(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Training images (N, 1, 28, 28) in 0..1 to as many randomized outliers of the same shape."""
    draws = Draws(generator, len(images))
    cutouts = cut_out(images)
    trousers, dresses = labels == TROUSER, labels == DRESS
    made = torch.where(per_image(trousers), _shorts(cutouts, draws), _others(images, cutouts, draws))
    made = torch.where(per_image(dresses), _skirts(cutouts, draws), made)
    no_class = torch.full_like(labels, NO_CLASS)
    posed = spread(made, torch.where(trousers, labels, no_class), draws)
    wider, either = draws.uniform(0, 0.75), draws.uniform(-0.25, 0.25)
    widen = torch.exp(torch.where(trousers | dresses, wider, either)).clamp(max=1.6)
    stretch = torch.diag_embed(torch.stack([widen, torch.ones_like(widen)], 1)) * 0.8  # 0.8: room for the stretch
    posed = warp(posed, stretch, torch.zeros_like(stretch[:, 0]), CANVAS)
    return paint(lay(posed, no_class, draws), no_class, draws)


def _rows(cutouts: Tensor) -> Tensor:
    return torch.arange(SIDE, device=cutouts.device).view(1, 1, SIDE, 1)


def _shorts(cutouts: Tensor, draws: Draws) -> Tensor:
    return cutouts * (_rows(cutouts) < per_image(draws.uniform(9, 18)))


def _skirts(cutouts: Tensor, draws: Draws) -> Tensor:
    return cutouts * (_rows(cutouts) > per_image(draws.uniform(8, 17)))


def _others(images: Tensor, cutouts: Tensor, draws: Draws) -> Tensor:
    cloth = functional.interpolate(images[:, :, 6:22, 6:22], size=SIDE, mode="bilinear", align_corners=False)
    partner = cutouts[torch.randperm(draws.count, generator=draws.generator, device=draws.device)]
    mixed = torch.where(_rows(cutouts) < per_image(draws.uniform(10, 18)), cutouts, partner)
    blob = (draws.field(4) > per_image(draws.uniform(-0.2, 0.7))).float()
    rectangle = _rectangle(draws)
    blobs = torch.cat([partner[:, :1].clamp(min=0.3) * blob, blob], 1)
    rectangles = torch.cat([cloth * rectangle, rectangle], 1)
    kinds = torch.stack([_hats(cloth, draws), mixed, blobs, rectangles])
    shares = torch.tensor(_OTHER_KINDS, device=draws.device)
    kind = torch.multinomial(shares, draws.count, replacement=True, generator=draws.generator)
    return kinds[kind, torch.arange(draws.count, device=draws.device)]


def _hats(cloth: Tensor, draws: Draws) -> Tensor:
    """A dome cut straight below, with or without a brim, or a disc: woollen hats, caps, berets."""
    middle = torch.zeros(draws.count, device=draws.device)
    below = _rows(cloth) < per_image(draws.uniform(18, 24))
    dome = _ellipse(middle, draws.uniform(2, 8), draws.uniform(9, 13), draws.uniform(9, 14)) * below
    brim = _ellipse(draws.uniform(-10, 10), draws.uniform(5, 10), draws.uniform(7, 13), draws.uniform(3, 7))
    disc = _ellipse(middle, middle, draws.uniform(9, 14), draws.uniform(8, 14))
    crown = torch.where(per_image(draws.coin(2 / 3)), dome, disc)
    brim = brim * per_image(draws.coin(0.5))
    tone = cloth * 0.7 + 0.3 * per_image(draws.uniform(0, 1))
    tone = tone * torch.where(brim > 0, per_image(draws.uniform(0.5, 1)), 1)
    mask = torch.maximum(crown, brim)
    return torch.cat([tone * mask, mask], 1)


def _ellipse(x: Tensor, y: Tensor, radius_x: Tensor, radius_y: Tensor) -> Tensor:
    """Masks (N, 1, 28, 28); center and radii (N,) in pixels, from the image's center."""
    line = torch.arange(SIDE, device=x.device) - (SIDE - 1) / 2
    across = (line.view(1, 1, 1, SIDE) - per_image(x)) / per_image(radius_x)
    down = (line.view(1, 1, SIDE, 1) - per_image(y)) / per_image(radius_y)
    return (across**2 + down**2 < 1).float()


def _rectangle(draws: Draws) -> Tensor:
    line = (torch.arange(SIDE, device=draws.device) - (SIDE - 1) / 2).abs()
    across = line.view(1, 1, 1, SIDE) < per_image(draws.uniform(4, 14))
    down = line.view(1, 1, SIDE, 1) < per_image(draws.uniform(4, 14))
    return (across & down).float()
