"""Which points of a scatter have room for a label, so that no label covers another or a mark."""

from __future__ import annotations

import numpy as np

LABEL = (16.0, 12.0)  # pixels of a two-digit number: width, height
MARK = 10.0  # pixels of a mark
LIFT = 11.0  # pixels from a mark's middle up to its label's


def with_room(x_N: np.ndarray, y_N: np.ndarray) -> np.ndarray:
    """Whether each point can have its label above it, bool (N,); positions in pixels, y downwards.

    Greedy in the order given: a label is left out if it would touch another point's mark or a label kept before.
    """
    points = np.stack([x_N, y_N], axis=1)
    labels = points - (0, LIFT)
    kept: list[int] = []
    for number, label in enumerate(labels):
        others = np.delete(points, number, axis=0)
        touches = (np.abs(others - label) < (np.array(LABEL) + MARK) / 2).all(axis=1).any()
        covers = any((np.abs(labels[other] - label) < LABEL).all() for other in kept)
        if not touches and not covers:
            kept.append(number)
    return np.isin(np.arange(len(points)), kept)
