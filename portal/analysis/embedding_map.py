"""The embedding map: test images in the plane, each image's neighbors, and what a layout keeps of the distances."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from artifacts.contract import EmbeddingMapSummary
from portal.core.text import count, percent

CELLS = 15  # of the grid that thumbnails are spread over, in each direction
TSNE, PCA = "t-SNE", "first two principal components"
RIGHT, WRONG = "right", "wrong"


def frame(points_N2: np.ndarray, labels_N: np.ndarray, predicted_N: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """One row a test image: its number, place, class, the final model's answer, and whether that is right."""
    names = np.array(classes)
    return pd.DataFrame(
        {
            "image": np.arange(len(points_N2)),
            "x": points_N2[:, 0].round(3),
            "y": points_N2[:, 1].round(3),
            "class": names[labels_N],
            "answer": names[predicted_N],
            "verdict": np.where(labels_N == predicted_N, RIGHT, WRONG),
        }
    )


def spread_out(points_N2: np.ndarray, cells: int = CELLS) -> np.ndarray:
    """Numbers of the images to draw as pictures: of each cell of a grid the one nearest to its middle, sorted."""
    low, high = points_N2.min(axis=0), points_N2.max(axis=0)
    place = (points_N2 - low) / np.where(high > low, high - low, 1) * cells
    cell = np.minimum(place.astype(int), cells - 1)
    off_middle = ((place - cell - 0.5) ** 2).sum(axis=1)
    order = np.lexsort((off_middle, cell[:, 0] * cells + cell[:, 1]))
    _, first = np.unique((cell[:, 0] * cells + cell[:, 1])[order], return_index=True)
    return np.sort(order[first])


def nearest(projected_NP: np.ndarray, image: int, many: int) -> np.ndarray:
    """The `many` images whose embeddings (N, P) lie nearest to that of `image`, nearest first, itself left out."""
    projected = projected_NP.astype(np.float32)
    distance = ((projected - projected[image]) ** 2).sum(axis=1)
    distance[image] = np.inf
    return np.argsort(distance, kind="stable")[:many]


def neighbours_sentence(labels_N: np.ndarray, image: int, near: np.ndarray, classes: Sequence[str]) -> str:
    """Describe how many of an image's nearest neighbors share its class, and the classes of the others."""
    own = int(labels_N[image])
    others = pd.Series(np.array(classes)[labels_N[near][labels_N[near] != own]]).value_counts()
    same = len(near) - int(others.sum())
    listed = ", ".join(f"{name} ({n})" for name, n in others.items())
    rest = f"; the others: {listed}" if listed else ""
    return f"{same} of its {len(near)} nearest test images share its class, {classes[own]}{rest}."


def see(summary: EmbeddingMapSummary, layout: str) -> str:
    """Describe what a layout shows and how well it preserves neighborhoods."""
    trust = summary.trustworthiness if layout == TSNE else summary.flat_trustworthiness
    kept = f"It preserves neighborhoods to {percent(trust, 1)} (trustworthiness, {summary.neighbours} nearest)"
    if layout == TSNE:
        return f"Clusters are garments that the model finds similar. {kept}. Distances between clusters mean nothing."
    return f"Only two principal components: clusters that are separate in the embedding overlap here. {kept}."


def takeaway(rows: pd.DataFrame) -> str:
    """Name the classes with the most mistakes."""
    wrong = rows[rows["verdict"] == WRONG]
    if wrong.empty:
        return "The model makes no mistake on these images: each island is of one class."
    most = wrong["class"].value_counts()
    top = most.index[: min(3, len(most))]
    return (
        f"{percent(most[top].sum() / len(wrong), 0)} of the {count(len(wrong), 'mistake')} here are of "
        f"{', '.join(top)}: they lie where clusters touch, where the model's last layer barely separates the classes."
    )
