"""The embedding map as points, by class or verdict, or as the images themselves."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from portal.analysis.embedding_map import RIGHT, WRONG
from portal.charts import NEUTRAL, TEXT, layered, titled
from portal.core import pictures
from portal.core.memo import kept

HEIGHT = 520
EDGE = 24  # pixels a thumbnail


@kept
def points_chart(rows: pd.DataFrame, classes: Sequence[str], layout: str, *, by_verdict: bool) -> alt.LayerChart:
    """A point an image, colored by its class or by whether the answer is right; each class's name above its island."""
    x, y = _axes(layout)
    select = alt.selection_point(name="image", fields=["image"], on="click", empty=False)
    legend = alt.Legend(orient="bottom", columns=3, title=None, symbolOpacity=1)
    domain = [RIGHT, WRONG] if by_verdict else list(classes)
    colours = alt.Scale(domain=domain, range=[NEUTRAL, "#d6455d"]) if by_verdict else alt.Scale(domain=domain)
    field = "verdict" if by_verdict else "class"
    shapes = alt.Scale(domain=[RIGHT, WRONG], range=["circle", "cross"])
    points = (
        alt.Chart(rows)
        .mark_point(filled=True, opacity=0.75)
        .encode(
            x=x,
            y=y,
            color=alt.Color(f"{field}:N", scale=colours, legend=legend),
            shape=alt.Shape("verdict:N", scale=shapes, legend=None),
            size=alt.when(select).then(alt.value(260)).otherwise(alt.value(34)),
            tooltip=[alt.Tooltip(name) for name in ("image", "class", "answer")],
        )
        .add_params(select)
    )
    groups = rows.groupby("class")
    tops = pd.DataFrame({"x": groups["x"].median(), "y": groups["y"].quantile(0.97)}).reset_index()
    names = alt.Chart(tops).mark_text(dy=-12, fontWeight="bold", color=TEXT).encode(x=x, y=y, text=alt.Text("class:N"))
    return titled(
        layered(points, names, height=HEIGHT),
        "Test images as the final model places them",
        f"n = {len(rows):,} test images, {layout}; crosses: wrong answers; axes have no unit",
        "Scatter of test images: near to each other where the final model's embedding is alike, colored by "
        f"{'whether the answer is right' if by_verdict else 'class'}.",
    )


@kept
def pictures_chart(rows: pd.DataFrame, images_NSS: np.ndarray, layout: str, total: int) -> alt.LayerChart:
    """The images of `rows` themselves, uint8 (N, S, S), drawn at their places; `total` images have one."""
    x, y = _axes(layout)
    select = alt.selection_point(name="image", fields=["image"], on="click", empty=False)
    urls = [pictures.data_url(pictures.png(image)) for image in images_NSS]
    drawn = (
        alt.Chart(rows.assign(url=urls))
        .mark_image(width=EDGE, height=EDGE)
        .encode(
            x=x,
            y=y,
            url=alt.Url("url:N"),
            tooltip=[alt.Tooltip(name) for name in ("image", "class", "answer")],
        )
        .add_params(select)
    )
    return titled(
        layered(drawn, height=HEIGHT),
        "Test images at their places",
        f"n = {len(rows):,} of {total:,} test images, one a cell of a grid, {layout}; axes have no unit",
        "Small pictures of test images, near to each other where the final model's embedding is alike.",
    )


def _axes(layout: str) -> tuple[alt.X, alt.Y]:
    axis = alt.Axis(labels=False, ticks=False, grid=False)
    scale = alt.Scale(zero=False, nice=False, padding=16)
    first, second = f"{layout}, first direction", "Second direction"
    return alt.X("x:Q", title=first, axis=axis, scale=scale), alt.Y("y:Q", title=second, axis=axis, scale=scale)
