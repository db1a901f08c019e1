"""Stage embedding-map: a two-dimensional layout of test images by the final model's embedding."""

import numpy as np
from sklearn.manifold import TSNE, trustworthiness
from threadpoolctl import threadpool_limits

from artifacts.contract import EmbeddingMapSummary
from pipeline.stages.context import Context

POINTS = 2_000  # the first test images; more of them only hide each other
PERPLEXITY = 30.0
STEPS = 500  # twice as many keep no more neighbors (trustworthiness 0.996 either way on 2,000 images)
NEIGHBOURS = 10


def run(context: Context) -> None:
    """Write `embedding-map/points.npz` and its summary. The test images are used without their labels."""
    embedding = context.arrays("final/embedding.npz")
    projected = embedding["test"][:POINTS].astype(np.float32)
    flat = embedding["map"][:POINTS]
    points, perplexity = lay_out(projected)
    context.write_arrays("embedding-map/points.npz", {"points": points})
    neighbours = min(NEIGHBOURS, (len(points) - 1) // 2)

    def trust(picture: np.ndarray) -> float:
        return round(float(trustworthiness(projected, picture, n_neighbors=neighbours)), 4)

    context.write(
        EmbeddingMapSummary(
            method="t-SNE",
            perplexity=perplexity,
            images=len(points),
            neighbours=neighbours,
            trustworthiness=trust(points),
            flat_trustworthiness=trust(flat),
        )
    )


def lay_out(projected: np.ndarray) -> tuple[np.ndarray, float]:
    """t-SNE of embeddings (N, P) as float32 (N, 2) with the perplexity used (van der Maaten and Hinton 2008).

    One thread: the order of a parallel sum would change the layout from run to run.
    """
    perplexity = min(PERPLEXITY, (len(projected) - 1) / 3)
    with threadpool_limits(1):
        fitted = TSNE(perplexity=perplexity, init="pca", max_iter=STEPS, random_state=0, n_jobs=1).fit_transform(
            projected
        )
    return np.ascontiguousarray(fitted, dtype=np.float32), perplexity
