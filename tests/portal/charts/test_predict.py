"""portal/charts/predict.py: the answer for one picture."""

import numpy as np
import pytest

from portal.charts import predict
from portal.predict.answers import Answer
from portal.predict.explain import Occlusion
from tests.portal.charts.specs import layers_of, rows_with, spec_of

CLASSES = ("Boot", "Bag", "Coat")
VOTES = {
    "first": np.array([0.2, 0.7, 0.1], dtype=np.float32),
    "second": np.array([0.5, 0.4, 0.1], dtype=np.float32),
    "third": np.array([0.0, 0.998, 0.002], dtype=np.float32),
}
DROP = np.zeros((14, 14), np.float32)
DROP[2, 3], DROP[5, 6] = 0.5, -0.25
HIDDEN = Occlusion(target=1, patch=3, probability=0.7, drop=DROP, lowest=0.2, row=2.5, column=3.5)


def test_the_bars_keep_the_order_of_the_classes_and_mark_the_top() -> None:
    chart = predict.probability_bars(Answer(CLASSES, VOTES["first"], -1.0, 0.0, "photo"))
    rows = rows_with(chart, "class", "probability")
    assert [row["class"] for row in rows] == list(CLASSES)
    assert [row["top"] for row in rows] == [False, True, False]
    assert "the highest is Bag with 70.0%" in spec_of(chart)["description"]
    assert "network: photo" in "".join(spec_of(chart)["title"]["subtitle"])


def test_the_heat_map_lays_what_each_pixel_is_worth_over_the_picture() -> None:
    image = np.arange(196, dtype=np.uint8).reshape(14, 14)
    chart = predict.occlusion_chart(HIDDEN, image)
    rows = {(row["row"], row["column"]): row for row in rows_with(chart, "row", "column", "drop")}
    assert len(rows) == 196
    assert (rows[2, 3]["drop"], rows[2, 3]["strength"], rows[2, 3]["grey"]) == (0.5, 1.0, 31)
    assert (rows[5, 6]["drop"], rows[5, 6]["strength"]) == (-0.25, 0.5)
    picture, veil = layers_of(spec_of(chart))
    assert picture["encoding"]["color"]["scale"]["domain"] == [0, 255]
    assert veil["encoding"]["color"]["scale"]["domain"] == [-0.5, 0, 0.5]
    assert "3 x 3 pixels" in " ".join(spec_of(chart)["title"]["subtitle"])


def test_a_heat_map_where_nothing_counts_stays_clear() -> None:
    flat = Occlusion(1, 3, 0.7, np.full((14, 14), 0.001, np.float32), 0.699, 2.5, 3.5)
    rows = rows_with(predict.occlusion_chart(flat, np.zeros((14, 14), np.uint8)), "row", "strength")
    assert max(row["strength"] for row in rows) == pytest.approx(0.1)


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
