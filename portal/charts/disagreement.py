"""Charts of disagreement: accuracy of each network and of the vote, and pairwise agreement."""

import altair as alt
import pandas as pd

from portal.charts import BLUE, NEUTRAL, STRONGEST, TEXT, layered, titled, tooltips
from portal.charts.outliers import DECADES
from portal.core.memo import kept


@kept
def accuracy_chart(frame: pd.DataFrame, images: int) -> alt.LayerChart:
    """A row for the vote, the mean and each network of `disagreement.accuracy_frame`."""
    order = list(frame["who"])
    scale = alt.Scale(zero=False, padding=24)
    x = alt.X("accuracy:Q", title="Accuracy on validation images (%)", scale=scale)
    base = alt.Chart(frame).encode(
        y=alt.Y("who:N", title=None, sort=order, axis=alt.Axis(labelLimit=170, grid=True)),
        tooltip=tooltips(
            who=("Who answers", ""),
            accuracy=("Accuracy (%)", ".2f"),
            alone=("Images it alone is right about", ","),
        ),
    )
    words = "datum.label == 'together' ? 'all together' : 'one network'"
    legend = alt.Legend(title=None, orient="bottom", labelExpr=words)
    kind = alt.Color("kind:N", sort=["together", "network"], legend=legend)
    shape = alt.Shape("kind:N", sort=["together", "network"], legend=legend)
    chance = base.mark_rule(strokeWidth=3, color=NEUTRAL).encode(x=alt.X("low:Q", scale=scale), x2=alt.X2("high:Q"))
    dots = base.mark_point(filled=True, size=95, opacity=1).encode(x=x, color=kind, shape=shape)
    number = base.mark_text(dy=-11, color=TEXT).encode(x=x, text=alt.Text("accuracy:Q", format=".1f"))
    return titled(
        layered(chance, dots, number, height=34 * len(frame)),
        "Single networks and all together",
        f"n = {images:,} validation images, 1 seed each; line: 95 % interval",
        "Dots with intervals for the accuracy of the vote, of the mean of probabilities and of each network.",
    )


@kept
def split_chart(frame: pd.DataFrame, picked: int, images: int) -> alt.LayerChart:
    """Images by how many networks are right about them, counted on a log axis; the picked number stands out."""
    base = alt.Chart(frame[frame["images"] > 0].assign(floor=0.7)).encode(
        x=alt.X("right:O", title="Networks that are right", axis=alt.Axis(labelAngle=0)),
        tooltip=tooltips("right", images=",", share=".1%"),
    )
    scale = alt.Scale(type="log", domainMin=0.7)
    bars = base.mark_bar(stroke=NEUTRAL).encode(
        y=alt.Y("images:Q", title="Images, log scale", scale=scale, axis=DECADES, stack=None),
        y2=alt.Y2("floor:Q"),
        opacity=alt.condition(alt.datum.right == picked, alt.value(1), alt.value(0.45)),
    )
    y = alt.Y("images:Q", scale=scale, stack=None)
    number = base.mark_text(dy=-7, color=TEXT).encode(y=y, text=alt.Text("images:Q", format=","))
    return titled(
        layered(bars, number, height=240),
        "Number of networks that are right",
        f"n = {images:,} validation images; highlighted: the number chosen above",
        "Bars for the number of images about which none, one, two and so on of the networks are right.",
    )


@kept
def agreement_chart(frame: pd.DataFrame, images: int) -> alt.LayerChart:
    """Heatmap of `disagreement.agreement_frame`: the share of images to which two networks give the same answer."""
    order = list(dict.fromkeys(frame["first"]))
    pairs = frame[frame["first"] != frame["second"]]
    base = alt.Chart(pairs).encode(
        x=alt.X("second:N", title=None, sort=order, axis=alt.Axis(labelAngle=-45, labelOverlap=False)),
        y=alt.Y("first:N", title=None, sort=order),
        tooltip=tooltips("first", "second", same=("Same answer (%)", ".1f"), same_mistake=("Same mistake (%)", ".1f")),
    )
    strength = alt.Opacity("same:Q", scale=alt.Scale(zero=False, range=[0.05, STRONGEST]), legend=None)
    cells = base.mark_rect(color=BLUE).encode(fillOpacity=strength)
    text = base.mark_text(color=TEXT).encode(text=alt.Text("same:Q", format=".0f"))
    return titled(
        layered(cells, text, height=34 * len(order)),
        "Agreement (% of the images)",
        f"n = {images:,} validation images, every pair of networks",
        "Heatmap of the share of images to which two networks give the same answer.",
    )
