"""Resampling: the source position of each output pixel, and the value interpolated there.

Positions are in grid_sample's unit, where the image runs from -1 to 1 along x and along y.
"""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor


def resample(images: Tensor, source: Tensor, mode: str) -> Tensor:
    """Returns float32 (N, 1, H, W): uint8 images (N, 1, H, W) read at source (N, 2, H, W), its x and y; 0 outside.

    mode is "nearest" or "bilinear".
    """
    # x and y stay apart in memory: grid_sample reads planes as fast, and interleaving them costs more than sampling.
    return F.grid_sample(images.float(), source.permute(0, 2, 3, 1), mode=mode, align_corners=False)


def pixel_centres(size: int, device: torch.device) -> Tensor:
    """Returns float32 (size,): the positions of the pixel centers along one axis."""
    return (torch.arange(size, device=device) + 0.5) * (2 / size) - 1


@functools.cache
def perspective_table(size: int, device: torch.device) -> Tensor:
    """Returns `perspective_source` of the 256 ways to move four corners by 0 or 1 pixel along each axis.

    Bit k of the row number is offset k, in the order of the flattened offsets (4, 2).
    """
    offsets = (torch.arange(256)[:, None] >> torch.arange(8)) & 1
    return perspective_source(offsets.view(256, 4, 2), size).to(device)


def perspective_source(offsets: Tensor, size: int) -> Tensor:
    """Returns float32 (N, 3, size, size) for corner offsets int (N, 4, 2), pixels inwards: source x, y, and coverage.

    Coverage is the share of the place's pixel that lies inside the image. torchvision multiplies by it although it has
    already sampled with zeros outside, so a value at the border fades twice; the picture is only equal with it.
    """
    a, b, c, d, e, f, g, h = _homographies(offsets, size)[:, :, None, None].unbind(1)
    # The corners are pixel numbers (0 to size - 1), the places pixel centers (0.5 to size - 0.5): also torchvision's.
    x = torch.arange(size, device=offsets.device) + 0.5
    y = x[:, None]
    pixels = torch.stack((a * x + b * y + c, d * x + e * y + f), dim=1) / (g * x + h * y + 1)[:, None]
    source = (pixels * (2 / size) - 1).float()
    inside = torch.ones(len(offsets), 1, size, size, dtype=torch.uint8, device=offsets.device)
    return torch.cat((source, resample(inside, source, "bilinear")), dim=1)


def _homographies(offsets: Tensor, size: int) -> Tensor:
    """Returns float64 (N, 8), a to h of (x, y) -> (ax + by + c, dx + ey + f) / (gx + hy + 1), moved corner to corner.

    A corner (u, v) moved to (x, y) gives two equations: ax + by + c - ugx - uhy = u and dx + ey + f - vgx - vhy = v.
    """
    unit_square = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=torch.float64, device=offsets.device)
    corners = unit_square * (size - 1)
    moved = corners + (1 - 2 * unit_square) * offsets  # (N, 4, 2)
    u, v = corners[:, :1], corners[:, 1:]
    point = F.pad(moved, (0, 1), value=1.0)  # x, y, 1
    nothing = torch.zeros_like(point)
    equations = torch.cat((torch.cat((point, nothing, -u * moved), -1), torch.cat((nothing, point, -v * moved), -1)), 1)
    # solve_ex leaves out the check for a singular matrix, for which the host would have to wait.
    solution: Tensor = torch.linalg.solve_ex(equations, torch.cat((u, v)).T.expand(len(offsets), 8)).result
    return solution
