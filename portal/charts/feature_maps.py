"""Charts of the first layer's filters and of the side that each filter responds to (deck section 5)."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from artifacts.contract import FeatureMapsSummary, FilterSide
from portal.charts import NEUTRAL, TEXT, layered, titled, tooltips
from portal.charts.convolution import GREYS, frame, shades_of
from portal.charts.labels import LIFT, with_room
from portal.core.memo import kept

SIDES = ("left", "right", "top", "bottom", "everywhere", "silent")
SHAPES = ("triangle-left", "triangle-right", "triangle-up", "triangle-down", "circle", "cross")
SIDE_HEIGHT, PHONE_WIDTH = 380, 300  # pixels of the scatter, and of its width on a phone
GRID_COLUMNS = 8  # filters a row
GRID_EDGE = 420  # pixels, on a screen that has them


def filters_of(summary: FeatureMapsSummary, side: str | None) -> list[FilterSide]:
    """The filters that answer to `side`, or all of them; by number."""
    return [row for row in summary.filters if side is None or row.side == side]


def filter_captions(filters: Sequence[FilterSide]) -> list[str]:
    return [f"{row.filter}: {row.side}" for row in filters]


def side_table(summary: FeatureMapsSummary) -> pd.DataFrame:
    """The filters of each side that has any, with their share of all."""
    rows = []
    for side in SIDES:
        numbers = [str(row.filter) for row in filters_of(summary, side)]
        if numbers:
            rows.append({"Responds to": side, "Filters": len(numbers), "Numbers": ", ".join(numbers)})
    return pd.DataFrame(rows)


def side_sentence(summary: FeatureMapsSummary) -> str:
    """How many filters answer to each side."""
    counts = {side: len(filters_of(summary, side)) for side in SIDES}
    parts = ", ".join(f"{counts[side]} to the {side}" for side in SIDES[:4])
    return f"Filters by side: {parts}; {counts['everywhere']} respond everywhere, {counts['silent']} hardly at all."


def stored_images(labels: np.ndarray, classes: Sequence[str], *, with_deck: bool) -> dict[str, int]:
    """Name and row of each stored image (N,): the first two are of the deck's classes, then one of each class."""
    deck = {f"{classes[labels[row]]} (as in the deck)": row for row in range(2)} if with_deck else {}
    return deck | {classes[labels[row]]: row for row in range(2, len(labels))}


@kept
def side_chart(summary: FeatureMapsSummary) -> alt.LayerChart:
    """Each filter at the shift of its activation's center against the garment's; inside the box it has no side."""
    rows = pd.DataFrame(
        {"filter": row.filter, "horizontal": row.horizontal, "vertical": row.vertical, "side": row.side}
        for row in summary.filters
    )
    limit = 1.15 * max(rows[["horizontal", "vertical"]].abs().max().max(), summary.threshold)
    spots = (rows[["horizontal", "vertical"]].to_numpy() + limit) / (2 * limit) * (PHONE_WIDTH, SIDE_HEIGHT)
    rows["labeled"] = with_room(*spots.T)
    across = alt.Scale(domain=[-limit, limit], nice=False)
    # Images count rows from the top, so the axis is turned: what answers to the top stands at the top.
    down = alt.Scale(domain=[-limit, limit], nice=False, reverse=True)
    x = alt.X("horizontal:Q", title="Horizontal shift (left negative)", scale=across, axis=alt.Axis(tickCount=8))
    y = alt.Y("vertical:Q", title="Vertical shift (top negative)", scale=down)
    legend = alt.Legend(title="Responds to", orient="bottom", columns=3)
    points = alt.Chart(rows).encode(x=x, y=y)
    marks = points.mark_point(filled=True, size=90, opacity=0.9).encode(
        color=alt.Color("side:N", scale=alt.Scale(domain=list(SIDES)), legend=legend),
        shape=alt.Shape("side:N", scale=alt.Scale(domain=list(SIDES), range=list(SHAPES)), legend=legend),
        tooltip=tooltips("filter", "side", horizontal=".3f", vertical=".3f"),
    )
    numbers = points.transform_filter("datum.labeled").mark_text(dy=-LIFT, fontSize=10, color=TEXT)
    numbers = numbers.encode(text=alt.Text("filter:N"))
    edge = summary.threshold
    corners = pd.DataFrame([{"horizontal": -edge, "right": edge, "vertical": -edge, "bottom": edge}])
    box = alt.Chart(corners).mark_rect(filled=False, stroke=NEUTRAL)
    box = box.encode(x=x, x2=alt.X2("right:Q"), y=y, y2=alt.Y2("bottom:Q"))
    return titled(
        layered(box, marks, numbers, height=SIDE_HEIGHT),
        "Which side each filter responds to",
        f"n = {len(rows)} filters, mean over {summary.images:,} test images; in the box: no side; hover over a mark "
        "for its number",
        "Scatter of the horizontal and vertical shift of each filter's activation against the garment's own center.",
    )


@kept
def filter_grid(filters_FAB: np.ndarray, rows: Sequence[FilterSide], chosen: int) -> alt.LayerChart:
    """All filters, to be clicked: white a positive weight, black a negative; the chosen one framed."""
    count, height, width = filters_FAB.shape
    row, column = np.divmod(np.arange(count), GRID_COLUMNS)
    top, left = row * (height + 1.6), column * (width + 0.6)
    cells = pd.DataFrame(
        {
            "filter": np.repeat(np.arange(count), height * width),
            "x": (left[:, None, None] + np.arange(width) + np.zeros((height, 1))).ravel(),
            "y": (top[:, None, None] + np.arange(height)[:, None] + np.zeros(width)).ravel(),
            "shade": shades_of(filters_FAB).ravel(),
        }
    )
    cells["side"] = np.repeat([row.side for row in rows], height * width)
    right, bottom = float(left.max()) + width, float(top.max()) + height
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.2, right + 0.2], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-1.3, bottom + 0.2], nice=False, reverse=True))
    select = alt.selection_point(name="filter", fields=["filter"], toggle=False, on="click", clear=False)
    ends = alt.Chart(cells).transform_calculate(right="datum.x + 1", bottom="datum.y + 1")
    pictures = ends.mark_rect(cursor="pointer").add_params(select)
    pictures = pictures.encode(
        x=x,
        x2=alt.X2("right:Q"),
        y=y,
        y2=alt.Y2("bottom:Q"),
        color=alt.Color("shade:Q", scale=GREYS, legend=None),
        tooltip=tooltips("filter", side=("responds to", "")),
    )
    names = pd.DataFrame({"x": left + width / 2, "y": top - 0.6, "filter": np.arange(count)})
    numbers = alt.Chart(names).mark_text(fontSize=11, color=TEXT).encode(x=x, y=y, text=alt.Text("filter:N"))
    box = frame(left[chosen], top[chosen], width, height).encode(x=x, y=y)
    return titled(
        layered(pictures, numbers, box, height=round(GRID_EDGE * (bottom + 1.5) / right)),
        "The filters",
        f"n = {count} filters of {height} x {width} weights; white: positive, black: negative, mid-gray: zero",
        "Grid of the first layer's filters as small gray pictures, each under its number.",
    )
