"""portal/predict/explain.py on a network that looks at one corner, and a gallery whose neighbors are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from portal.networks.inference import Prediction
from portal.predict import explain

SIZE = 28


class CornerNetwork:
    """Class 1 as probable as the 7 x 7 pixels at `row`, `column` are bright; the embedding is (mean, 1, 0)."""

    def __init__(self, row: int, column: int) -> None:
        self.part = np.s_[:, row : row + 7, column : column + 7]
        self.calls = 0

    def predict(self, images: np.ndarray) -> Prediction:
        self.calls += 1
        bright = images[self.part].mean(axis=(1, 2)) / 255
        probabilities = np.stack([1 - bright, bright], axis=1).astype(np.float32)
        means = images.mean(axis=(1, 2)) / 255
        embedding = np.stack([means, np.ones(len(images)), np.zeros(len(images))], axis=1).astype(np.float32)
        return Prediction(np.log(probabilities + 1e-6), probabilities, embedding)


def white() -> np.ndarray:
    return np.full((SIZE, SIZE), 255, np.uint8)


def test_hiding_the_part_that_counts_costs_all_and_the_rest_nothing() -> None:
    network = CornerNetwork(0, 21)
    result = explain.occlusion(network, white())  # type: ignore[arg-type]
    assert network.calls == 1
    assert (result.target, result.patch, result.probability, result.lowest) == (1, 7, 1.0, 0.0)
    assert result.drop.shape == (SIZE, SIZE)
    assert result.drop[0, 27] == pytest.approx(1.0)
    assert np.all(result.drop[13:] == 0) and np.all(result.drop[:, :15] == 0)
    expected = "Hiding a part at the top right costs most: Coat falls from 100 % to 0 %."
    assert explain.occlusion_sentence(result, "Coat") == expected


def test_a_part_that_speaks_against_the_class_has_a_negative_drop() -> None:
    result = explain.occlusion(CornerNetwork(9, 9), white(), target=0)  # type: ignore[arg-type]
    assert result.probability == 0.0
    assert result.drop.min() < -0.3
    assert result.drop.max() == 0.0


def test_where_no_part_decides_it_is_said() -> None:
    black = np.zeros((SIZE, SIZE), np.uint8)
    result = explain.occlusion(CornerNetwork(9, 9), black)  # type: ignore[arg-type]
    assert result.target == 0
    assert "No single part decides" in explain.occlusion_sentence(result, "Coat")


def test_the_middle_is_called_so() -> None:
    result = explain.occlusion(CornerNetwork(9, 9), white())  # type: ignore[arg-type]
    assert "Hiding a part in the middle costs most" in explain.occlusion_sentence(result, "Bag")


def test_every_pixel_of_any_size_is_covered() -> None:
    network = SimpleNamespace(predict=lambda images: Prediction(*[np.ones((len(images), 3), np.float32)] * 3))
    for size in (5, 12, 29):
        drop = explain.occlusion(network, np.ones((size, size), np.uint8)).drop  # type: ignore[arg-type]
        assert np.isfinite(drop).all()


def test_the_nearest_garments_come_first_whatever_their_length() -> None:
    embedding = {
        "mean": np.array([0.0, 1.0, 0.0], np.float32),
        "components": np.array([[1, 0], [0, 0], [0, 1]], np.float32),
        "gallery": np.array([[0, 1], [9, 0], [1, 1], [-1, 0]], np.float16),
        "gallery_images": np.arange(4, dtype=np.uint8)[:, None, None].repeat(SIZE, 1).repeat(SIZE, 2),
        "gallery_label": np.array([5, 6, 7, 8], np.uint8),
    }
    near = explain.nearest(CornerNetwork(0, 0), embedding, white(), count=3)  # type: ignore[arg-type]
    assert near.labels.tolist() == [6, 7, 5]
    assert near.images[:, 0, 0].tolist() == [1, 2, 0]
    np.testing.assert_allclose(near.similarity, [1.0, 0.5**0.5, 0.0], atol=1e-6)
