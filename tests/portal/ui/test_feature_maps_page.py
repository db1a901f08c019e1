"""pages/feature_maps.py: any image, any filter, any place, and the arithmetic that ends in the map's own value."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from portal.ui import feature_maps
from tests.portal.test_pages import open_page
from tests.portal.tiny_run import TinyRun
from tests.portal.ui.test_predict_page import garment


def values(app: AppTest) -> list[str]:
    """The column of values in the table of steps."""
    return list(app.table[-1].value["Value"])


@pytest.mark.parametrize("query", [{"feature_maps_index": "7"}, {"feature_maps_index": "7", "feature_maps_row": "3"}])
def test_the_arithmetic_ends_in_the_networks_own_value(only_run: Path, query: dict[str, str]) -> None:
    app = open_page("feature_maps", feature_maps_source="any test image", **query)
    *_, by_hand, of_the_network = values(app)
    assert float(by_hand) == pytest.approx(float(of_the_network), abs=1e-3)


def test_filter_and_place_change_what_is_worked_out(only_run: Path) -> None:
    app = open_page("feature_maps", feature_maps_source="any test image")
    first = values(app)
    app.number_input(key="feature_maps_row").set_value(8).run()
    assert values(app) != first
    second = values(app)
    app.selectbox(key="feature_maps_filter").set_value(2).run()
    assert not app.exception
    assert values(app) != second


def test_a_click_in_the_map_moves_row_and_column(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {feature_maps.MAP_CHART: SimpleNamespace(selection={"place": [{"place": "5, 21"}]})}
    monkeypatch.setattr(feature_maps.st, "session_state", state)
    feature_maps.follow_place()
    assert (state["feature_maps_row"], state["feature_maps_column"]) == (5, 21)


def test_ones_own_picture_gets_maps_too(only_run: Path) -> None:
    app = open_page("feature_maps", feature_maps_source="own picture")
    before = values(app)
    app.file_uploader(key="feature_maps_upload").set_value(garment()).run()
    assert not app.exception
    assert values(app) != before


def test_charts_of_ones_own_picture_are_not_kept_for_others() -> None:
    made = []

    def chart(image: np.ndarray) -> str:
        made.append(image)
        return "a chart"

    for own, times in ((True, 2), (False, 3)):
        shown = feature_maps.Shown(np.full((2, 2), 7, np.uint8), np.zeros((1, 2, 2)), "image", own)
        assert [shown.drawn(chart, shown.image) for _ in range(2)] == ["a chart", "a chart"]
        assert len(made) == times


def test_an_older_run_says_how_to_make_what_the_arithmetic_needs(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tiny.write(tmp_path / "study", without=["feature-maps/first-layer"])
    monkeypatch.setenv("FASHION_RUNS", str(run.folder))
    app = open_page("feature_maps")
    assert any("`python -m pipeline feature-maps`" in caption.value for caption in app.caption)
    assert app.success
