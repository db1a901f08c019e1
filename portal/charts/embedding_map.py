"""Charts of the embedding map: points by class or correctness, or the images themselves."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from portal.analysis.embedding_map import RIGHT, WRONG
from portal.charts import NEUTRAL, TEXT, layered, titled, tooltips
from portal.charts.labels import near_group
from portal.core import pictures
from portal.core.memo import kept

HEIGHT = 520
EDGE = 24  # pixels a thumbnail
MARGIN, NARROWEST, LETTER = 16, 290, 7.0  # pixels: around the points, the plot on a phone, a bold letter


@kept
def points_chart(rows: pd.DataFrame, classes: Sequence[str], layout: str, *, by_verdict: bool) -> alt.LayerChart:
    """A point for each image, colored by class or by whether it is classified correctly, with the classes' names."""
    x, y = _axes(layout)
    select = alt.selection_point(name="image", fields=["image"], on="click", empty=False)
    legend = alt.Legend(orient="bottom", columns=3, title=None, symbolOpacity=1)
    domain = [RIGHT, WRONG] if by_verdict else list(classes)
    colours = alt.Scale(domain=domain, range=[NEUTRAL, "#d6455d"]) if by_verdict else alt.Scale(domain=domain)
    field = "verdict" if by_verdict else "class"
    shapes = alt.Scale(domain=[RIGHT, WRONG], range=["circle", "cross"])
    points = alt.Chart(rows).mark_point(filled=True, opacity=0.75).add_params(select)
    points = points.encode(
        x=x,
        y=y,
        color=alt.Color(f"{field}:N", scale=colours, legend=legend),
        shape=alt.Shape("verdict:N", scale=shapes, legend=None),
        size=alt.when(select).then(alt.value(260)).otherwise(alt.value(34)),
        tooltip=tooltips("image", "class", "answer"),
    )
    names = alt.Chart(_names(rows)).mark_text(fontWeight="bold", color=TEXT)
    names = names.encode(x=x, y=y, text=alt.Text("class:N"))
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
    drawn = alt.Chart(rows.assign(url=urls)).mark_image(width=EDGE, height=EDGE).add_params(select)
    drawn = drawn.encode(x=x, y=y, url=alt.Url("url:N"), tooltip=tooltips("image", "class", "answer"))
    return titled(
        layered(drawn, height=HEIGHT),
        "Test images at their places",
        f"n = {len(rows):,} of {total:,} test images, one a cell of a grid, {layout}; axes have no unit",
        "Small pictures of test images, near to each other where the final model's embedding is alike.",
    )


def _names(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a class: the place of its name, where no point is, in the units of the map."""
    points = rows[["x", "y"]].to_numpy(dtype=float)
    low, span = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-9)
    scale = (np.array([NARROWEST, HEIGHT]) - 2 * MARGIN) / span * (1, -1)  # the vertical axis points up
    origin = np.array([MARGIN, HEIGHT - MARGIN])
    widths = {str(name): LETTER * len(str(name)) for name in rows["class"].unique()}
    spots = origin + (points - low) * scale
    places = near_group(spots, rows["class"].to_numpy(), widths, (NARROWEST, HEIGHT))
    found = low + (np.array(list(places.values())).reshape(-1, 2) - origin) / scale
    return pd.DataFrame({"class": list(places), "x": found[:, 0], "y": found[:, 1]})


def _axes(layout: str) -> tuple[alt.X, alt.Y]:
    axis = alt.Axis(labels=False, ticks=False, grid=False)
    scale = alt.Scale(zero=False, nice=False, padding=MARGIN)
    first, second = f"{layout}, first direction", "Second direction"
    return alt.X("x:Q", title=first, axis=axis, scale=scale), alt.Y("y:Q", title=second, axis=axis, scale=scale)
