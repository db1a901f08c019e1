"""Six image corruptions of chosen strength, with which pipeline and portal measure robustness.

Plain numpy, since this is the only package that both import. Every function takes uint8 images (N, S, S) and a
strength, and returns images of the same shape and dtype; strength 0 changes nothing. After Hendrycks and Dietterich
2019 (arXiv:1903.12261); the strengths are chosen for 28 x 28 pixels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

NOISE_SEED = 0  # the same grains every time, so that a link shows what was sent


@dataclass(frozen=True)
class Corruption:
    """`strengths` are those of the measured curves, from 0 (no change) up, in `unit`."""

    name: str
    title: str
    unit: str
    does: str
    strengths: tuple[float, ...]
    apply: Callable[[np.ndarray, float], np.ndarray]


def rotate(images_NSS: np.ndarray, degrees: float) -> np.ndarray:
    """Rotate counter-clockwise around the center, nearest pixel, 0 outside."""
    size = images_NSS.shape[-1]
    centre = (size - 1) / 2
    across = np.arange(size) - centre
    down = across[:, None]
    angle = np.deg2rad(degrees)
    columns = np.rint(np.cos(angle) * across - np.sin(angle) * down + centre).astype(int)
    rows = np.rint(np.sin(angle) * across + np.cos(angle) * down + centre).astype(int)
    inside = (columns >= 0) & (columns < size) & (rows >= 0) & (rows < size)
    read = images_NSS[:, rows.clip(0, size - 1), columns.clip(0, size - 1)]
    return np.where(inside, read, np.uint8(0))


def shift(images_NSS: np.ndarray, pixels: float) -> np.ndarray:
    """Shift to the right by whole pixels; uncovered pixels are 0."""
    moved, by = np.zeros_like(images_NSS), min(round(pixels), images_NSS.shape[-1])
    moved[:, :, by:] = images_NSS[:, :, : images_NSS.shape[-1] - by]
    return moved


def add_noise(images_NSS: np.ndarray, deviation: float) -> np.ndarray:
    """Add Gaussian noise with a standard deviation in gray levels (0..255), independent for each pixel and image."""
    grains = np.random.default_rng(NOISE_SEED).standard_normal(images_NSS.shape, dtype=np.float32)
    return _levels(images_NSS + np.float32(deviation) * grains)


def blur(images_NSS: np.ndarray, deviation: float) -> np.ndarray:
    """Gaussian blur with a standard deviation in pixels; outside the image is black."""
    if deviation <= 0:
        return images_NSS.copy()
    size = images_NSS.shape[-1]
    distance = np.arange(-size, size + 1, dtype=np.float32)
    weight = np.exp(-((distance / deviation) ** 2) / 2)
    weight /= weight.sum()
    place = np.arange(size)
    across = weight[place[:, None] - place + size]  # (S, S): how much of each pixel reaches each other along one axis
    return _levels(across @ images_NSS.astype(np.float32) @ across)


def lower_contrast(images_NSS: np.ndarray, percent: float) -> np.ndarray:
    """Move every pixel toward the mean of its image by a percentage of the distance: 100 leaves a uniform gray."""
    grey = images_NSS.astype(np.float32)
    mean = grey.mean(axis=(1, 2), keepdims=True)
    return _levels(mean + (1 - np.float32(percent) / 100) * (grey - mean))


def occlude(images_NSS: np.ndarray, percent: float) -> np.ndarray:
    """Cover the center with a black square whose side is a share of the image's."""
    size = images_NSS.shape[-1]
    side = round(size * percent / 100)
    start = (size - side) // 2
    hidden = images_NSS.copy()
    hidden[:, start : start + side, start : start + side] = 0
    return hidden


CORRUPTIONS = (
    Corruption("rotate", "Rotation", "degrees", "turned about the centre", (0, 5, 15, 45, 90), rotate),
    Corruption("shift", "Shift", "pixels", "moved to the right", (0, 1, 2, 4, 8), shift),
    Corruption("noise", "Noise", "grey levels", "random grains added", (0, 10, 30, 60, 100), add_noise),
    Corruption("blur", "Blur", "pixels", "out of focus", (0, 0.5, 1, 2, 3), blur),
    Corruption("contrast", "Lost contrast", "per cent", "greys drawn together", (0, 25, 50, 75, 90), lower_contrast),
    Corruption("occlude", "Hidden middle", "per cent of the side", "behind a square", (0, 20, 40, 60, 80), occlude),
)


def corrupt(images_NSS: np.ndarray, strengths: Mapping[str, float]) -> np.ndarray:
    """Apply all corruptions with a strength above 0 to uint8 images (N, S, S), in the order of CORRUPTIONS."""
    for corruption in CORRUPTIONS:
        strength = strengths.get(corruption.name, 0)
        if strength > 0:
            images_NSS = corruption.apply(images_NSS, strength)
    return images_NSS


def _levels(grey: np.ndarray) -> np.ndarray:
    """Round to whole gray levels and clip to 0..255."""
    return np.rint(grey).clip(0, 255).astype(np.uint8)
