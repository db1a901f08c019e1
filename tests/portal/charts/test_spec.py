"""The portal's own way from a chart to the browser says what Streamlit's own way says."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import pyarrow as pa
import pytest
from streamlit.elements import vega_charts

from portal import charts
from portal.charts import spec as chart_spec
from portal.takeaway import files, page_record
from tests.portal.test_pages import open_page


def unnamed(node: Any, names: dict[str, str]) -> Any:
    """`node` with every dataset's name and Altair's counted names as their number in order of appearance."""
    if isinstance(node, dict):
        return {key: unnamed(value, names) for key, value in node.items() if key != "datasets"}
    if isinstance(node, list):
        return [unnamed(value, names) for value in node]
    if isinstance(node, str) and ((len(node) >= 32 and " " not in node) or node.startswith(("view_", "param_"))):
        return names.setdefault(node, f"name {len(names)}")
    return node


def tables(spec: dict[str, Any]) -> list[pd.DataFrame]:
    return [pa.ipc.open_stream(io.BytesIO(data)).read_pandas() for data in spec["datasets"].values()]


@pytest.mark.parametrize("page", ["architectures", "errors", "feature_maps", "results", "tuning"])
def test_a_page_s_charts_are_what_streamlit_would_send(only_run: Path, page: str) -> None:
    with page_record.kept() as records:
        open_page(page)
    for figure in records[page].figures:
        ours, theirs = chart_spec.with_arrow(figure), vega_charts._convert_altair_to_vega_lite_spec(figure)
        assert theirs.pop("title")["text"], "which the page prints above the chart"
        assert ours.pop("config") == {**theirs.pop("config", {}), "axisDiscrete": {"labelFlush": False}}
        assert unnamed(ours, {}) == unnamed(theirs, {})
        for mine, other in zip(tables(ours), tables(theirs), strict=True):
            pd.testing.assert_frame_equal(mine, other)


def figure() -> alt.Chart:
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})
    return charts.titled(alt.Chart(frame).mark_point().encode(x=alt.X("x"), y=alt.Y("y")), "title", "n = 2", "points")


def test_equal_data_has_one_name() -> None:
    assert list(chart_spec.with_arrow(figure())["datasets"]) == list(chart_spec.with_arrow(figure())["datasets"])


def test_a_chart_for_a_file_keeps_its_rows_while_others_are_drawn() -> None:
    with ThreadPoolExecutor(8) as pool:
        drawn = [pool.submit(chart_spec.with_arrow, figure()) for _ in range(60)]
        filed = [pool.submit(files.static_spec, figure()) for _ in range(60)]
    assert all(isinstance(data, bytes) for each in drawn for data in each.result()["datasets"].values())
    assert all(rows[0]["x"] == 1.0 for each in filed for rows in each.result()["datasets"].values())


def test_a_chart_seen_again_is_not_put_together_again(only_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_page("results").get("vega_lite_chart")[0].proto.spec
    monkeypatch.setattr(chart_spec, "with_arrow", lambda figure: pytest.fail("made again"))
    assert open_page("results").get("vega_lite_chart")[0].proto.spec == first
