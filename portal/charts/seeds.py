"""Charts of accuracies over seeds with 95 % intervals, and sentences about differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from artifacts.contract import Comparison, Fit, Question, Spread
from portal.charts import NEUTRAL, dashed, layered, titled, tooltips
from portal.core.memo import kept


@dataclass(frozen=True)
class SeedGroup:
    """What one recipe reached, a fraction a seed."""

    accuracies: Sequence[float]
    spread: Spread

    @classmethod
    def validated(cls, fits: Sequence[Fit], spread: Spread) -> SeedGroup:
        """The highest validation accuracy of each fit, and their spread."""
        return cls([fit.highest_val_accuracy for fit in fits], spread)


def seed_chart(
    groups: Mapping[str, SeedGroup],
    *,
    title: str,
    reference: float | None = None,
    crosses: Mapping[str, float] | None = None,
) -> alt.LayerChart:
    """A row a group: a circle a seed, a diamond for the mean, a line for its interval (none for a single seed).

    `crosses` are other figures of the groups, fractions too, to be held against their seeds.
    """
    seeds = pd.DataFrame(
        {"group": name, "accuracy": 100 * accuracy} for name, group in groups.items() for accuracy in group.accuracies
    )
    spreads = {name: group.spread for name, group in groups.items()}
    rows = [(name, each.n, each.mean, each.low, each.high) for name, each in spreads.items()]
    means = pd.DataFrame(rows, columns=["group", "n", "mean", "low", "high"])
    means[["mean", "low", "high"]] = 100 * means[["mean", "low", "high"]].astype(float)
    # Ticks to a hundredth of a point: where all values are equal, Vega would write six digits.
    axis = alt.Axis(tickCount=6, labelExpr="round(100 * datum.value) / 100")
    scale = alt.Scale(zero=False, padding=16)
    x = alt.X("accuracy:Q", title=title, scale=scale, axis=axis)
    # Named in order: a layer that leaves out rows without an interval would else put the others first.
    y = alt.Y("group:N", title=None, sort=list(groups), axis=alt.Axis(labelLimit=160))
    mean = alt.Chart(means).encode(y=y, tooltip=tooltips("group", "n", mean=".2f", low=".2f", high=".2f"))
    layers = [
        alt.Chart(seeds).mark_point(size=55).encode(x=x, y=y),
        mean.mark_point(shape="diamond", filled=True, size=130, opacity=1).encode(x=alt.X("mean:Q")),
    ]
    if means["low"].notna().any():
        interval = mean.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=3, opacity=0.6, color=NEUTRAL)
        layers.insert(0, interval.encode(x=alt.X("low:Q", scale=scale), x2=alt.X2("high:Q")))
    if crosses:
        other = alt.Chart(pd.DataFrame({"group": name, "other": 100 * value} for name, value in crosses.items()))
        mark = other.mark_point(shape="cross", filled=True, size=90, angle=45, color=NEUTRAL, opacity=1)
        layers.append(mark.encode(x=alt.X("other:Q", scale=scale), y=y, tooltip=tooltips("group", other=".2f")))
    if reference is not None:
        layers.append(dashed(pd.DataFrame([{"accuracy": 100 * reference}]), x=alt.X("accuracy:Q")))
    return layered(*layers, height=40 * len(groups))


@kept
def question_chart(question: Question, title: str = "") -> alt.LayerChart:
    """The variants of one open question (deck section 6) by validation accuracy."""
    groups = {each.name: SeedGroup.validated(each.fits, each.val_accuracy) for each in question.variants}
    seeds = ", ".join(sorted({str(variant.val_accuracy.n) for variant in question.variants}))
    return titled(
        seed_chart(groups, title="Highest validation accuracy (%)"),
        title or question.key.replace("-", " ").capitalize(),
        f"n = {seeds} seeds a variant; diamond and line: mean and its 95 % interval",
        f"Validation accuracy of the variants that answer: {question.text}",
    )


def verdict(comparison: Comparison) -> str:
    """What the measured difference of two variants allows one to say, in one sentence."""
    points = f"{100 * comparison.difference:+.2f} percentage points"
    name = comparison.second
    against = f"{name[:1].upper()}{name[1:]} against {comparison.first}: {points}"
    if comparison.low is None or comparison.high is None:
        return f"{against}, but no interval (a single seed, or seeds that agree exactly), so chance cannot be judged."
    interval = f"95 % interval {100 * comparison.low:+.2f} to {100 * comparison.high:+.2f}"
    if comparison.real:
        return f"{against} ({interval}): a real difference."
    return f"{against} ({interval}): no difference is shown, since the interval contains 0."
