"""A page's data and charts as files."""

import io

import altair as alt
import pandas as pd
import pytest
from PIL import Image

from portal import charts
from portal.charts import TEXT, Figure, layered, titled
from portal.takeaway import files

POINTS = pd.DataFrame({"network": ["A", "B"], "accuracy": [90.0, 91.5]})
RULE = pd.DataFrame({"accuracy": [95.0]})


def figure() -> Figure:
    """Points, their names and a line, from two tables."""
    base = alt.Chart(POINTS).encode(x="network:N", y="accuracy:Q")
    line = alt.Chart(RULE).mark_rule().encode(y="accuracy:Q")
    names = base.mark_text(color=TEXT).encode(text="network:N")
    return titled(layered(base.mark_point(), names, line, height=100), "Accuracy", "n = 2 networks", "Points.")


def test_a_chart_s_tables_come_once_each() -> None:
    points, rule = files.frames_of(figure())
    assert points is POINTS
    assert rule is RULE


def test_tables_of_charts_side_by_side_and_in_panels_are_found() -> None:
    single = alt.Chart(POINTS).mark_point().encode(x="network:N")
    other = alt.Chart(RULE).mark_point().encode(x="accuracy:Q")
    assert len(files.frames_of(alt.vconcat(single, alt.hconcat(single, other)))) == 2
    panels = single.facet(column="network:N")
    assert files.frames_of(panels)[0] is POINTS


def test_csv_and_parquet_hold_the_table() -> None:
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(files.csv(POINTS))), POINTS)
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(files.parquet(POINTS))), POINTS, check_dtype=False)


def test_an_index_of_names_is_kept_and_mixed_cells_become_text() -> None:
    table = pd.DataFrame({"best": [1, "two"]}, index=pd.Index(["coarse", "fine"], name="search"))
    back = pd.read_parquet(io.BytesIO(files.parquet(table)))
    assert list(back["search"]) == ["coarse", "fine"]
    assert list(back["best"]) == ["1", "two"]
    assert files.csv(table).decode("utf-8-sig").splitlines()[0] == "search,best"


def test_a_png_is_wide_enough_for_print_and_an_svg_holds_the_title() -> None:
    with Image.open(io.BytesIO(files.png(figure()))) as picture:
        assert picture.format == "PNG"
        assert picture.width == pytest.approx(files.WIDTH * files.SCALE, rel=0.1)
    drawn = files.svg(figure()).decode()
    assert drawn.startswith("<svg")
    assert ">Accuracy<" in drawn


def test_on_paper_the_page_s_text_colour_is_a_colour() -> None:
    spec = files.static_spec(figure())
    assert TEXT not in str(spec)
    assert spec["config"]["range"]["category"] == files.light_theme()["chartCategoricalColors"]
    assert charts.TEXT in str(figure().to_dict())


def test_file_names_are_plain() -> None:
    assert files.file_name("results", "Precision, recall & f1") == "results-precision-recall-f1"


def test_colour_and_shape_of_one_field_share_a_legend() -> None:
    sources = pd.DataFrame({"source": ["Ours", "Deck"], "accuracy": [90.0, 91.5]})
    order = ["Ours", "Deck", "Nobody"]
    chart = (
        alt.Chart(sources)
        .mark_point()
        .encode(x=alt.X("accuracy:Q"), color=alt.Color("source:N", sort=order), shape=alt.Shape("source:N", sort=order))
    )
    drawn = files.svg(titled(chart, "Accuracy", "n = 2", "Points.")).decode()
    assert drawn.count(">Ours<") == drawn.count(">Deck<") == 1
    assert ">Nobody<" not in drawn
