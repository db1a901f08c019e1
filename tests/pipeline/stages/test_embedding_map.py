"""Stage embedding-map: neighbors stay neighbors, and the same embeddings give the same map."""

import numpy as np
from sklearn.manifold import trustworthiness

from pipeline.stages.embedding_map import lay_out


def test_neighbours_stay_neighbours_and_the_map_is_the_same_again() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(rng.normal(scale=5, size=(6, 16)), 20, axis=0)
    projected = (groups + rng.normal(size=groups.shape)).astype(np.float32)
    points, perplexity = lay_out(projected)
    assert points.shape == (120, 2) and points.dtype == np.float32 and perplexity == 30
    assert trustworthiness(projected, points, n_neighbors=10) > 0.85
    assert np.array_equal(points, lay_out(projected)[0])


def test_few_images_get_a_smaller_perplexity() -> None:
    points, perplexity = lay_out(np.random.default_rng(1).normal(size=(7, 4)).astype(np.float32))
    assert perplexity == 2 and np.isfinite(points).all()
