"""portal/charts/playground.py: answers before and after, and the sentence about them."""

import numpy as np
import pandas as pd
import pytest

from portal.charts import playground
from tests.portal.charts.specs import marks_of, rows_with

CLASSES = ("bag", "coat", "shoe")
ASKED = {
    "one": np.array([[0.1, 0.2, 0.7], [0.1, 0.6, 0.3]], np.float32),
    "two": np.array([[0.0, 0.1, 0.9], [0.1, 0.1, 0.8]], np.float32),
    "three": np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], np.float32),
}


@pytest.fixture
def frame() -> pd.DataFrame:
    return playground.answers(ASKED, 2, CLASSES)


def test_without_a_label_the_majority_of_the_unchanged_picture_counts() -> None:
    assert playground.target_of(ASKED, None) == 2
    assert playground.target_of(ASKED, 0) == 0


def test_each_network_is_right_or_wrong(frame: pd.DataFrame) -> None:
    assert frame["state"].tolist() == [playground.LOST, playground.KNOWN, playground.LOST]
    assert frame["after"].tolist() == pytest.approx([0.3, 0.8, 0.2])
    assert frame["text"].tolist() == ["coat 60%", "shoe 80%", "bag 50%"]


def test_the_sentence_counts_before_and_after(frame: pd.DataFrame) -> None:
    assert playground.still_right(frame, "shoe", labelled=True) == (
        "1 of 3 networks predict the label, shoe (before the change: 2)."
    )
    assert "the most frequent prediction for the unchanged picture" in playground.still_right(
        frame, "shoe", labelled=False
    )


def test_the_chart_shows_the_way_of_every_network(frame: pd.DataFrame) -> None:
    chart = playground.answers_chart(frame, "shoe")
    assert marks_of(chart) == ["rule", "point", "point", "text"]
    assert len(rows_with(chart, "network", "before", "after")) == 3
