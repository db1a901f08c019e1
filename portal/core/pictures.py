"""Grey images as PNG files for the browser, enlarged pixel by pixel so that nothing is smoothed away."""

from __future__ import annotations

import base64
import io
from functools import lru_cache

import numpy as np
from PIL import Image


def enlarge(image_SS: np.ndarray, scale: int) -> np.ndarray:
    """Nearest neighbour: every pixel becomes a square of `scale` x `scale`."""
    return np.repeat(np.repeat(image_SS, scale, axis=0), scale, axis=1)


def png(image_SS: np.ndarray, scale: int = 1, margin: int = 0) -> bytes:
    """One grey uint8 image as a PNG, `scale` times as wide and high, with a clear `margin` of pixels at its right."""
    height, width = image_SS.shape
    return _encode(np.ascontiguousarray(image_SS, dtype=np.uint8).tobytes(), height, width, scale, margin)


@lru_cache(maxsize=4096)
def data_url(png: bytes) -> str:
    """A PNG as an address that holds it, which a browser fetches from nobody."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


@lru_cache(maxsize=4096)
def _encode(pixels: bytes, height: int, width: int, scale: int, margin: int) -> bytes:
    image = Image.fromarray(enlarge(np.frombuffer(pixels, dtype=np.uint8).reshape(height, width), scale))
    if margin:
        wider = Image.new("LA", (image.width + margin, image.height), (0, 0))
        wider.paste(image.convert("LA"), (0, 0))
        image = wider
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def strip(images_NSS: np.ndarray, gap: int = 1) -> np.ndarray:
    """Images side by side in one, `gap` white pixels apart: one file to send instead of N."""
    count, height, width = images_NSS.shape
    row = np.full((height, count * (width + gap) - gap), 255, dtype=np.uint8)
    for number, image in enumerate(images_NSS):
        start = number * (width + gap)
        row[:, start : start + width] = image
    return row


def first_of_each(labels: np.ndarray, classes: int) -> np.ndarray:
    """The number of the first image of each class that has one, in the order of the classes; labels (N,)."""
    return np.concatenate([np.flatnonzero(labels == number)[:1] for number in range(classes)])
