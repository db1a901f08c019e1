"""Charts of one value of a first-layer map: patch, map, and the arithmetic between them."""

import altair as alt
import numpy as np
import pandas as pd

from portal.analysis.convolution import Place
from portal.charts import NEUTRAL, TEXT, layered, titled, tooltips
from portal.core.memo import kept

MAP_EDGE = 336  # pixels of an image or map, 12 for each of 28
FRAME = "#f07c1c"  # reads on black, gray, and white alike
MOST_NUMBERS = 5  # cells a side of a filter whose numbers are written into them
GREYS = alt.Scale(domain=[-1, 1], range=["black", "white"])


def shades_of(values: np.ndarray) -> np.ndarray:
    """Each picture of (..., A, B) divided by its largest value by size: -1..1."""
    largest = np.abs(values).max(axis=(-2, -1), keepdims=True)
    return np.round(values / np.where(largest > 0, largest, 1), 3)


@kept
def frame(left: float, top: float, width: float, height: float) -> alt.Chart:
    """A frame around cells, in the fields x and y of the chart that it is laid over."""
    box = pd.DataFrame([{"x": left, "right": left + width, "y": top, "bottom": top + height}])
    drawn = alt.Chart(box).mark_rect(filled=False, stroke=FRAME, strokeWidth=3)
    return drawn.encode(x2=alt.X2("right:Q"), y2=alt.Y2("bottom:Q"))


def image_chart(image_SS: np.ndarray, place: tuple[int, int], patch: tuple[int, int]) -> alt.LayerChart:
    """The image with a frame around the patch, of rows x columns `patch`, that the filter sees at `place`."""
    corner = (place[0] - patch[0] // 2, place[1] - patch[1] // 2)
    return titled(
        _pixels(image_SS / 255, corner, patch),
        "The image and the patch",
        f"n = 1 image; framed: the {patch[0]} x {patch[1]} pixels that the filter sees",
        "The gray image with a frame around one patch.",
    )


def map_chart(map_XY: np.ndarray, place: tuple[int, int], number: int) -> alt.LayerChart:
    """One filter's map, to be clicked; the chosen place is framed. White is its strongest answer, black none."""
    strongest = float(map_XY.max())
    shades = map_XY.astype(float) / (strongest if strongest > 0 else 1)
    return titled(
        _pixels(shades, place, (1, 1), value=map_XY, clickable=True),
        f"What filter {number} answers",
        f"n = 1 image; white: its strongest answer, {strongest:.2f}; framed: the chosen place",
        f"The map of filter {number} in gray, brighter where the response is stronger.",
    )


def _pixels(
    shades: np.ndarray,
    corner: tuple[int, int],
    framed: tuple[int, int],
    *,
    value: np.ndarray | None = None,
    clickable: bool = False,
) -> alt.LayerChart:
    """Shades in 0..1 as a square of cells, a frame of rows x columns `framed` with its upper left cell at `corner`."""
    size = len(shades)
    row, column = np.divmod(np.arange(shades.size), shades.shape[1])
    cells = pd.DataFrame({"row": row, "column": column, "shade": shades.ravel().round(3)})
    cells["value"] = (shades if value is None else value).astype(float).ravel().round(3)
    cells["place"] = [f"{r}, {c}" for r, c in zip(row, column, strict=True)]
    x = alt.X("column:Q", axis=None, scale=alt.Scale(domain=[0, size], nice=False))
    y = alt.Y("row:Q", axis=None, scale=alt.Scale(domain=[0, size], nice=False, reverse=True))
    # Cells reach under their neighbors, or the page would shine through the seams between them.
    ends = {"right": f"min(datum.column + 1.1, {size})", "bottom": f"min(datum.row + 1.1, {size})"}
    picture = alt.Chart(cells).transform_calculate(**ends).mark_rect(cursor="pointer" if clickable else "default")
    picture = picture.encode(
        x=x,
        x2=alt.X2("right:Q"),
        y=y,
        y2=alt.Y2("bottom:Q"),
        color=alt.Color("shade:Q", scale=alt.Scale(domain=[0, 1], range=["black", "white"]), legend=None),
        tooltip=tooltips("row", "column", "value"),
    )
    if clickable:
        select = alt.selection_point(name="place", fields=["place"], toggle=False, on="click", clear=False)
        picture = picture.add_params(select)
    top, left = (max(0, start) for start in corner)
    bottom, right = (min(size, start + span) for start, span in zip(corner, framed, strict=True))
    box = frame(left, top, right - left, bottom - top).encode(x=alt.X("x:Q"), y=alt.Y("y:Q"))
    return layered(picture, box, height=MAP_EDGE)


def arithmetic_chart(place: Place) -> alt.LayerChart:
    """Patch, filter and products side by side, with their numbers where there is room for them."""
    height, width = place.patch.shape
    parts = (
        ("pixels", place.patch, 2 * place.patch - 1),
        ("filter", place.weights, None),
        ("products", place.products, None),
    )
    cells, names = [], []
    for number, (name, values, shades) in enumerate(parts):
        left = number * (width + 1)
        shown = shades_of(values) if shades is None else shades
        names.append({"x": left + width / 2, "y": -0.45, "text": name})
        cells += [
            {"x": left + c, "y": r, "shade": float(shown[r, c]), "value": float(values[r, c])}
            for r, c in np.ndindex(height, width)
        ]
    signs = [{"x": (number + 1) * (width + 1) - 0.5, "y": height / 2, "text": sign} for number, sign in enumerate("×=")]
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 3 * width + 2], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-0.9, height], nice=False, reverse=True))
    base = alt.Chart(pd.DataFrame(cells))
    ends = base.transform_calculate(right="datum.x + 1", bottom="datum.y + 1")
    rects = ends.mark_rect(stroke=NEUTRAL).encode(
        x=x, x2=alt.X2("right:Q"), y=y, y2=alt.Y2("bottom:Q"), color=alt.Color("shade:Q", scale=GREYS, legend=None)
    )
    words = alt.Chart(pd.DataFrame(names + signs)).mark_text(fontSize=14, color=TEXT)
    layers = [rects, words.encode(x=x, y=y, text=alt.Text("text:N"))]
    if max(height, width) <= MOST_NUMBERS:
        middles = base.transform_calculate(x="datum.x + 0.5", y="datum.y + 0.5").mark_text(fontSize=12)
        readable = alt.condition(alt.datum.shade > 0, alt.value("black"), alt.value("white"))
        layers.append(middles.encode(x=x, y=y, text=alt.Text("value:Q", format=".2f"), color=readable))
    return titled(
        layered(*layers, height=46 * height + 30),
        "One place, worked out",
        f"n = {height * width} pixels in 0..1 (black 0, white 1), each times its weight",
        "Three grids of numbers: the patch of pixels, the filter's weights, and their products.",
    )
