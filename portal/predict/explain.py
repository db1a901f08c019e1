"""Explain one prediction: the parts of the image that matter, and the nearest training garments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from portal.networks.inference import Network

PATCH_SHARE = 4  # the patch is a quarter of the image's side: 7 pixels of 28
_ROWS, _COLUMNS = ("top ", "", "bottom "), ("left", "", "right")


@dataclass(frozen=True)
class Occlusion:
    """How the probability of class `target` changes when a blank patch of `patch` x `patch` pixels hides a part.

    `drop` float32 (S, S): each pixel the mean over the patches that cover it; negative where hiding makes the class
    more probable. `lowest` is the probability behind the patch that costs most, `row` and `column` its middle.
    """

    target: int
    patch: int
    probability: float
    drop: np.ndarray
    lowest: float
    row: float
    column: float


@dataclass(frozen=True)
class Neighbours:
    """The nearest training garments of one image, nearest first: `images` uint8 (K, S, S), `labels` uint8 (K,),
    `similarity` float32 (K,) from -1 to 1."""

    images: np.ndarray
    labels: np.ndarray
    similarity: np.ndarray


def occlusion(network: Network, image_SS: np.ndarray, target: int | None = None) -> Occlusion:
    """Slide a blank patch over one image, uint8 (S, S), by half its width, and ask about all places at once.

    `target` is the network's own top class unless given. Zeiler and Fergus 2014, arXiv:1311.2901, section 4.2.
    """
    size = len(image_SS)
    patch = max(1, size // PATCH_SHARE)
    starts = sorted({*range(0, size - patch + 1, max(1, patch // 2)), size - patch})
    places = [(row, column) for row in starts for column in starts]
    hidden = np.repeat(image_SS[None], len(places), axis=0)
    for image, (row, column) in zip(hidden, places, strict=True):
        image[row : row + patch, column : column + patch] = 0
    probabilities = network.predict(np.concatenate([image_SS[None], hidden])).probabilities
    target = int(probabilities[0].argmax()) if target is None else target
    of_class = probabilities[:, target]
    total, covered = np.zeros((2, size, size), np.float32)
    for (row, column), probability in zip(places, of_class[1:], strict=True):
        part = np.s_[row : row + patch, column : column + patch]
        total[part] += of_class[0] - probability
        covered[part] += 1
    worst = int(of_class[1:].argmin())
    return Occlusion(
        target=target,
        patch=patch,
        probability=float(of_class[0]),
        drop=total / covered,
        lowest=float(of_class[1:][worst]),
        row=places[worst][0] + patch / 2,
        column=places[worst][1] + patch / 2,
    )


def occlusion_sentence(result: Occlusion, name: str) -> str:
    """Describe where hiding a part lowers the probability of class `name` most, and by how much."""
    if result.probability - result.lowest < 0.01:
        return f"No single part decides: whatever the patch hides, {name} loses less than one percentage point."
    size = len(result.drop)
    third = [min(2, int(3 * place / size)) for place in (result.row, result.column)]
    side = f"{_ROWS[third[0]]}{_COLUMNS[third[1]]}".strip()
    where = f"at the {side}" if side else "in the middle"
    before, after = f"{100 * result.probability:.0f} %", f"{100 * result.lowest:.0f} %"
    return f"Hiding a part {where} costs most: {name} falls from {before} to {after}."


def nearest(network: Network, embedding: Mapping[str, np.ndarray], image_SS: np.ndarray, count: int = 6) -> Neighbours:
    """The `count` garments of the gallery in `embedding` (final/embedding.npz) most like the image, uint8 (S, S).

    `network` is the final model, whose embedding the gallery holds; likeness is the cosine after the stored projection.
    """
    projection = (network.predict(image_SS[None]).embedding[0] - embedding["mean"]) @ embedding["components"]
    return _nearest_to(embedding, projection, count)


def nearest_of_test(embedding: Mapping[str, np.ndarray], number: int, count: int = 6) -> Neighbours:
    """As `nearest`, for one of the run's test images, whose projection is stored: no network is asked."""
    return _nearest_to(embedding, embedding["test"][number].astype(np.float32), count)


def _nearest_to(embedding: Mapping[str, np.ndarray], projection_P: np.ndarray, count: int) -> Neighbours:
    gallery = embedding["gallery"].astype(np.float32)
    lengths = np.linalg.norm(gallery, axis=1) * np.linalg.norm(projection_P)
    similarity = gallery @ projection_P / np.maximum(lengths, 1e-12)
    rows = np.argsort(-similarity, kind="stable")[:count]
    return Neighbours(embedding["gallery_images"][rows], embedding["gallery_label"][rows], similarity[rows])


def neighbours_sentence(near: Neighbours, classes: Sequence[str], true: str, predicted: str) -> str:
    """Describe how many of a mistake's neighbors have its label, how many its prediction, and what that means."""
    names = [classes[label] for label in near.labels]
    label, answer = names.count(true), names.count(predicted)
    verb = "has" if label == 1 else "have"
    found = (
        f"Of the {len(names)} nearest training garments, {label or 'none'} {verb} the label {true} and "
        f"{answer or 'none'} the predicted class {predicted}."
    )
    if answer > label:
        return f"{found} The network places this image among the {predicted} images, which explains its prediction."
    if label > answer:
        return f"{found} The neighbors support the label; only the last layer decides otherwise."
    return f"{found} The image lies between both classes."
