"""A search by successive halving in one picture: which trials went on, and how their order changed."""

from __future__ import annotations

import altair as alt
import pandas as pd

from portal.charts import NEUTRAL, layered, titled
from portal.charts.tuning import OPTIMIZERS, SHAPES
from portal.core.memo import kept


@kept
def rungs(frame: pd.DataFrame, search: str) -> alt.LayerChart:
    """A point a training, a line a trial, from rung to rung; `frame` as `analysis.search_rungs.rung_frame` gives it.

    The axis begins a little below the worst trial that went on: what failed early would squeeze the rest together.
    """
    named = frame.assign(name=[f"Rung {row.rung}: {row.epochs} epochs" for row in frame.itertuples()])
    went_on = named[named["trial"].isin(named.loc[named["rung"] > 1, "trial"])]
    floor = max((went_on if len(went_on) else named)["accuracy"].min() - 3, 0.0)
    below = int((named["accuracy"] < floor).sum())
    x = alt.X("name:N", title=None, sort=None, axis=alt.Axis(labelAngle=0))
    scale = alt.Scale(domain=[floor, named["accuracy"].max() + 0.5], clamp=True, nice=False)
    y = alt.Y("accuracy:Q", title="Highest validation accuracy (%)", scale=scale)
    legend = alt.Legend(title="Optimizer", orient="bottom")
    colour = alt.Color("optimizer:N", scale=alt.Scale(domain=list(OPTIMIZERS)), legend=legend)
    shape = alt.Shape("optimizer:N", scale=alt.Scale(domain=list(OPTIMIZERS), range=list(SHAPES)), legend=legend)
    tooltip = ["trial", "rung", "epochs", alt.Tooltip("accuracy", format=".2f"), "optimizer"]
    base = alt.Chart(named).encode(x=x, y=y)
    lines = base.mark_line(color=NEUTRAL, strokeWidth=1.2, opacity=0.7).encode(detail=alt.Detail("trial:N"))
    points = base.mark_point(filled=True, size=70, opacity=0.9).encode(color=colour, shape=shape, tooltip=tooltip)
    trials = ", ".join(str(n) for n in frame.groupby("rung").size())
    cut_off = f"; {below} below {floor:.0f} % drawn on the lower edge" if below else ""
    return titled(
        layered(lines, points, height=280),
        f"Who goes on, {search} search",
        f"n = {trials} trials on the rungs, a seed each{cut_off}",
        "Validation accuracy of every trial on each rung that it reached, a line for each trial that went on.",
    )
