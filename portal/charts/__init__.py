"""Charts as pure functions: typed results in, `alt.Chart` out; one module for each page.

Colors come from the theme (.streamlit/config.toml), so a chart names a color only where light and dark agree.
"""

from typing import Any, TypeVar

import altair as alt
import pandas as pd

Figure = (
    alt.Chart
    | alt.LayerChart
    | alt.FacetChart
    | alt.HConcatChart
    | alt.VConcatChart
    | alt.ConcatChart
    | alt.RepeatChart
)
F = TypeVar("F", alt.Chart, alt.LayerChart, alt.FacetChart, alt.HConcatChart, alt.VConcatChart, alt.ConcatChart)

# Reads on the light and on the dark background (contrast at least 3:1 on both).
NEUTRAL = "#7d8494"
# The page's own text color in light and in dark: charts are drawn as SVG, which inherits it.
TEXT = "currentColor"
# Said in each chart, since Streamlit turns to a canvas from 2,000 marks on, where that color is black.
AS_SVG = {"embedOptions": {"renderer": "svg"}}
# Room at the sides for the half of a first or last tick's label that reaches beyond the axis.
PADDING = {"left": 4, "top": 8, "right": 16, "bottom": 8}
AUTOSIZE = alt.AutoSizeParams(type="fit-x", contains="padding")
ROW = 24  # pixels a row of bars
# Fixed, since the theme's sequence changes direction with the mode: a cell is BLUE, at most STRONGEST opaque, so that
# the theme's text reads on any cell.
BLUE, STRONGEST = "#2f6fc4", 0.65


def titled(chart: F, title: str, subtitle: str, description: str) -> F:
    """The chart with a short title, a subtitle (n, split) and a description for screen readers.

    A page prints title and subtitle as text above the chart; an exported file has them inside the chart. They are
    written into the chart itself, which its function has just made: `properties` would copy all of it.
    """
    chart.title = alt.TitleParams(title, subtitle=[subtitle], subtitleColor=TEXT, anchor="start", offset=12)
    chart.description = description
    chart.usermeta, chart.padding = AS_SVG, PADDING
    return chart


def sized(chart: alt.Chart, height: int) -> alt.Chart:
    """The chart with a plot of `height` pixels, as wide as the page.

    Axes and legend come on top of the height: what Streamlit does by default leaves to the plot what they do not need,
    which depends on how long labels are. Written into the chart; see `titled`.
    """
    chart.height, chart.autosize = height, AUTOSIZE
    return chart


def layered(*layers: alt.Chart | alt.LayerChart, height: int) -> alt.LayerChart:
    """The layers in one plot of `height` pixels, as wide as the page; see `sized`."""
    return alt.LayerChart(layer=list(layers), height=height, autosize=AUTOSIZE)


def tooltips(*names: str, **figures: str | tuple[str, str]) -> list[alt.Tooltip]:
    """Tooltips of the fields `names`, then of `figures`: with a format, or with a title and a format (or none)."""
    shown = [alt.Tooltip(name) for name in names]
    for name, given in figures.items():
        title, form = ("", given) if isinstance(given, str) else given
        shown.append(alt.Tooltip(name, title=title or alt.Undefined, format=form or alt.Undefined))
    return shown


def dashed(frame: pd.DataFrame, **channels: Any) -> alt.Chart:
    """Dashed gray lines at the values of `frame`, to compare with."""
    return alt.Chart(frame).mark_rule(color=NEUTRAL, strokeDash=[5, 4], strokeWidth=2).encode(**channels)


def heading(chart: Figure) -> tuple[str, str]:
    """The chart's title and subtitle, as `titled` was given them."""
    return str(chart.title.text), " ".join(chart.title.subtitle)


def check_titled(chart: Figure) -> None:
    """ValueError unless the chart has a title, a subtitle and a description."""
    # The attributes, not the whole specification, which takes tens of milliseconds to put together.
    if not isinstance(chart.title, alt.TitleParams) or not all(heading(chart)):
        raise ValueError("A chart needs a title and a subtitle that says n: use portal.charts.titled.")
    if chart.description is alt.Undefined or not chart.description:
        raise ValueError("A chart needs a description for screen readers: use portal.charts.titled.")
