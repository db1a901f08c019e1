"""Accuracy on corrupted validation images: measured curves over the strength of each corruption."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from artifacts.contract import AugmentationsSummary, RobustnessCurves, RobustnessSummary
from artifacts.corruptions import Corruption
from portal.charts import NEUTRAL, layered, titled, tooltips
from portal.charts.augmentation import short_title
from portal.core.memo import kept

# The op of the trainsets that does to training images what a corruption does to the images asked about.
PRACTISED = {"rotate": ("Rotation", "rotation"), "occlude": ("Erasing", "erasing")}
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left")


def names(summary: RobustnessSummary, trainsets: AugmentationsSummary | None) -> dict[str, str]:
    """How each curve is called: a network by its name, a trainset by its number and what is in it."""
    titles = {str(each.id): short_title(each) for each in trainsets.sets} if trainsets else {}
    return {curve.name: titles.get(curve.name, curve.name) for curve in summary.curves}


def curve_frame(summary: RobustnessSummary, corruption: str, kind: str, called: Mapping[str, str]) -> pd.DataFrame:
    """One row a curve of that kind and a strength: accuracy in percent."""
    rows = [
        {"name": called[curve.name], "strength": strength, "accuracy": 100 * accuracy}
        for curve in _of_kind(summary, kind)
        for strength, accuracy in zip(summary.strengths[corruption], curve.accuracy[corruption], strict=True)
    ]
    return pd.DataFrame(rows, columns=["name", "strength", "accuracy"])


@kept
def curves(frame: pd.DataFrame, corruption: Corruption, images: int, at: float = 0.0) -> alt.LayerChart:
    """A line a network or trainset over the strength; a gray rule where the visitor's slider stands."""
    order = list(dict.fromkeys(frame["name"]))
    most = max(float(frame["strength"].max()), at)
    scale = alt.Scale(domain=[0, most], nice=False)
    x = alt.X("strength:Q", title=f"{corruption.title} ({corruption.unit})", scale=scale)
    legend = alt.Legend(orient="bottom", title=None, columns=2, labelLimit=190)
    base = alt.Chart(frame).encode(
        x=x,
        y=alt.Y("accuracy:Q", title="Validation accuracy (%)", scale=alt.Scale(domain=[0, 100])),
        color=alt.Color("name:N", sort=order, legend=legend),
    )
    points = base.mark_point(filled=True, size=55, opacity=1).encode(
        shape=alt.Shape("name:N", sort=order, scale=alt.Scale(range=list(SHAPES)), legend=legend),
        tooltip=tooltips("name", "strength", accuracy=".1f"),
    )
    slider = alt.Chart(pd.DataFrame([{"strength": at}])).mark_rule(color=NEUTRAL, strokeWidth=2, strokeDash=[4, 3])
    return titled(
        layered(base.mark_line(strokeWidth=2), points, slider.encode(x=x), height=280),
        f"{corruption.title}: accuracy by strength",
        f"n = {images:,} validation images, one seed each; gray line: your slider",
        f"Lines of validation accuracy over the strength of the corruption: images {corruption.does}.",
    )


def sentence(frame: pd.DataFrame, corruption: Corruption) -> str:
    """Best and worst where they lie farthest apart."""
    table = frame.pivot(index="strength", columns="name", values="accuracy")
    apart = (table.max(axis=1) - table.min(axis=1)).idxmax()
    row = table.loc[apart]
    return (
        f"They differ most at {apart:g} {corruption.unit}: {row.idxmax()} keeps {row.max():.0f} %, {row.idxmin()} "
        f"{row.min():.0f} %."
    )


def practice(summary: RobustnessSummary, corruption: Corruption, trainsets: AugmentationsSummary) -> str | None:
    """Whether trainsets that practise the corruption bear it better than the others; None if none practises it."""
    if corruption.name not in PRACTISED:
        return None
    op, word = PRACTISED[corruption.name]
    titles = {str(each.id): each.title for each in trainsets.sets}
    with_op = [curve for curve in _of_kind(summary, "trainset") if op in titles.get(curve.name, "")]
    without = [curve for curve in _of_kind(summary, "trainset") if op not in titles.get(curve.name, "")]
    if not with_op or not without:
        return None
    numbers = ", ".join(curve.name for curve in with_op)
    trained, plain = (_mean_corrupted(curves, corruption.name) for curves in (with_op, without))
    chance = 200 * np.sqrt(0.25 / summary.validation_images)
    return (
        f"Averaged over all strengths, the sets with {word} ({numbers}) keep {trained:.1f} %, the others {plain:.1f} "
        f"%; with {summary.validation_images:,} images, differences below about {chance:.0f} points can be chance."
    )


def _of_kind(summary: RobustnessSummary, kind: str) -> list[RobustnessCurves]:
    return [curve for curve in summary.curves if curve.kind == kind]


def _mean_corrupted(chosen: Sequence[RobustnessCurves], corruption: str) -> float:
    """Mean accuracy in percent over the curves and all strengths above 0."""
    return 100 * float(np.mean([curve.accuracy[corruption][1:] for curve in chosen]))
