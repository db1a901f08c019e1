"""Charts of suspected labels by class pair, of one case's probabilities, and of the suspects' errors."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from artifacts.contract import LabelsSummary
from portal.analysis.label_court import Case
from portal.charts import NEUTRAL, ROW, TEXT, dashed, layered, titled, tooltips
from portal.core.memo import kept

MOST_PAIRS = 10
TENTHS = 10
ROOM = 1.08  # of the longest bar, for the number beside it


@kept
def pairs_chart(summary: LabelsSummary, classes: Sequence[str]) -> alt.LayerChart:
    """Suspected labels by given and suggested class, the most frequent pairs first."""
    rows = pd.DataFrame(
        [(f"{classes[pair.true]} → {classes[pair.predicted]}", pair.count) for pair in summary.pairs[:MOST_PAIRS]],
        columns=["pair", "count"],
    )
    scale = alt.Scale(domain=[0, max(1.0, ROOM * rows["count"].max()) if len(rows) else 1.0], nice=False)
    base = alt.Chart(rows).encode(
        x=alt.X("count:Q", title="Suspected labels", scale=scale, axis=alt.Axis(tickMinStep=1, tickCount=6)),
        y=alt.Y("pair:N", title="Label → suggested", sort=None, axis=alt.Axis(labelLimit=180)),
        tooltip=[alt.Tooltip("pair:N"), alt.Tooltip("count:Q")],
    )
    number = base.mark_text(align="left", dx=4, color=TEXT).encode(text=alt.Text("count:Q"))
    return titled(
        layered(base.mark_bar(), number, height=ROW * max(len(rows), 1)),
        "Which labels are doubted",
        f"n = {summary.issues:,} suspected of {summary.images:,} training images, {summary.folds} folds, 1 seed",
        "Bars for the most frequent pairs of given and suggested label among the suspected labels.",
    )


@kept
def case_chart(case: Case, classes: Sequence[str]) -> alt.LayerChart:
    """The out-of-fold probability of each class for one suspect, its label outlined."""
    probabilities = case.probabilities if case.probabilities is not None else np.zeros(len(classes))
    rows = pd.DataFrame({"class": list(classes), "probability": probabilities})
    rows["label"] = [number == case.given for number in range(len(classes))]
    base = alt.Chart(rows).encode(
        x=alt.X("probability:Q", title="Probability", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%")),
        y=alt.Y("class:N", title=None, sort=None),
        tooltip=tooltips("class", probability=".1%"),
    )
    edge = alt.condition("datum.label", alt.value(2.5), alt.value(0))
    bars = base.mark_bar(stroke=NEUTRAL).encode(strokeWidth=edge)
    given = base.transform_filter("datum.label").mark_text(align="left", dx=6, color=TEXT, text="the label")
    return titled(
        layered(bars, given, height=ROW * len(classes)),
        "What the network says that never saw it",
        f"n = 1 training image, #{case.index}; 1 network, out of fold",
        "Bars for the probability of each class, with a note at the class that is the image's label.",
    )


@kept
def ranks_chart(cases: Sequence[Case]) -> alt.LayerChart:
    """Suspects by tenth of the autoencoder's errors of all images; the line is what chance would give."""
    ranks = [case.error_rank for case in cases if case.error_rank is not None]
    counts = np.histogram(ranks, np.linspace(0, 1, TENTHS + 1))[0]
    rows = pd.DataFrame({"tenth": range(1, TENTHS + 1), "suspects": counts})
    base = alt.Chart(rows).encode(
        x=alt.X("tenth:O", title="Tenth by reconstruction error (10: worst)", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("suspects:Q", title="Suspects", axis=alt.Axis(tickMinStep=1)),
        tooltip=tooltips("tenth", "suspects"),
    )
    chance = dashed(pd.DataFrame({"chance": [len(ranks) / TENTHS]}), y=alt.Y("chance:Q"))
    return titled(
        layered(base.mark_bar(), chance, height=220),
        "Are suspects odd pictures?",
        f"n = {len(ranks):,} most suspicious training images; dashed: if suspicion and oddity were unrelated",
        "Bars for the number of suspects in each tenth of the autoencoder's reconstruction errors.",
    )
