"""portal/charts/feature_maps.py: filters and maps as pictures, and the side of each filter."""

import numpy as np
import pytest

from artifacts.contract import FeatureMapsSummary
from artifacts.store import Run
from portal.charts import feature_maps
from portal.core.pictures import map_pictures
from tests.portal.charts.specs import encodings_of, rows_with, spec_of


@pytest.fixture
def summary(full_run: Run) -> FeatureMapsSummary:
    return full_run.document(FeatureMapsSummary)


def test_the_maps_of_an_image_share_one_scale() -> None:
    maps = np.zeros((2, 4, 4), dtype=np.float16)
    maps[0], maps[1] = 2.0, 1.0
    pictures = map_pictures(maps)
    assert (pictures[0] == 255).all()
    assert (pictures[1] == 128).all()


def test_silent_maps_are_black() -> None:
    assert not map_pictures(np.zeros((3, 4, 4), dtype=np.float16)).any()


def test_filters_are_grouped_by_side(summary: FeatureMapsSummary) -> None:
    assert [row.filter for row in feature_maps.filters_of(summary, "right")] == [1]
    assert len(feature_maps.filters_of(summary, None)) == 4
    table = feature_maps.side_table(summary)
    assert table["Responds to"].tolist() == ["left", "right", "top", "silent"]
    assert table["Numbers"].tolist() == ["0", "1", "2", "3"]


def test_the_sentence_counts_each_side(summary: FeatureMapsSummary) -> None:
    assert feature_maps.side_sentence(summary) == (
        "Filters by side: 1 to the left, 1 to the right, 1 to the top, 0 to the bottom; "
        "0 respond everywhere, 1 hardly at all."
    )


def test_the_chart_puts_the_top_at_the_top(summary: FeatureMapsSummary) -> None:
    chart = feature_maps.side_chart(summary)
    assert encodings_of(chart, "point")["y"]["scale"]["reverse"] is True
    assert len(rows_with(chart, "filter", "side")) == 4


def test_the_decks_two_images_are_named_only_where_the_deck_has_them(full_run: Run) -> None:
    labels, classes = full_run.arrays("feature-maps/maps.npz")["label"], full_run.manifest.classes
    rows = feature_maps.stored_images(labels, classes, with_deck=True)
    assert list(rows.items())[:3] == [
        ("Ankle boot (as in the deck)", 0),
        ("T-shirt/top (as in the deck)", 1),
        ("T-shirt/top", 2),
    ]
    assert list(feature_maps.stored_images(labels, classes, with_deck=False)) == list(classes)


def test_the_grid_of_filters_can_be_clicked_and_frames_the_chosen_one(summary: FeatureMapsSummary) -> None:
    filters = np.stack([np.full((3, 3), float(number)) for number in range(4)]).astype(np.float32)
    chart = feature_maps.filter_grid(filters, summary.filters, chosen=2)
    [select] = [each for each in spec_of(chart)["params"] if each["name"] == "filter"]
    assert select["select"]["fields"] == ["filter"]
    cells = rows_with(chart, "filter", "shade", "side")
    assert len(cells) == 4 * 9
    assert {row["shade"] for row in cells if row["filter"] == 0} == {0.0}
    [frame] = rows_with(chart, "right", "bottom")
    assert frame["x"] == min(row["x"] for row in cells if row["filter"] == 2)
