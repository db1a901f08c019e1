"""Random numbers for a batch, and the two-layer pictures that the other modules bend and paint.

Shapes: N images of 28 x 28. A "cut-out" is (N, 2, H, W): gray levels times the mask, and the mask (alpha), both 0 to 1.
Keeping the mask beside the tones lets a garment be repainted in any shade without losing its outline, as photo
preparation does.
"""

import torch
from torch import Tensor
from torch.nn import functional

SIDE = 28
MASK_LEVEL = 15 / 255  # Fashion-MNIST's ground is 0; sharpening leaves a faint fringe below this level


class Draws:
    """Independent draws for each of `count` images from one generator, on its device."""

    def __init__(self, generator: torch.Generator, count: int) -> None:
        self.generator, self.count, self.device = generator, count, generator.device

    def of(self, chosen: Tensor) -> "Draws":
        """Draws for the images marked in `chosen` (N,) alone, from the same generator."""
        return Draws(self.generator, int(chosen.sum()))

    def uniform(self, low: float, high: float) -> Tensor:
        """(N,) uniform numbers."""
        return torch.rand(self.count, generator=self.generator, device=self.device) * (high - low) + low

    def normal(self, deviation: float) -> Tensor:
        """(N,) normal numbers around 0."""
        return torch.randn(self.count, generator=self.generator, device=self.device) * deviation

    def coin(self, share: float | Tensor) -> Tensor:
        """(N,) booleans, True with probability `share`."""
        return torch.rand(self.count, generator=self.generator, device=self.device) < share

    def noise(self) -> Tensor:
        """(N, 1, 28, 28) normal numbers, pixel by pixel."""
        return torch.randn(self.count, 1, SIDE, SIDE, generator=self.generator, device=self.device)

    def field(self, cells: int) -> Tensor:
        """(N, 1, 28, 28) smooth normal noise with about `cells` hills a side."""
        coarse = torch.randn(self.count, 1, cells, cells, generator=self.generator, device=self.device)
        return functional.interpolate(coarse, size=SIDE, mode="bicubic", align_corners=False)


def per_image(values: Tensor) -> Tensor:
    """(N,) to (N, 1, 1, 1), to combine with images."""
    return values.view(-1, 1, 1, 1)


def cut_out(images: Tensor) -> Tensor:
    """(N, 1, 28, 28) images in 0..1 to cut-outs; the mask keeps white parts that have garment on all four sides."""
    mask = enclosed((images > MASK_LEVEL).float())
    return torch.cat([images * mask, mask], 1)


def between(mask: Tensor, axis: int) -> Tensor:
    """Pixels with mask on both sides along an axis (2: above and below, 3: left and right), the mask included."""
    before = mask.cummax(axis).values
    after = mask.flip(axis).cummax(axis).values.flip(axis)
    return torch.minimum(before, after)


def enclosed(mask: Tensor) -> Tensor:
    """Pixels with mask on all four sides; the gap between two legs, open below, stays open."""
    return torch.minimum(between(mask, 2), between(mask, 3))


def over(lower: Tensor, upper: Tensor) -> Tensor:
    """The cut-out `upper` laid over `lower`."""
    alpha = upper[:, 1:]
    return torch.cat([lower[:, :1] * (1 - alpha) + upper[:, :1], torch.maximum(lower[:, 1:], alpha)], 1)


def rotation(degrees: Tensor) -> Tensor:
    """(N,) angles to (N, 2, 2) matrices; positive turns x towards y, clockwise on a screen."""
    radians = torch.deg2rad(degrees)
    cosine, sine = radians.cos(), radians.sin()
    return torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)


def warp(cutouts: Tensor, matrix: Tensor, shift: Tensor, side: int) -> Tensor:
    """Move every point p (pixels from the center) to `matrix` p + `shift`, on a new canvas of `side` x `side`."""
    a, b, c, d = matrix[:, 0, 0], matrix[:, 0, 1], matrix[:, 1, 0], matrix[:, 1, 1]
    inverse = torch.stack([torch.stack([d, -b], 1), torch.stack([-c, a], 1)], 1) / (a * d - b * c)[:, None, None]
    back = -(inverse @ shift[:, :, None])[:, :, 0]
    half = cutouts.shape[-1] / 2
    line = (torch.arange(side, device=cutouts.device) + 0.5 - side / 2) / half
    columns, rows = line[None, None, :, None], line[None, :, None, None]
    from_x, from_y = inverse[:, None, None, :, 0], inverse[:, None, None, :, 1]
    grid = columns * from_x + rows * from_y + (back / half)[:, None, None, :]
    return functional.grid_sample(cutouts, grid, align_corners=False)
