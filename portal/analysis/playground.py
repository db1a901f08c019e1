"""The study's four augmentations with chosen instead of drawn parameters, in numpy: what pipeline.augmentation does.

The portal runs without torch, so it has its own implementation; a test compares both.
"""

from dataclasses import dataclass

import numpy as np

from artifacts import corruptions

CORNERS = ("top left", "top right", "bottom right", "bottom left")
_UNIT_SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=float)  # (x, y) in the order of CORNERS


@dataclass(frozen=True)
class Augmentation:
    """Chosen parameters: degrees counter-clockwise; `corners` of CORNERS move inwards by `pixels` along both axes; a
    square of `erased` (a share of the image, 0..1) is blanked out, placed at `across` and `down` (0..1) of its room."""

    flip: bool = False
    degrees: float = 0.0
    corners: tuple[str, ...] = CORNERS[:2]
    pixels: int = 0
    erased: float = 0.0
    across: float = 0.5
    down: float = 0.5


def augment(image_SS: np.ndarray, chosen: Augmentation) -> np.ndarray:
    """The image uint8 (S, S) flipped, rotated, distorted and erased, in the order in which the trainsets do it."""
    image = image_SS[:, ::-1] if chosen.flip else image_SS
    image = corruptions.rotate(image[None], chosen.degrees)[0]
    offsets = np.array([[chosen.pixels if corner in chosen.corners else 0] * 2 for corner in CORNERS])
    image = distort(image, offsets) if offsets.any() else image
    return erase(image, chosen.erased, chosen.across, chosen.down)


def erase(image_SS: np.ndarray, share: float, across: float, down: float) -> np.ndarray:
    """Blank out a square that covers `share` of the image."""
    size = len(image_SS)
    side = round(np.sqrt(share) * size)
    left, top = (int(place * (size - side)) for place in (across, down))
    erased = image_SS.copy()
    erased[top : top + side, left : left + side] = 0
    return erased


def distort(image_SS: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Perspective: the corners of CORNERS moved inwards by `offsets` int (4, 2) pixels along x and y; bilinear.

    Like torchvision, the value read is multiplied by the share of the pixel that lies inside the image, although what
    lies outside was already read as 0: the border fades twice.
    """
    size = len(image_SS)
    a, b, c, d, e, f, g, h = _homography(offsets, size)
    x = np.arange(size) + 0.5
    y = x[:, None]
    depth = g * x + h * y + 1
    columns, rows = (a * x + b * y + c) / depth - 0.5, (d * x + e * y + f) / depth - 0.5
    inside = _bilinear(np.ones_like(image_SS), columns, rows)
    return np.rint(_bilinear(image_SS, columns, rows) * inside).astype(np.uint8)


def _homography(offsets: np.ndarray, size: int) -> np.ndarray:
    """a to h of (x, y) -> (ax + by + c, dx + ey + f) / (gx + hy + 1), which takes each moved corner back."""
    corners = _UNIT_SQUARE * (size - 1)
    moved = corners + (1 - 2 * _UNIT_SQUARE) * offsets
    rows, values = [], []
    for (x, y), (u, v) in zip(moved, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.linalg.solve(np.array(rows), np.array(values))


def _bilinear(image_SS: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The image read between its pixels' centers, 0 outside; float (S, S)."""
    size = len(image_SS)
    padded = np.pad(image_SS.astype(float), (1, 2))
    columns, rows = columns.clip(-1, size), rows.clip(-1, size)
    left, top = np.floor(columns).astype(int), np.floor(rows).astype(int)
    right_share, lower_share = columns - left, rows - top
    upper = padded[top + 1, left + 1] * (1 - right_share) + padded[top + 1, left + 2] * right_share
    lower = padded[top + 2, left + 1] * (1 - right_share) + padded[top + 2, left + 2] * right_share
    return upper * (1 - lower_share) + lower * lower_share
