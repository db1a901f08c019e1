"""Charts of hyper-parameter importances, and one slice of the search for each parameter."""

import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from artifacts.contract import ParameterImportance, SearchImportances
from artifacts.deck import TrialPoint
from portal.analysis.importances import CHOICES, importance_frame, slice_frame
from portal.analysis.search_log import VALUES
from portal.charts import NEUTRAL, dashed, layered, titled, tooltips
from portal.charts.tuning import STEPS
from portal.core.memo import kept
from portal.core.text import count

LOG_SCALED = ("lr", "weight_decay")
DEPTH = 10  # percentage points below the median that a slice shows; what lies deeper is drawn at the lower edge
SLICE_WIDTH = 36  # characters of a subtitle that a third of the page shows
GOLDEN = 0.618  # spreads trials of one choice evenly


@kept
def importances(search: SearchImportances) -> alt.LayerChart:
    """A bar for each parameter with its spread over the forest's seeds; a tick and a band for shuffled accuracies."""
    frame = importance_frame(search)
    seeds = search.parameters[0].importance.n
    x = alt.X("mean:Q", title="Variance explained by the parameter alone (%)", scale=alt.Scale(domainMin=0, nice=False))
    y = alt.Y("parameter:N", title=None, sort=list(frame["parameter"]), axis=alt.Axis(labelLimit=160))
    titles = {"mean": "Importance (%)", "low": "- 1 SD", "high": "+ 1 SD", "chance_mean": "Shuffled (%)"}
    tooltip = tooltips("parameter", **{name: (title, ".1f") for name, title in titles.items()})
    base = alt.Chart(frame).encode(y=y, tooltip=tooltip)
    layers = [
        base.mark_bar(opacity=0.55, size=18).encode(x=x),
        base.mark_rule(strokeWidth=3).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")),
    ]
    shuffled = ""
    if frame["chance_mean"].notna().any():
        shuffled = "; gray: the same with shuffled accuracies"
        band = base.mark_bar(size=26, color=NEUTRAL, opacity=0.3)
        tick = base.mark_tick(color=NEUTRAL, thickness=3, size=26)
        layers += [
            band.encode(x=alt.X("chance_low:Q"), x2=alt.X2("chance_high:Q")),
            tick.encode(x=alt.X("chance_mean:Q")),
        ]
    return titled(
        layered(*layers, height=40 * len(frame)),
        f"Which hyper-parameter matters, {search.search} search",
        f"fANOVA, n = {count(len(search.trials), 'trial')} of one seed, {count(search.epochs, 'epoch')} each; mean and "
        f"standard deviation over {count(seeds, 'seed')} of the forest{shuffled}",
        "Bars for the share of the validation accuracy's variance that each hyper-parameter explains alone, with their "
        "spread and the share that chance gives.",
    )


@kept
def slice_of(search: SearchImportances, parameter: ParameterImportance, points: Sequence[TrialPoint]) -> alt.LayerChart:
    """Trials by their value of one parameter and their accuracy; a dashed line at each of the deck's `points`."""
    frame, name = slice_frame(search, parameter), parameter.parameter
    floor = max(frame["accuracy"].min(), frame["accuracy"].median() - DEPTH) - 0.5
    below = int((frame["accuracy"] < floor).sum())
    x = _axis(name)
    scale = alt.Scale(domain=[floor, frame["accuracy"].max() + 0.5], clamp=True, nice=False)
    y = alt.Y("accuracy:Q", title="Validation accuracy (%)", scale=scale, axis=alt.Axis(tickCount=4))
    tooltip = tooltips("trial", value=(VALUES[name], ""), accuracy=".2f")
    trials = alt.Chart(frame.assign(spread=frame["trial"] * GOLDEN % 1)).mark_point(filled=True, size=45, opacity=0.7)
    trials = trials.encode(x=x, y=y, tooltip=tooltip)
    if name in CHOICES:
        trials = trials.encode(xOffset=alt.XOffset("spread:Q", scale=alt.Scale(domain=[-0.5, 1.5])))
    layers = [trials]
    marked = [(point, getattr(point, name)) for point in points if getattr(point, name) is not None]
    if marked:
        rows = pd.DataFrame(
            {"value": str(value) if name in CHOICES else value, "text": f"deck, {point.search} #{point.number}"}
            for point, value in marked
        )
        layers.append(dashed(rows, x=x, tooltip=tooltips(text=("Deck", ""), value="")))
    deck_best = "; dashed: deck's best" if marked else ""
    edge = f"; {below} below {floor:.0f} % at the lower edge" if below else ""
    subtitle = f"n = {count(len(frame), 'trial')}{deck_best}{edge}"
    chart = titled(
        layered(*layers, height=180),
        VALUES[name],
        subtitle,
        f"Scatter of {VALUES[name].lower()} and validation accuracy of each trial, with lines at the deck's values.",
    )
    chart.title.subtitle = textwrap.wrap(subtitle, SLICE_WIDTH)
    return chart


def _axis(name: str) -> alt.X:
    if name in CHOICES:
        return alt.X("value:N", title=None, axis=alt.Axis(labelAngle=0))
    kind: dict[str, Any] = {"type": "log"} if name in LOG_SCALED else {"zero": False}
    scale = alt.Scale(nice=False, padding=8, **kind)
    ticks: dict[str, Any] = {"values": STEPS, "labelOverlap": "greedy"} if name in LOG_SCALED else {"tickCount": 4}
    axis = alt.Axis(format="~g", labelSeparation=4, **ticks)
    return alt.X("value:Q", title=None, scale=scale, axis=axis)
