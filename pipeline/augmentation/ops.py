"""The random ops, each with the semantics and defaults of torchvision's transform of tensors.

Every op has two parts, so that randomness and effect can be tested separately:
- `draw(n, size, generator)` draws the parameters for n images of size x size pixels, on the generator's device;
- `apply(images, parameters)` is a pure function of uint8 images (N, 1, size, size) and the parameters.
"""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.augmentation.resampling import perspective_source, perspective_table, pixel_centres, resample


class Op(Protocol):
    """One random change of an image."""

    def draw(self, n: int, size: int, generator: torch.Generator) -> Tensor: ...

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class HorizontalFlip:
    """Mirror left and right with probability p. Parameters: bool (N,), true where the image is mirrored."""

    p: float = 0.5

    def draw(self, n: int, size: int, generator: torch.Generator) -> Tensor:
        return _happens(self.p, n, generator)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        # Picking one of two versions as a row takes a CPU a third of the time of torch.where, which is slow on bytes.
        versions = torch.stack((images, images.flip(-1)), dim=1).flatten(0, 1)
        unchanged = torch.arange(0, 2 * len(images), 2, device=images.device)
        return versions.index_select(0, unchanged + parameters)


@dataclass(frozen=True)
class Rotation:
    """Rotate around the center by a uniform angle within +-degrees, nearest pixel, 0 outside.

    Parameters: float32 (N,), degrees counter-clockwise.
    """

    degrees: float

    def draw(self, n: int, size: int, generator: torch.Generator) -> Tensor:
        return _uniform((n,), -self.degrees, self.degrees, generator)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        x = pixel_centres(images.shape[-1], images.device)
        y = x[:, None]
        angle = torch.deg2rad(parameters).view(-1, 1, 1)
        cos, sin = angle.cos(), angle.sin()
        # (cos x - sin y, sin x + cos y): the x and y parts are vectors, and one addition spreads them over the image.
        source = torch.stack((cos, sin), dim=1) * x + torch.stack((-sin, cos), dim=1) * y
        return resample(images, source, "nearest").byte()


@dataclass(frozen=True)
class Perspective:
    """Move the four corners inwards with probability p, bilinear and rounded half to even, 0 outside.

    A corner moves by 0, 1, ... or int(distortion * (size // 2)) whole pixels along each axis, all equally likely: by 0
    or 1 at 28 pixels and distortion 0.115. Parameters: int64 (N, 4, 2), pixels inwards along (x, y) of the top-left,
    top-right, bottom-right and bottom-left corner.
    """

    distortion: float = 0.5
    p: float = 0.5

    def draw(self, n: int, size: int, generator: torch.Generator) -> Tensor:
        ends = self._reach(size) + 1
        offsets = torch.randint(ends, (n, 4, 2), generator=generator, device=generator.device)
        return offsets * _happens(self.p, n, generator)[:, None, None]

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        size = images.shape[-1]
        if self._reach(size) <= 1:
            bits = torch.arange(8, device=images.device)
            row = (parameters.flatten(1) << bits).sum(1)
            source_and_coverage = perspective_table(size, images.device).index_select(0, row)
        else:  # too many homographies for a table: solve for those that were drawn
            source_and_coverage = perspective_source(parameters, size)
        source, coverage = source_and_coverage[:, :2], source_and_coverage[:, 2:]
        return resample(images, source, "bilinear").mul_(coverage).round_().byte()

    def _reach(self, size: int) -> int:
        """Returns the farthest a corner moves along one axis, in pixels."""
        return int(self.distortion * (size // 2))


@dataclass(frozen=True)
class Erasing:
    """Set a random box to 0 with probability p (Zhong et al. 2017, arXiv:1708.04896).

    The box covers a uniform share of the image within `scale`; height / width is log-uniform within `ratio`. A box that
    does not fit is drawn again, ten times at most. Parameters: int64 (N, 4), top, left, height and width in pixels; an
    unchanged image has a box of height and width 0.
    """

    p: float = 0.5
    scale: tuple[float, float] = (0.02, 0.33)
    ratio: tuple[float, float] = (0.3, 3.3)
    tries: ClassVar[int] = 10  # torchvision's; all are drawn at once, and the first that fits counts

    def draw(self, n: int, size: int, generator: torch.Generator) -> Tensor:
        area = _uniform((n, self.tries), *self.scale, generator) * size**2
        ratio = _uniform((n, self.tries), math.log(self.ratio[0]), math.log(self.ratio[1]), generator).exp()
        extents = torch.stack(((area * ratio).sqrt(), (area / ratio).sqrt()), dim=-1).round()  # (n, tries, 2)
        fits = (extents < size).all(-1).int()
        first_fit = fits.argmax(1)  # of equal values argmax takes the first
        extents = extents.take_along_dim(first_fit[:, None, None], dim=1)[:, 0]
        starts = (_uniform((n, 2), 0, 1, generator) * (size - extents + 1)).floor()
        erased = _happens(self.p, n, generator) & fits.any(1)
        return torch.cat((starts, extents * erased[:, None]), dim=1).long()

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        top, left, height, width = parameters[:, :, None].unbind(1)
        pixel = torch.arange(images.shape[-1], device=images.device)
        row_kept = (pixel < top) | (pixel >= top + height)
        column_kept = (pixel < left) | (pixel >= left + width)
        # Bytes before they spread over the image: a CPU combines and multiplies bytes four times faster than bools.
        return images * (row_kept.byte()[:, None, :, None] | column_kept.byte()[:, None, None, :])


@dataclass(frozen=True)
class Crop:
    """Cut a window of the same size out of the image padded with zeros: a shift of up to `padding` pixels.

    Parameters: int64 (N, 2), top and left of the window in the padded image.
    """

    padding: int = 2

    def draw(self, n: int, size: int, generator: torch.Generator) -> Tensor:
        return torch.randint(2 * self.padding + 1, (n, 2), generator=generator, device=generator.device)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        padded = F.pad(images, (self.padding,) * 4)
        pixel = torch.arange(images.shape[-1], device=images.device)
        rows, columns = (parameters[:, :, None] + pixel).unbind(1)
        window = rows[:, :, None] * padded.shape[-1] + columns[:, None, :]
        return padded.flatten(1).gather(1, window.flatten(1)).view_as(images)


def always(op: Op) -> Op:
    """Returns the op with p = 1, for pictures that show what it does."""
    return replace(op, p=1.0) if isinstance(op, HorizontalFlip | Perspective | Erasing) else op


def _happens(p: float, n: int, generator: torch.Generator) -> Tensor:
    return torch.rand(n, generator=generator, device=generator.device) < p


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator, device=generator.device)
