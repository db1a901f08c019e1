"""How garments look once a photo is prepared: leaking masks, missing parts, shades turned, prints, stripes."""

import torch
from torch import Tensor
from torch.nn import functional

from pipeline.randomisation.draws import SIDE, Draws, between, per_image
from pipeline.randomisation.pose import TROUSER


def paint(cutouts: Tensor, labels: Tensor, draws: Draws) -> Tensor:
    """Cut-outs (N, 2, 28, 28) to images (N, 1, 28, 28) in 0..1, the garment bright on black."""
    mask = cutouts[:, 1:].clamp(0, 1)
    tone = (cutouts[:, :1] / mask.clamp(min=0.2)).clamp(0, 1)
    tone, mask = _damage_mask(tone, mask, labels, draws)
    tone = _decorate(_shade(tone, mask, draws), draws).clamp(0, 1)
    return _sharpen(mask * _even_out(tone, mask, draws), draws)


def _damage_mask(tone: Tensor, mask: Tensor, labels: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
    """Gaps between legs or sleeves closed, patches of ground kept, pieces bitten off, rough outlines."""
    closed = torch.where(labels == TROUSER, 0.25, 0.1)
    gaps = per_image(draws.coin(closed)) & (draws.field(3) > -0.6) & (between((mask > 0.5).float(), 3) > mask)
    nearby = functional.max_pool2d(functional.max_pool2d(mask, (9, 1), 1, (4, 0)), (1, 9), 1, (0, 4)) > 0.5
    patches = per_image(draws.coin(0.1)) & (draws.field(5) > 0.9) & nearby
    added = gaps | patches
    tone = torch.where(added & (mask < 0.5), per_image(draws.uniform(0, 1)), tone)
    mask = torch.where(added, 1.0, mask)
    bites = per_image(draws.coin(0.1)) & (draws.field(6) > 1.1)
    mask = torch.where(bites, 0.0, mask)
    soft = functional.avg_pool2d(mask, 3, 1, 1)
    rough = ((soft + 0.15 * draws.field(14) - 0.5) * 3 + 0.5).clamp(0, 1) * (soft > 0)
    return tone, torch.where(per_image(draws.coin(0.4)), rough, mask)


def _shade(tone: Tensor, mask: Tensor, draws: Draws) -> Tensor:
    """Contrast, dark and light exchanged (half of the time: preparation offers both), brighter or darker as a whole."""
    mean = (tone * mask).sum((2, 3), keepdim=True) / mask.sum((2, 3), keepdim=True).clamp(min=1)
    tone = mean + (tone - mean) * per_image(torch.exp(draws.normal(0.4)))
    tone = torch.where(per_image(draws.coin(0.5)), 1 - tone, tone)
    return tone + per_image(torch.where(draws.coin(0.7), draws.uniform(-0.4, 0.35), 0))


def _even_out(tone: Tensor, mask: Tensor, draws: Draws) -> Tensor:
    """Mean and contrast as preparation sets them (levels 150 and 40 of 255, never below 64), each a little off."""
    area = mask.sum((2, 3), keepdim=True).clamp(min=1)
    mean = (tone * mask).sum((2, 3), keepdim=True) / area
    deviation = ((tone - mean).square() * mask).sum((2, 3), keepdim=True).div(area).sqrt()
    gain = (per_image(draws.uniform(0.11, 0.2)) / deviation.clamp(min=0.01)).clamp(0.5, 3)
    return (per_image(draws.uniform(0.5, 0.68)) + gain * (tone - mean)).clamp(0.25, 1)


def _decorate(tone: Tensor, draws: Draws) -> Tensor:
    """Stripes, a print on the chest, folds and noise: patterns hint at Shirt in Fashion-MNIST, not in wardrobes."""
    columns = torch.arange(SIDE, device=tone.device).view(1, 1, 1, SIDE)
    rows = columns.transpose(2, 3)
    along = torch.where(per_image(draws.coin(0.7)), rows, columns)
    wave = torch.sin(along * per_image(draws.uniform(0.6, 2.6)) + per_image(draws.uniform(0, 6.3))).sign()
    tone = tone + wave * _some(0.25, 0.35, draws)
    near_x = (columns - per_image(draws.uniform(11, 17))).abs() < per_image(draws.uniform(2, 6))
    near_y = (rows - per_image(draws.uniform(8, 17))).abs() < per_image(draws.uniform(2, 7))
    chest = near_x & near_y & per_image(draws.coin(0.25))
    tone = tone + chest * (per_image(draws.uniform(-0.5, 0.5)) + 0.25 * draws.field(10))
    return tone + draws.field(7) * _some(0.3, 0.2, draws) + draws.noise() * _some(0.25, 0.1, draws)


def _some(share: float, most: float, draws: Draws) -> Tensor:
    """Strengths (N, 1, 1, 1) of an effect: 0 to `most` for a share of the images, 0 for the others."""
    return per_image(torch.where(draws.coin(share), draws.uniform(0, most), 0))


def _sharpen(images: Tensor, draws: Draws) -> Tensor:
    """Blur or sharpen; mostly sharpen, since two resamplings have blurred what preparation keeps crisp."""
    detail = images - functional.avg_pool2d(images, 3, 1, 1)
    return (images + per_image(draws.uniform(-0.4, 1.3)) * detail).clamp(0, 1)
