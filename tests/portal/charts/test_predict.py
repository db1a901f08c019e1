"""portal/charts/predict.py: the answer for one picture."""

from __future__ import annotations

import numpy as np

from portal.charts import predict
from tests.portal.charts.specs import rows_with, spec_of

CLASSES = ("Boot", "Bag", "Coat")
VOTES = {
    "first": np.array([0.2, 0.7, 0.1], dtype=np.float32),
    "second": np.array([0.5, 0.4, 0.1], dtype=np.float32),
    "third": np.array([0.0, 0.998, 0.002], dtype=np.float32),
}


def test_the_bars_keep_the_order_of_the_classes_and_mark_the_top() -> None:
    chart = predict.probability_bars(VOTES["first"], CLASSES)
    rows = rows_with(chart, "class", "probability")
    assert [row["class"] for row in rows] == list(CLASSES)
    assert [row["top"] for row in rows] == [False, True, False]
    assert "the highest is Bag with 70.0%" in spec_of(chart)["description"]


def test_every_network_votes_on_every_class() -> None:
    rows = rows_with(predict.vote_chart(VOTES, CLASSES), "network", "probability")
    assert len(rows) == 9
    assert rows[3] == {"network": "second", "class": "Boot", "probability": 0.5}


def test_the_votes_are_counted() -> None:
    assert predict.vote_sentence(VOTES, CLASSES) == "Votes of 3 networks: 2 for Bag, 1 for Boot."


def test_small_pictures_are_enlarged_pixel_by_pixel_and_large_ones_left() -> None:
    small = np.arange(4, dtype=np.uint8).reshape(2, 2)
    large = predict.enlarged(small, edge=4)
    np.testing.assert_array_equal(large, [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]])
    assert predict.enlarged(np.zeros((300, 200, 3), np.uint8)).shape == (300, 200, 3)
