"""Publishing: a finished run's artifacts, verified, become `artifacts/study`, which the portal shows first.

The published copy holds the first KEPT_VALIDATION validation images and the networks' answers to them, and KEPT_GALLERY
training images to look for neighbours in: enough to look at, and all would weigh 7 MB of the 40 that a study may. Every
figure stays that of all images.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from artifacts import store
from artifacts.contract import ArtifactError, Manifest
from artifacts.store import Run
from pipeline.stages import STAGES
from pipeline.support.errors import UserError

STUDY = Path(__file__).resolve().parent.parent / "artifacts" / "study"
MAX_BYTES = 40_000_000
KEPT_VALIDATION = 4_000
KEPT_GALLERY = 1_000
Arrays = dict[str, np.ndarray]
# Arrays with a row for each validation image, and the axis of the rows.
_ROWS = {
    "data/validation.npz": {"images": 0, "labels": 0},
    "final/validation.npz": {"probabilities": 0},
    "architectures/*.npz": {"val_predictions": 1, "val_probabilities": 0},
    "champion/validation.npz": {"val_predictions": 1, "val_probabilities": 0},
}


def verify(folder: Path) -> list[str]:
    """One sentence for each fault of the run in `folder`; empty when all files are what its manifest says."""
    try:
        return Run(folder).verify()
    except ArtifactError as error:
        return [str(error)]


def publish(source: Path, target: Path = STUDY) -> int:
    """Copy the run over `target`, all or nothing; the number of bytes. UserError if it is not fit to be published."""
    faults = verify(source)
    if faults:
        raise UserError(f"The run in {source} cannot be published: {faults[0]} Run it again with run-all.")
    manifest = Run(source).manifest
    missing = [stage.name for stage in STAGES if stage.name not in manifest.stages]
    if missing:
        raise UserError(f"The run in {source} lacks the stage {missing[0]}: finish it with run-all first.")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".publish-") as temporary:
        fresh = Path(temporary) / "fresh"
        shutil.copytree(source, fresh)
        keep_first(fresh, KEPT_VALIDATION)
        size = sum(path.stat().st_size for path in fresh.rglob("*") if path.is_file())
        if size > MAX_BYTES:
            raise UserError(
                f"The run in {source} is {size / 1e6:.1f} MB, over the {MAX_BYTES / 1e6:.0f} MB to be committed."
            )
        _swap(fresh, target, Path(temporary) / "old")
    return size


def keep_first(folder: Path, count: int) -> None:
    """Keep the first `count` validation images of the run in `folder`, and what belongs to them."""
    run = Run(folder)
    files = dict(run.manifest.files)
    for path in files:
        if (cut := _cut(path, count)) is not None:
            content = store.npz_bytes(cut(run.arrays(path)))
            store.write_atomic(folder / path, content)
            files[path] = store.record(content)
    store.write_atomic(folder / Manifest.PATH, store.sealed(dataclasses.replace(run.manifest, files=files)))


def _cut(path: str, count: int) -> Callable[[Arrays], Arrays] | None:
    """What leaves the first `count` validation images in the file `path`; None for a file that has none."""
    if path == "labels/issues.npz":  # numbers of suspected rows, not a row for each image
        return lambda arrays: {**arrays, "in_validation": arrays["in_validation"][arrays["in_validation"] < count]}
    if path == "final/embedding.npz":
        return _thinned
    axes = next((axes for pattern, axes in _ROWS.items() if fnmatch(path, pattern)), None)
    if axes is None:
        return None
    return lambda arrays: {
        name: each.take(range(min(count, each.shape[axes[name]])), axes[name]) for name, each in arrays.items()
    }


def _thinned(arrays: Arrays) -> Arrays:
    """Evenly spaced rows of the gallery, which is sorted by the images' numbers, so of all classes."""
    step = -(-len(arrays["gallery"]) // KEPT_GALLERY)
    return {name: each[::step] if name.startswith("gallery") else each for name, each in arrays.items()}


def _swap(fresh: Path, target: Path, old: Path) -> None:
    """By two renames, so that no reader finds half a study."""
    if target.exists():
        target.rename(old)
    fresh.rename(target)
