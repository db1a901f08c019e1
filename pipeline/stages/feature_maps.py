"""Stage feature-maps: first-layer filters, their maps, and the side of a garment each responds to (deck section 5)."""

import numpy as np
import torch

from artifacts.contract import FeatureMapsSummary, FilterSide
from pipeline.models.base import ConvNorm, ImageClassifier
from pipeline.stages.context import Context
from pipeline.stages.final import published_spec
from pipeline.training.batches import normalise
from pipeline.training.loop import EVAL_BATCH

AVERAGED_IMAGES = 2_000
# A center that moved by less than this share of half the image's side says nothing about sides.
SIDE_THRESHOLD = 0.04
SILENT = 1e-6


def run(context: Context) -> None:
    """Write `feature-maps/summary.json` and its arrays. Test images are used without their labels,
    except to pick one garment of each class to show."""
    model = context.network(published_spec(context))
    dataset = context.dataset
    shown = _shown(dataset.test_labels, len(dataset.classes))
    averaged = dataset.test_images[:AVERAGED_IMAGES]
    maps, shifts = _maps_and_shifts(model, averaged)
    chosen = _maps(model, dataset.test_images[shown])
    arrays = {
        "filters": model.first_conv.weight.detach().numpy()[:, 0],
        "index": shown.astype(np.uint32),
        "images": dataset.test_images[shown],
        "label": dataset.test_labels[shown],
        "maps": chosen.astype(np.float16),
        "average_map": maps,
    }
    context.write_arrays("feature-maps/maps.npz", arrays)
    context.write_arrays("feature-maps/first-layer.npz", first_layer(model))
    sides = tuple(_side(number, shift, maps[number]) for number, shift in enumerate(shifts))
    context.write(
        FeatureMapsSummary(
            layer="first convolution, after BatchNorm and ReLU",
            images=len(averaged),
            threshold=SIDE_THRESHOLD,
            filters=sides,
        )
    )


def _shown(labels: np.ndarray, classes: int) -> np.ndarray:
    """Test indices: one of the last class and of the first (the deck's ankle boot and T-shirt), then one of each."""
    by_class = [np.flatnonzero(labels == label) for label in range(classes)]
    return np.array([by_class[-1][0], by_class[0][0], *(index[1] for index in by_class)])


@torch.no_grad()
def first_layer(model: ImageClassifier) -> dict[str, np.ndarray]:
    """Return the first convolution's bias, and its BatchNorm as one scale and shift.

    In eval mode BatchNorm is (x - mean) / sqrt(variance + eps) * weight + bias: an affine function.
    """
    conv = model.first_conv
    norm = next(block.norm for block in model.modules() if isinstance(block, ConvNorm) and block.conv is conv)
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    bias = torch.zeros(conv.out_channels) if conv.bias is None else conv.bias
    arrays = {"bias": bias, "scale": scale, "shift": norm.bias - norm.running_mean * scale}
    return {name: value.float().numpy() for name, value in arrays.items()}


@torch.no_grad()
def _maps(model: ImageClassifier, images: np.ndarray) -> np.ndarray:
    """First-layer maps float32 (N, F, X, Y)."""
    tensor = torch.from_numpy(np.ascontiguousarray(images)).unsqueeze(1)
    return torch.cat([model.taps(normalise(part)).first_maps for part in tensor.split(EVAL_BATCH)]).numpy()


def _maps_and_shifts(model: ImageClassifier, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The average map (F, X, Y), and per filter the mean shift (horizontal, vertical) of the activation's center
    against the image's own center of brightness, in shares of half the side."""
    total, shifts = np.zeros(1), []
    for start in range(0, len(images), EVAL_BATCH):
        part = images[start : start + EVAL_BATCH]
        maps = _maps(model, part)
        own = _centres(part[:, None].astype(np.float32))
        shifts.append(_centres(maps) - own)
        total = total + maps.sum(axis=0)
    return (total / len(images)).astype(np.float32), np.nanmean(np.concatenate(shifts), axis=0)


def _centres(maps: np.ndarray) -> np.ndarray:
    """Centres of mass (N, F, 2) as (horizontal, vertical) in -1..1; NaN where a map is all zero."""
    mass = maps.sum(axis=(2, 3))
    rows = np.linspace(-1, 1, maps.shape[2], dtype=np.float32)
    columns = np.linspace(-1, 1, maps.shape[3], dtype=np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        vertical = (maps.sum(axis=3) @ rows) / mass
        horizontal = (maps.sum(axis=2) @ columns) / mass
    return np.where(mass[..., None] > SILENT, np.stack([horizontal, vertical], axis=-1), np.nan)


def _side(number: int, shift: np.ndarray, average: np.ndarray) -> FilterSide:
    if not np.isfinite(shift).all() or average.max() < SILENT:
        return FilterSide(number, 0.0, 0.0, "silent")
    horizontal, vertical = float(shift[0]), float(shift[1])
    if max(abs(horizontal), abs(vertical)) < SIDE_THRESHOLD:
        return FilterSide(number, horizontal, vertical, "everywhere")
    if abs(horizontal) >= abs(vertical):
        return FilterSide(number, horizontal, vertical, "left" if horizontal < 0 else "right")
    return FilterSide(number, horizontal, vertical, "top" if vertical < 0 else "bottom")
