"""Rows that a run keeps of arrays over validation images, so that a published study stays under 40 MB.

The pages look at single images, for which the first KEPT_VALIDATION validation images and KEPT_GALLERY training images
to look for neighbors in are enough; all of them would weigh 7 MB. Every figure is computed from all images first.
"""

from fnmatch import fnmatch

import numpy as np

KEPT_VALIDATION = 4_000
KEPT_GALLERY = 1_000
Arrays = dict[str, np.ndarray]
# The axis of the validation images, by array.
_ROWS = {
    "data/validation.npz": {"images": 0, "labels": 0},
    "final/validation.npz": {"probabilities": 0},
    "architectures/*.npz": {"val_predictions": 1, "val_probabilities": 0},
    "champion/validation.npz": {"val_predictions": 1, "val_probabilities": 0},
}


def kept(path: str, arrays: Arrays) -> Arrays:
    """Return the part of the arrays of `path` that a run keeps; most files keep everything."""
    if path == "labels/issues.npz":  # numbers of suspected rows, not a row for each image
        rows = arrays["in_validation"]
        return {**arrays, "in_validation": rows[rows < KEPT_VALIDATION]}
    if path == "final/embedding.npz":  # evenly spaced: the gallery is sorted by image number, so all classes stay
        step = -(-len(arrays["gallery"]) // KEPT_GALLERY)
        return {name: each[::step] if name.startswith("gallery") else each for name, each in arrays.items()}
    axes = next((axes for pattern, axes in _ROWS.items() if fnmatch(path, pattern)), {})
    for name, axis in axes.items():
        most = min(KEPT_VALIDATION, arrays[name].shape[axis])
        arrays = {**arrays, name: arrays[name].take(range(most), axis)}
    return arrays
