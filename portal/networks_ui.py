"""The seven networks' answers for the validation images, as the pages that compare them take them."""

from __future__ import annotations

import numpy as np

from artifacts.contract import ArchitecturesSummary
from portal import ui


def validation_networks(summary: ArchitecturesSummary) -> dict[str, np.ndarray]:
    """Each network's probabilities, float16 (N, C), of the images in data/validation.npz, by its name.

    They are of each network's best epoch. What is missing or damaged stops the page with one sentence.
    """
    return {
        result.name: ui.arrays(f"architectures/{result.name}.npz")["val_probabilities"] for result in summary.results
    }
