"""Gray images as PNG files for the browser, enlarged without smoothing."""

import base64
import io
from functools import lru_cache

import numpy as np
from PIL import Image

# Fill maps to white at their brightest half percent: a single hot pixel would leave all else black.
WHITE_QUANTILE = 0.995


def map_pictures(maps_FXY: np.ndarray) -> np.ndarray:
    """The maps of one image as uint8 (F, X, Y) on one scale, so that a filter which hardly answers stays dark."""
    maps = maps_FXY.astype(np.float32)
    white = np.quantile(maps, WHITE_QUANTILE)
    return np.round(255 * np.clip(maps / (white if white > 0 else 1), 0, 1)).astype(np.uint8)


def enlarge(image_SS: np.ndarray, scale: int) -> np.ndarray:
    """Nearest neighbor: every pixel becomes a square of `scale` x `scale`."""
    return np.repeat(np.repeat(image_SS, scale, axis=0), scale, axis=1)


def png(image: np.ndarray, scale: int = 1, margin: int = 0) -> bytes:
    """Encode a uint8 image, gray (H, W) or gray and alpha (H, W, 2), as a PNG, enlarged `scale` times.

    Half of the clear `margin` of pixels is at each side: the browser rounds the corners of a picture, so with a margin
    those of the image stay square.
    """
    return _encode(np.ascontiguousarray(image, dtype=np.uint8).tobytes(), image.shape, scale, margin)


def framed(image: np.ndarray, share: float) -> np.ndarray:
    """A picture (H, W) or (H, W, 3) as RGBA with a clear margin at both sides, `share` of the new width; see `png`."""
    colors = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    opaque = np.dstack([colors, np.full(image.shape[:2], 255, dtype=np.uint8)])
    side = max(1, round(image.shape[1] * share / (1 - share) / 2))
    return np.pad(opaque, ((0, 0), (side, side), (0, 0)))


@lru_cache(maxsize=4096)
def data_url(png: bytes) -> str:
    """A PNG as an address that holds it, which a browser fetches from nobody."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


@lru_cache(maxsize=4096)
def _encode(pixels: bytes, shape: tuple[int, ...], scale: int, margin: int) -> bytes:
    image = Image.fromarray(enlarge(np.frombuffer(pixels, dtype=np.uint8).reshape(shape), scale))
    if margin:
        wider = Image.new("LA", (image.width + margin, image.height), (0, 0))
        wider.paste(image.convert("LA"), (margin // 2, 0))
        image = wider
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def strip(images_NSS: np.ndarray, gap: int = 1) -> np.ndarray:
    """Images (N, S, S) side by side as gray and alpha (S, W, 2), `gap` clear pixels apart: one file instead of N."""
    count, height, width = images_NSS.shape
    row = np.zeros((height, count * (width + gap) - gap, 2), dtype=np.uint8)
    for number, image in enumerate(images_NSS):
        start = number * (width + gap)
        row[:, start : start + width, 0] = image
        row[:, start : start + width, 1] = 255
    return row


def first_of_each(labels: np.ndarray, classes: int) -> np.ndarray:
    """The number of the first image of each class that has one, in the order of the classes; labels (N,)."""
    return np.concatenate([np.flatnonzero(labels == number)[:1] for number in range(classes)])
