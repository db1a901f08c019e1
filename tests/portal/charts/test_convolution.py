"""portal/charts/convolution.py: the framed patch, the map to be clicked, and the numbers of one place."""

import numpy as np

from portal.analysis.convolution import Place
from portal.charts import convolution
from tests.portal.charts.specs import encodings_of, marks_of, rows_with, spec_of

PLACE = Place(np.eye(3), np.full((3, 3), -0.5), 0.0, 1.0, 0.0)


def test_the_frame_is_cut_at_the_images_edge() -> None:
    chart = convolution.image_chart(np.zeros((28, 28), np.uint8), (0, 5), (3, 3))
    assert rows_with(chart, "x", "right") == [{"x": 4, "right": 7, "y": 0, "bottom": 2}]
    assert len(rows_with(chart, "place", "shade")) == 784


def test_the_map_can_be_clicked_and_names_its_places() -> None:
    answers = np.zeros((28, 28), np.float16)
    answers[3, 4] = 2.0
    chart = convolution.map_chart(answers, (3, 4), 7)
    [select] = [each for each in spec_of(chart)["params"] if each["name"] == "place"]
    assert select["select"]["fields"] == ["place"]
    [brightest] = [row for row in rows_with(chart, "place", "value") if row["shade"] == 1]
    assert (brightest["place"], brightest["value"]) == ("3, 4", 2.0)


def test_a_silent_map_is_black() -> None:
    chart = convolution.map_chart(np.zeros((28, 28), np.float16), (0, 0), 0)
    assert {row["shade"] for row in rows_with(chart, "place", "value")} == {0}


def test_patch_filter_and_products_stand_side_by_side_with_their_numbers() -> None:
    chart = convolution.arithmetic_chart(PLACE)
    assert marks_of(chart) == ["rect", "text", "text"]
    rows = rows_with(chart, "shade", "value")
    assert len(rows) == 27
    assert [row["value"] for row in rows[-9:]] == [-0.5, 0, 0, 0, -0.5, 0, 0, 0, -0.5]
    assert {row["text"] for row in rows_with(chart, "text")} == {"pixels", "filter", "products", "×", "="}
    assert encodings_of(chart, "rect")["color"]["scale"]["domain"] == [-1, 1]


def test_a_large_filter_gets_no_numbers() -> None:
    wide = Place(np.zeros((7, 7)), np.zeros((7, 7)), 0.0, 1.0, 0.0)
    assert marks_of(convolution.arithmetic_chart(wide)) == ["rect", "text"]
