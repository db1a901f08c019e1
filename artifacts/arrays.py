"""The arrays in every array file of a run, with their dtypes and shapes.

Shapes are in letters; one letter is one size within a file. `C` (classes) and `S` (image side) are the run's own.
N: images, K: images a class, E: epochs, R: seeds, F: filters, D: embedding size, P: projected size, O: ops, T: sets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch

import numpy as np

from artifacts.contract import ArtifactError


@dataclass(frozen=True)
class ArraySpec:
    dtype: str
    shape: str  # letters or digits, one an axis


ARRAYS: dict[str, dict[str, ArraySpec]] = {
    "data/split.npz": {"train": ArraySpec("uint32", "N"), "validation": ArraySpec("uint32", "V")},
    # The validation images that the study uses: all of the split's, or a part in the small profiles.
    "data/validation.npz": {"images": ArraySpec("uint8", "NSS"), "labels": ArraySpec("uint8", "N")},
    "data/test.npz": {"images": ArraySpec("uint8", "NSS"), "labels": ArraySpec("uint8", "N")},
    "eda/images.npz": {
        "average": ArraySpec("uint8", "CSS"),
        "samples": ArraySpec("uint8", "CKSS"),
        "sample_index": ArraySpec("uint32", "CK"),
    },
    "outliers/errors.npz": {"error": ArraySpec("float32", "N"), "label": ArraySpec("uint8", "N")},
    "outliers/worst.npz": {
        "index": ArraySpec("uint32", "CK"),
        "error": ArraySpec("float32", "CK"),
        "images": ArraySpec("uint8", "CKSS"),
        "reconstructions": ArraySpec("uint8", "CKSS"),
    },
    "architectures/*.npz": {
        "val_predictions": ArraySpec("uint8", "EN"),
        "val_probabilities": ArraySpec("float16", "NC"),
    },
    # `before` and `after[o]` are the same images without and with op o; `sets[t]` shows K draws of trainset t + 2.
    "augmentations/pictures.npz": {
        "before": ArraySpec("uint8", "KSS"),
        "label": ArraySpec("uint8", "K"),
        "after": ArraySpec("uint8", "OKSS"),
        "sets": ArraySpec("uint8", "TKSS"),
    },
    # Of the recipe trained on the train part alone, so honest for calibration; rows follow data/validation.npz.
    "final/validation.npz": {"probabilities": ArraySpec("float16", "NC")},
    "final/test.npz": {
        "probabilities": ArraySpec("float32", "NC"),
        "predictions_by_seed": ArraySpec("uint8", "RN"),
    },
    # projection = (embedding - mean) @ components, a PCA of the final model's embedding; `map` is its 2-D picture.
    "final/embedding.npz": {
        "mean": ArraySpec("float32", "D"),
        "components": ArraySpec("float32", "DP"),
        "test": ArraySpec("float16", "NP"),
        "map": ArraySpec("float32", "N2"),
        "gallery_index": ArraySpec("uint32", "G"),
        "gallery_label": ArraySpec("uint8", "G"),
        "gallery_images": ArraySpec("uint8", "GSS"),
        "gallery": ArraySpec("float16", "GP"),
    },
    # Of the first N test images.
    "embedding-map/points.npz": {"points": ArraySpec("float32", "N2")},
    # Of the champion's recipe on the train part alone (as architectures/*.npz), and of its published networks.
    "champion/validation.npz": {
        "val_predictions": ArraySpec("uint8", "EN"),
        "val_probabilities": ArraySpec("float16", "NC"),
    },
    "champion/test.npz": {"predictions_by_seed": ArraySpec("uint8", "RN")},
    "errors/mistakes.npz": {
        "index": ArraySpec("uint32", "N"),
        "true": ArraySpec("uint8", "N"),
        "predicted": ArraySpec("uint8", "N"),
        "confidence": ArraySpec("float32", "N"),
    },
    # The most suspicious labels with their out-of-fold probabilities, the least probable label first.
    "labels/suspects.npz": {
        "index": ArraySpec("uint32", "N"),
        "images": ArraySpec("uint8", "NSS"),
        "given": ArraySpec("uint8", "N"),
        "suggested": ArraySpec("uint8", "N"),
        "probabilities": ArraySpec("float16", "NC"),
    },
    # All suspected labels, in the same order; `in_validation`: the rows of data/validation.npz among them.
    "labels/issues.npz": {"index": ArraySpec("uint32", "N"), "in_validation": ArraySpec("uint32", "W")},
    # Image 0 is an ankle boot and image 1 a T-shirt (the deck's), or classes C-1 and 0; then one of each class.
    "feature-maps/maps.npz": {
        "filters": ArraySpec("float32", "FAB"),
        "index": ArraySpec("uint32", "N"),
        "images": ArraySpec("uint8", "NSS"),
        "label": ArraySpec("uint8", "N"),
        "maps": ArraySpec("float16", "NFXY"),
        "average_map": ArraySpec("float32", "FXY"),
    },
    # A map is max(0, scale * (sum of filter x patch + bias) + shift): the convolution's bias, and its BatchNorm folded.
    "feature-maps/first-layer.npz": {
        "bias": ArraySpec("float32", "F"),
        "scale": ArraySpec("float32", "F"),
        "shift": ArraySpec("float32", "F"),
    },
}


def spec_of(path: str) -> dict[str, ArraySpec]:
    """The arrays that the file `path` of a run holds; ArtifactError if the contract knows no such file."""
    for pattern, spec in ARRAYS.items():
        if fnmatch(path, pattern):
            return spec
    raise ArtifactError(f"{path} is no array file of this schema.")


def check(path: str, arrays: Mapping[str, np.ndarray], *, classes: int, image_size: int) -> None:
    """Raise ArtifactError unless `arrays` follow the contract of `path`."""
    spec = spec_of(path)
    if set(arrays) != set(spec):
        raise ArtifactError(f"{path} holds the arrays {sorted(arrays)} instead of {sorted(spec)}.")
    sizes = {"C": classes, "S": image_size}
    for name, expected in spec.items():
        _check_one(f"{name} in {path}", arrays[name], expected, sizes)


def _check_one(what: str, array: np.ndarray, expected: ArraySpec, sizes: dict[str, int]) -> None:
    if str(array.dtype) != expected.dtype or array.ndim != len(expected.shape):
        raise ArtifactError(
            f"{what} is {array.dtype} with {array.ndim} axes instead of {expected.dtype} with {len(expected.shape)}."
        )
    for letter, size in zip(expected.shape, array.shape, strict=True):
        wanted = int(letter) if letter.isdigit() else sizes.setdefault(letter, size)
        if size != wanted:
            raise ArtifactError(f"{what} has the shape {array.shape}, where {letter} should be {wanted}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ArtifactError(f"{what} holds values that are not finite.")
