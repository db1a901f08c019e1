"""Charts of the final model on the test set (deck section 5): seeds, scores by class, confusion matrix."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
from pandas.io.formats.style import Styler

from artifacts import deck
from artifacts.contract import FinalSummary
from portal.charts import BLUE, NEUTRAL, STRONGEST, TEXT, layered, titled, tooltips
from portal.charts.seeds import SeedGroup, seed_chart
from portal.core import text
from portal.core.memo import kept

METRICS = {"precision": "precision", "recall": "recall", "F1": "f1"}  # fields of a class's scores by their names
SHAPES = ("circle", "triangle-up", "diamond")
WRONG = "#d9720f"  # as light as BLUE


@kept
def confusion_matrix(
    frame: pd.DataFrame, picked: str | None, *, split: str = "test", of: str = "published model"
) -> alt.LayerChart:
    """Heatmap of `confusion_frame` with a count in each cell; a click selects one cell by its name, field `cell`.

    `split` says which images were answered and `of` by whom.
    """
    order = list(dict.fromkeys(frame["true"]))
    x = alt.X("predicted:N", title="Predicted class", sort=order, axis=alt.Axis(labelAngle=-45, labelOverlap=False))
    y = alt.Y("true:N", title="True class", sort=order)
    select = alt.selection_point(name="cell", fields=["cell"], toggle=False, on="click", clear=False)
    base = alt.Chart(frame).encode(x=x, y=y)
    # Counts go from 0 to 1,000: on a linear scale every mistake would look like none.
    strength = alt.Opacity("count", scale=alt.Scale(type="symlog", range=[0, STRONGEST]), legend=None)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["right", "mistake"], range=[BLUE, WRONG]), legend=None)
    edge = alt.condition(alt.datum.cell == (picked or ""), alt.value(2.5), alt.value(0))
    figures = {
        "true": ("True class", ""),
        "predicted": ("Predicted class", ""),
        "count": ("Images", ","),
        "share": ("Share of the true class", ".1%"),
    }
    cells = base.mark_rect(stroke=NEUTRAL, strokeOpacity=1, cursor="pointer").encode(
        color=colour, fillOpacity=strength, strokeWidth=edge, tooltip=tooltips(**figures)
    )
    numbers = base.transform_filter(alt.datum.count > 0).mark_text(fontSize=11, color=TEXT)
    numbers = numbers.encode(text=alt.Text("count", format=","))
    return titled(
        layered(cells.add_params(select), numbers, height=38 * len(order)),
        "Confusion matrix",
        f"{split.capitalize()} set, n = {frame['count'].sum():,} images, {of}; color by the logarithm of n",
        "Heatmap of true class against predicted class with the number of images in each cell; right answers stand "
        "on the diagonal.",
    )


def deck_scores(classes: Sequence[str]) -> dict[str, deck.ClassScore]:
    """The deck's row for each of `classes` that it has; none for a data set of other classes."""
    return {score.name: score for score in deck.CLASS_SCORES if score.name in classes}


@kept
def class_scores(final: FinalSummary) -> alt.LayerChart:
    """Precision, recall and f1 of each class, with a line to the deck's figure where the deck has the class."""
    theirs = deck_scores([row.name for row in final.classes])
    rows = [
        {
            "class": row.name,
            "metric": metric,
            "score": getattr(row, field),
            "deck": getattr(theirs[row.name], field) if row.name in theirs else None,
        }
        for row in final.classes
        for metric, field in METRICS.items()
    ]
    y = alt.Y("class:N", title=None, sort=None, axis=alt.Axis(grid=True, tickBand="extent"))
    base = alt.Chart(pd.DataFrame(rows)).encode(y=y, yOffset=alt.YOffset("metric:N", sort=list(METRICS)))
    scale = alt.Scale(zero=False, nice=False, domainMax=1, padding=12)
    legend = alt.Legend(title="Metric", orient="bottom")
    ours = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("score:Q", title="Score (0 to 1)", scale=scale, axis=alt.Axis(tickCount=6, format=".2f")),
        color=alt.Color("metric:N", sort=list(METRICS), legend=legend),
        shape=alt.Shape("metric:N", sort=list(METRICS), scale=alt.Scale(range=list(SHAPES)), legend=legend),
        tooltip=tooltips("class", "metric", score=".3f", deck=".2f"),
    )
    known = base.transform_filter("isValid(datum.deck)")
    line = known.mark_rule(color=NEUTRAL).encode(x=alt.X("score:Q"), x2=alt.X2("deck:Q"))
    tick = known.mark_tick(color=NEUTRAL, thickness=2, size=10).encode(x=alt.X("deck:Q"))
    return titled(
        layered(line, tick, ours, height=44 * len(final.classes)),
        "Precision, recall, and F1 by class",
        f"Test set, n = {final.test_images:,} images, one model; gray tick: the deck's, rounded to 0.01",
        "Dots for precision, recall and f1 of each class, each joined to a tick at the deck's figure.",
    )


def class_table(final: FinalSummary) -> Styler:
    """The classification report, classes then averages; the deck's figures, which have two digits, stand beside."""
    theirs = deck_scores([row.name for row in final.classes])
    if theirs:
        theirs |= {final.macro.name: deck.MACRO, final.weighted.name: deck.WEIGHTED}
    rows = []
    for row in (*final.classes, final.macro, final.weighted):
        line: dict[str, object] = {"Class": row.name, "Images": row.support}
        for metric, field in METRICS.items():
            line[f"{metric[0].upper()}{metric[1:]}"] = getattr(row, field)
            if row.name in theirs:
                line[f"Deck's {metric}"] = getattr(theirs[row.name], field)
        rows.append(line)
    table = pd.DataFrame(rows)
    deck_columns = [name for name in table.columns if name.startswith("Deck")]
    return table.style.format(precision=3, thousands=",").format(precision=2, subset=deck_columns)


@kept
def accuracy_by_seed(final: FinalSummary, reference: float | None) -> alt.LayerChart:
    """Test accuracy of every seed with the interval of the mean, beside the deck's single figure as `reference`."""
    groups = {"This run": SeedGroup(final.accuracy_by_seed, final.accuracy_spread)}
    return titled(
        seed_chart(groups, title="Test accuracy (%)", reference=reference),
        "Test accuracy by seed",
        f"n = {text.count(len(final.seeds), 'seed')} on {final.test_images:,} test images; "
        "diamond, line: mean, 95 % interval; dashed: the deck's",
        "Points for the test accuracy of each seed, their mean with its interval, and a line at the deck's figure.",
    )
