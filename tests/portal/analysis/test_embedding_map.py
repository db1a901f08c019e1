"""The embedding map: neighbors, thumbnails spread over a grid, charts, and the page with its controls."""

from types import SimpleNamespace

import numpy as np
import pytest

from artifacts.contract import EmbeddingMapSummary
from artifacts.store import Run
from portal.analysis import embedding_map
from portal.charts import embedding_map as charts
from portal.ui import elements
from tests.portal.ui.test_result_pages import healthy, open_page

CLASSES = ("Shirt", "Coat")
LABELS, ANSWERS = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
POINTS = np.array([[0, 0], [1, 0], [9, 9], [10, 10]], np.float32)


def test_the_nearest_are_found_without_the_image_itself() -> None:
    assert embedding_map.nearest(POINTS.astype(np.float16), 2, 2).tolist() == [3, 1]
    said = embedding_map.neighbours_sentence(LABELS, 2, np.array([3, 1]), CLASSES)
    assert said == "1 of its 2 nearest test images share its class, Coat; the others: Shirt (1)."
    assert "the others" not in embedding_map.neighbours_sentence(LABELS, 2, np.array([3]), CLASSES)


def test_a_cell_of_the_grid_shows_the_image_nearest_to_its_middle() -> None:
    assert embedding_map.spread_out(POINTS, cells=2).tolist() == [1, 2]
    assert embedding_map.spread_out(np.zeros((3, 2), np.float32)).tolist() == [0]


def test_mistakes_are_crosses_and_are_told_by_class() -> None:
    rows = embedding_map.frame(POINTS, LABELS, ANSWERS, CLASSES)
    assert rows["verdict"].tolist() == ["right", "wrong", "right", "right"]
    assert "100 % of the 1 mistake here are of Shirt" in embedding_map.takeaway(rows)
    assert "no mistake" in embedding_map.takeaway(rows[rows["verdict"] == "right"])
    spec = charts.points_chart(rows, CLASSES, embedding_map.TSNE, by_verdict=True).to_dict()
    assert spec["layer"][0]["encoding"]["color"]["field"] == "verdict"
    assert "n = 4 test images" in spec["title"]["subtitle"][0]
    drawn = charts.pictures_chart(rows, np.zeros((4, 2, 2), np.uint8), embedding_map.PCA, 9).to_dict()
    assert drawn["layer"][0]["mark"]["type"] == "image" and "n = 4 of 9" in drawn["title"]["subtitle"][0]


def test_what_the_flat_layout_loses_is_said(full_run: Run) -> None:
    summary = full_run.document(EmbeddingMapSummary)
    assert "99.0 %" in embedding_map.see(summary, embedding_map.TSNE)
    assert "80.0 %" in embedding_map.see(summary, embedding_map.PCA)


@pytest.mark.usefixtures("only_run")
@pytest.mark.parametrize("drawn", ["pictures", "points by verdict", "nonsense"])
@pytest.mark.parametrize("layout", [embedding_map.TSNE, embedding_map.PCA])
def test_the_page_follows_its_controls(layout: str, drawn: str) -> None:
    app = open_page("embedding_map", embedding_map_layout=layout, embedding_map_draw=drawn, embedding_map_image="3")
    assert app.number_input(key="embedding_map_image").value == 3
    healthy(app.number_input(key="embedding_map_image").set_value(5).run())
    assert any("of its 11 nearest test images" in text.value for text in app.markdown)


def test_a_click_moves_to_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"embedding_map_chart": SimpleNamespace(selection={"image": [{"image": 7}]})}
    monkeypatch.setattr(elements.st, "session_state", state)
    elements.follow_click("embedding_map_chart", "image", "embedding_map_image")()
    assert state["embedding_map_image"] == 7
