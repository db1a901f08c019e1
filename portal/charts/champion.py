"""Charts of the champion (beyond the deck): test accuracy by seed, and the effect of each recipe change."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from artifacts.contract import ChampionSummary, Comparison, FinalSummary
from portal.analysis.champion import NAME
from portal.charts import NEUTRAL, TEXT, dashed, layered, titled, tooltips
from portal.charts.seeds import SeedGroup, seed_chart
from portal.core import intervals
from portal.core.memo import kept
from portal.core.text import count

MIRRORED, FINAL = f"{NAME}, mirror too", "Final model"
REAL, UNCLEAR = "real difference", "unclear"
# Where a row's figure stands: at the end of its interval that is farther from none, clear of the dashed line.
OUTER_END = "isValid(datum.low) ? (datum.difference < 0 ? datum.low : datum.high) : datum.difference"


@kept
def accuracy_chart(champion: ChampionSummary, final: FinalSummary | None, reference: float | None) -> alt.LayerChart:
    """Test accuracy by seed of the champion, alone and with the mirror image, and of the study's final model.

    Crosses are the ensembles; `reference` is the deck's figure.
    """
    test = champion.test
    groups = {
        NAME: SeedGroup(test.single, champion.accuracy_spread),
        MIRRORED: SeedGroup(test.mirrored, intervals.spread(test.mirrored)),
    }
    if final is not None:
        groups[FINAL] = SeedGroup(final.accuracy_by_seed, final.accuracy_spread)
    crosses = {NAME: test.ensemble, MIRRORED: test.ensemble_mirrored}
    deck_line = "; dashed: the deck's" if reference is not None else ""
    return titled(
        seed_chart(groups, title="Test accuracy (%)", reference=reference, crosses=crosses),
        "Test accuracy, champion and final model",
        f"n = {count(len(test.seeds), 'seed')} on {test.images:,} test images; diamond: mean, line: its 95 % interval; "
        f"cross: all networks together{deck_line}",
        "Rows of points: test accuracy of each seed of the champion, with and without the mirror image, and of the "
        "study's final model.",
    )


def difference_frame(comparisons: Sequence[Comparison], student: str) -> pd.DataFrame:
    """One row a change: difference to the champion in percentage points with its interval, in the order given."""
    rows = [
        (_named(each.second, student), each.difference, each.low, each.high, REAL if each.real else UNCLEAR)
        for each in comparisons
    ]
    frame = pd.DataFrame(rows, columns=["variant", "difference", "low", "high", "verdict"])
    frame[["difference", "low", "high"]] = 100 * frame[["difference", "low", "high"]].astype(float)
    return frame


def _named(variant: str, student: str) -> str:
    """The variant's name, which says that it is the student where its own name does not."""
    is_said = variant != student or "student" in variant.lower()
    return variant if is_said else f"{variant} (student)"


@kept
def difference_chart(frame: pd.DataFrame, seeds: int, images: int) -> alt.LayerChart:
    """A row a change of the recipe: its difference to the champion, the 95 % interval, and a line at none."""
    axis = alt.Axis(tickCount=6, format="+.1f")
    x = alt.X("difference:Q", title="Difference to the champion (points)", axis=axis, scale=alt.Scale(padding=44))
    verdicts, legend = [REAL, UNCLEAR], alt.Legend(orient="top", title=None)
    base = alt.Chart(frame).encode(
        y=alt.Y("variant:N", title=None, sort=list(frame["variant"]), axis=alt.Axis(labelLimit=160)),
        tooltip=[*tooltips("variant", difference="+.2f", low="+.2f", high="+.2f"), alt.Tooltip("verdict")],
    )
    interval = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=3, opacity=0.6, color=NEUTRAL)
    point = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=x,
        color=alt.Color("verdict:N", scale=alt.Scale(domain=verdicts), legend=legend),
        shape=alt.Shape("verdict:N", scale=alt.Scale(domain=verdicts, range=["diamond", "circle"]), legend=legend),
    )
    figure, outer = alt.Text("difference:Q", format="+.2f"), base.transform_calculate(end=OUTER_END)
    left = outer.transform_filter("datum.difference < 0").mark_text(dx=-9, align="right", color=TEXT, fontSize=11)
    right = outer.transform_filter("datum.difference >= 0").mark_text(dx=9, align="left", color=TEXT, fontSize=11)
    layers = [
        dashed(pd.DataFrame({"difference": [0.0]}), x=alt.X("difference:Q")),
        interval.encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")),
        point,
        left.encode(x=alt.X("end:Q"), text=figure),
        right.encode(x=alt.X("end:Q"), text=figure),
    ]
    return titled(
        layered(*layers, height=44 * max(1, len(frame))),
        "Effect of each change on the champion",
        f"n = {count(seeds, 'seed')} a variant, {images:,} validation images; line: 95 % interval of the difference",
        "Points for the change of validation accuracy by each variant of the recipe, with intervals and a line at 0.",
    )
