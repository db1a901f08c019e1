"""Charts of accuracies over seeds with 95 % intervals, and sentences about differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from artifacts.contract import Comparison, Question, Spread
from portal.charts import NEUTRAL, layered, titled
from portal.core.memo import kept


@dataclass(frozen=True)
class SeedGroup:
    """What one recipe reached, a fraction a seed."""

    accuracies: Sequence[float]
    spread: Spread


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
    means = pd.DataFrame(
        {
            "group": name,
            "n": group.spread.n,
            "mean": 100 * group.spread.mean,
            "low": None if group.spread.low is None else 100 * group.spread.low,
            "high": None if group.spread.high is None else 100 * group.spread.high,
        }
        for name, group in groups.items()
    ).astype({"low": float, "high": float})
    # Ticks to a hundredth of a point: where all values are equal, Vega would write six digits.
    axis = alt.Axis(tickCount=6, labelExpr="round(100 * datum.value) / 100")
    scale = alt.Scale(zero=False, padding=16)
    x = alt.X("accuracy:Q", title=title, scale=scale, axis=axis)
    # Named in order: a layer that leaves out rows without an interval would else put the others first.
    y = alt.Y("group:N", title=None, sort=list(groups), axis=alt.Axis(labelLimit=160))
    figures = [_figure(name) for name in ("mean", "low", "high")]
    mean = alt.Chart(means).encode(y=y, tooltip=[alt.Tooltip("group"), alt.Tooltip("n"), *figures])
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
        layers.append(
            mark.encode(x=alt.X("other:Q", scale=scale), y=y, tooltip=[alt.Tooltip("group"), _figure("other")])
        )
    if reference is not None:
        line = alt.Chart(pd.DataFrame([{"accuracy": 100 * reference}]))
        layers.append(line.mark_rule(strokeDash=[5, 4], color=NEUTRAL, strokeWidth=2).encode(x=alt.X("accuracy:Q")))
    return layered(*layers, height=40 * len(groups))


def _figure(name: str) -> alt.Tooltip:
    return alt.Tooltip(name, format=".2f")


@kept
def question_chart(question: Question, title: str = "") -> alt.LayerChart:
    """The variants of one open question (deck section 6) by validation accuracy."""
    groups = {
        variant.name: SeedGroup([fit.highest_val_accuracy for fit in variant.fits], variant.val_accuracy)
        for variant in question.variants
    }
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
