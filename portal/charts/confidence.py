"""Charts of calibration, and of accuracy vs. coverage."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from portal.analysis.calibration import Abstaining
from portal.charts import NEUTRAL, TEXT, layered, sized, titled, tooltips
from portal.core.memo import kept

UNIT = alt.Scale(domain=[0, 1])
PERCENT = alt.Axis(format=".0%")


@kept
def reliability_chart(frame: pd.DataFrame, split: str, temperature: float) -> alt.LayerChart:
    """Accuracy by confidence, bars of `calibration.reliability`, against the diagonal where both would be equal."""
    tooltip = tooltips(n=("Answers", ","), confidence=("Mean confidence", ".1%"), accuracy=("Accuracy", ".1%"))
    base = alt.Chart(frame).encode(tooltip=tooltip)
    bars = base.mark_bar(binSpacing=1, opacity=0.75).encode(
        x=alt.X("low:Q", bin="binned", title="Confidence (probability of the answer)", scale=UNIT, axis=PERCENT),
        x2=alt.X2("high:Q"),
        y=alt.Y("accuracy:Q", title="Accuracy of these answers", scale=UNIT, axis=PERCENT),
    )
    dot = base.mark_point(filled=True, size=45, opacity=1, color=TEXT)
    mean = dot.encode(x=alt.X("confidence:Q"), y=alt.Y("accuracy:Q"))
    ends = pd.DataFrame({"at": [0.0, 1.0]})
    diagonal = alt.Chart(ends).mark_line(color=NEUTRAL, strokeDash=[5, 4]).encode(x=alt.X("at:Q"), y=alt.Y("at:Q"))
    return titled(
        layered(bars, diagonal, mean, height=260),
        f"Reliability on {split} images",
        f"n = {frame['n'].sum():,} {split} images, 1 seed; temperature {temperature:.2f}; dot: mean of a bin; "
        "dashed: perfect calibration",
        "Bars for the accuracy of the answers in each bin of confidence, beside a dashed diagonal of equal shares.",
    )


@kept
def coverage_chart(curves: pd.DataFrame, marked: Sequence[Abstaining]) -> alt.LayerChart:
    """Accuracy of the answered images against their share, a line a split, and the chosen threshold's points."""
    fields = ("split", "threshold", "coverage", "accuracy")
    points = pd.DataFrame({field: getattr(each, field) for field in fields} for each in marked if each.answered)
    x = alt.X("coverage:Q", title="Coverage (share of images answered)", scale=UNIT, axis=PERCENT)
    y = alt.Y(
        "accuracy:Q", title="Accuracy of answered images", scale=alt.Scale(zero=False), axis=alt.Axis(format=".1%")
    )
    legend = alt.Legend(title="Images", orient="bottom", symbolType="stroke", symbolStrokeWidth=3, symbolSize=300)
    colour = alt.Color("split:N", legend=legend, sort=list(dict.fromkeys(curves["split"])))
    figures = {"threshold": ("Threshold", ".3f"), "coverage": ("Coverage", ".1%"), "accuracy": ("Accuracy", ".2%")}
    channels: dict[str, Any] = {"x": x, "y": y, "color": colour, "tooltip": tooltips("split", **figures)}
    lines, dots = (alt.Chart(frame).encode(**channels) for frame in (curves, points))
    dash = alt.StrokeDash("split:N", legend=legend, sort=None)
    layers = [lines.mark_line(strokeWidth=2).encode(strokeDash=dash)]
    if len(points):
        layers.append(dots.mark_point(size=150, filled=True, opacity=1, stroke=TEXT, strokeWidth=1.5))
    sizes = " and ".join(f"{each.n:,} {each.split}" for each in marked)
    return titled(
        layered(*layers, height=280),
        "Accuracy vs. coverage",
        f"n = {sizes} images, 1 seed each; large dot: the threshold chosen above",
        "Lines for the accuracy of the answered images as fewer and fewer are answered, with the chosen threshold.",
    )


@kept
def by_class_chart(frame: pd.DataFrame, split: str, threshold: float) -> alt.Chart:
    """A row a class of `calibration.by_class`: a dot each for the share answered and its accuracy."""
    names = {"answered": "share answered", "accuracy": "accuracy of those"}
    long = frame.rename(columns=names).melt(
        id_vars=["class", "n"], value_vars=list(names.values()), var_name="figure", value_name="value"
    )
    legend = alt.Legend(title=None, orient="bottom")
    scale = alt.Scale(zero=False, nice=False, padding=12)  # a nice end would be 105 %
    base = alt.Chart(long.dropna()).encode(
        x=alt.X("value:Q", title="Share of the class's images (%)", scale=scale, axis=alt.Axis(tickCount=8)),
        y=alt.Y("class:N", title=None, sort=None, axis=alt.Axis(grid=True)),
        color=alt.Color("figure:N", sort=list(names.values()), legend=legend),
        shape=alt.Shape("figure:N", sort=list(names.values()), legend=legend),
        tooltip=tooltips("class", "n", "figure", value=".1f"),
    )
    return titled(
        sized(base.mark_point(filled=True, size=85, opacity=1), 27 * len(frame)),
        "By class",
        f"n = {frame['n'].sum():,} {split} images, threshold {threshold:.2f}, 1 seed",
        "Dots for the share of each class's images that is answered, and for the accuracy of these answers.",
    )
