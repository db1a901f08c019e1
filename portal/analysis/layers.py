"""A network layer by layer: the maps of a layer that answer most to an image, as pictures, and how many they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from portal.core.pictures import enlarge, map_pictures

STRONGEST = 8
MOST_LAYERS = 8


@dataclass(frozen=True)
class Layer:
    """The `number`-th of the layers with a ReLU, from 1: how many maps of which size, and its strongest as pictures.

    `pictures` uint8 (K, S', S'), at most STRONGEST, the one with the highest mean first; `filters` are their numbers.
    """

    number: int
    maps: int
    size: tuple[int, int]
    filters: tuple[int, ...]
    pictures: np.ndarray

    @property
    def caption(self) -> str:
        rows, columns = self.size
        return f"Layer {self.number}: {self.maps} maps of {rows} x {columns}"


def shown(maps: Sequence[np.ndarray]) -> list[Layer]:
    """At most MOST_LAYERS layers, spread over the network from the first to the last; `maps` float (F, X, Y) each."""
    numbers = np.unique(np.linspace(0, len(maps) - 1, min(MOST_LAYERS, len(maps))).round().astype(int))
    largest = max(each.shape[1] for each in maps)
    return [_layer(int(number) + 1, maps[number], largest) for number in numbers]


def _layer(number: int, maps_FXY: np.ndarray, largest: int) -> Layer:
    strongest = np.argsort(-maps_FXY.mean(axis=(1, 2)), kind="stable")[:STRONGEST]
    drawn = map_pictures(maps_FXY)[strongest]
    scale = max(1, largest // maps_FXY.shape[1])  # all layers as wide as the first, so that pixels are seen to grow
    pictures = np.stack([enlarge(picture, scale) for picture in drawn])
    return Layer(number, len(maps_FXY), (maps_FXY.shape[1], maps_FXY.shape[2]), tuple(map(int, strongest)), pictures)


def sentence(layers: Sequence[Layer]) -> str:
    """Describe how the maps change from the first to the last of these layers."""
    first, last = layers[0], layers[-1]
    return (
        f"From {first.maps} maps of {first.size[0]} x {first.size[1]} to {last.maps} of {last.size[0]} x "
        f"{last.size[1]}: later layers encode less about where and more about what, so their maps look less and less "
        "like the image."
    )
