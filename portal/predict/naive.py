"""Photo preparation as in most demos, as a baseline: the background stays in the picture.

All take an RGB picture, uint8 (H, W, 3), and return gray, uint8 (size, size).
"""

import cv2
import numpy as np

from artifacts.photo.garment import Rgb, border_pixels
from artifacts.photo.prepare import Grey

BRIGHT = 127  # a ground above this level is inverted


def resized(rgb: Rgb, size: int) -> Grey:
    """Gray, squeezed to a square."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def inverted(rgb: Rgb, size: int) -> Grey:
    """The same, dark and light exchanged."""
    return (255 - resized(rgb, size)).astype(np.uint8)


def padded(rgb: Rgb, size: int) -> Grey:
    """Extended to a square in the border's color, inverted where the border is bright."""
    height, width = rgb.shape[:2]
    colour = np.median(border_pixels(rgb), axis=0).astype(np.uint8)
    edge = max(height, width)
    square = np.full((edge, edge, 3), colour, np.uint8)
    top, left = (edge - height) // 2, (edge - width) // 2
    square[top : top + height, left : left + width] = rgb
    return inverted(square, size) if colour.mean() > BRIGHT else resized(square, size)
