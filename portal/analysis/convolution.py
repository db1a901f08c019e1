"""One value of a first-layer map worked out by hand: patch, filter, products, sum, BatchNorm, ReLU."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Place:
    """The arithmetic of one filter at one place.

    `patch` float (A, B), pixels in 0..1 and 0 beyond the image's edge; `products` float (A, B) = patch x filter.
    `value` = max(0, scale * (sum of products + bias) + shift): after training, BatchNorm is a straight line.
    """

    patch: np.ndarray
    weights: np.ndarray
    bias: float
    scale: float
    shift: float

    @property
    def products(self) -> np.ndarray:
        return self.patch * self.weights

    @property
    def total(self) -> float:
        return float(self.products.sum())

    @property
    def normalised(self) -> float:
        return self.scale * (self.total + self.bias) + self.shift

    @property
    def value(self) -> float:
        return max(0.0, self.normalised)


def at(
    image_SS: np.ndarray,
    filters_FAB: np.ndarray,
    layer: Mapping[str, np.ndarray],
    number: int,
    row: int,
    column: int,
) -> Place:
    """Compute one value of the map of filter `number` for the image, uint8 (S, S); the map is as large as the image.

    `layer` holds what feature-maps/first-layer.npz does: bias, scale and shift, float32 (F,).
    """
    height, width = filters_FAB.shape[1:]
    padded = np.pad(image_SS / 255.0, ((height // 2, height // 2), (width // 2, width // 2)))
    return Place(
        patch=padded[row : row + height, column : column + width],
        weights=filters_FAB[number].astype(float),
        bias=float(layer["bias"][number]),
        scale=float(layer["scale"][number]),
        shift=float(layer["shift"][number]),
    )


def steps(place: Place, on_the_map: float) -> pd.DataFrame:
    """Return the arithmetic as a table, one step per row; the last row is the network's own value, to compare."""
    rows = [
        (f"The {place.patch.size} products added up", place.total),
        (f"plus the filter's bias, {place.bias:+.3f}", place.total + place.bias),
        (f"BatchNorm: times {place.scale:.3f}, then {place.shift:+.3f}", place.normalised),
        ("ReLU: what is negative becomes 0", place.value),
        ("The network's own map here", on_the_map),
    ]
    return pd.DataFrame([(step, f"{value:.3f}") for step, value in rows], columns=["Step", "Value"])
