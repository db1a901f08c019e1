"""portal/analysis/convolution.py: the value worked out by hand is the one that the exported network gives."""

import numpy as np
import pytest

from artifacts.contract import ExportSummary
from artifacts.store import Run
from portal.analysis import convolution
from portal.networks import inference

LAYER = {
    "bias": np.array([0.5], np.float32),
    "scale": np.array([2.0], np.float32),
    "shift": np.array([-1.0], np.float32),
}


def test_every_place_is_what_the_network_answers(full_run: Run) -> None:
    """The tiny network has a convolution and a ReLU; its first-layer file says so with scale 1 and shift 0."""
    stored, layer = full_run.arrays("feature-maps/maps.npz"), full_run.arrays("feature-maps/first-layer.npz")
    model = inference.final_model(full_run.document(ExportSummary).models)
    image = stored["images"][3]
    maps = inference.network(full_run, model).feature_maps(image[None])[0]
    for number in range(len(stored["filters"])):
        for row, column in ((0, 0), (0, 27), (27, 13), (9, 14), (14, 9)):
            place = convolution.at(image, stored["filters"], layer, number, row, column)
            assert place.value == pytest.approx(maps[number, row, column], abs=1e-3)


def test_bias_batchnorm_and_relu_follow_the_sum() -> None:
    image = np.zeros((4, 4), np.uint8)
    image[1, 1] = 255
    filters = np.arange(9, dtype=np.float32).reshape(1, 3, 3)
    place = convolution.at(image, filters, LAYER, 0, 1, 2)  # the bright pixel lies left of the middle
    assert place.products.tolist() == [[0, 0, 0], [3, 0, 0], [0, 0, 0]]
    assert (place.total, place.normalised, place.value) == (3.0, 2 * 3.5 - 1, 6.0)
    dark = convolution.at(image, -filters, LAYER, 0, 1, 2)
    assert (dark.normalised, dark.value) == (2 * -2.5 - 1, 0.0)


def test_beyond_the_edge_the_filter_sees_black() -> None:
    white = np.full((4, 4), 255, np.uint8)
    place = convolution.at(white, np.ones((1, 3, 3), np.float32), LAYER, 0, 0, 0)
    assert place.patch.tolist() == [[0, 0, 0], [0, 1, 1], [0, 1, 1]]
    larger = convolution.at(white, np.ones((1, 5, 5), np.float32), LAYER, 0, 3, 3)
    assert larger.patch.shape == (5, 5)
    assert larger.total == 9


def test_the_steps_end_with_the_networks_own_value() -> None:
    place = convolution.at(np.full((4, 4), 51, np.uint8), np.ones((1, 3, 3), np.float32), LAYER, 0, 1, 1)
    table = convolution.steps(place, on_the_map=3.6)
    assert table["Value"].tolist() == ["1.800", "2.300", "3.600", "3.600", "3.600"]
    assert "plus the filter's bias, +0.500" in table["Step"].tolist()
