"""Chart of a search by successive halving: which trials continued, and how their order changed."""

import altair as alt
import pandas as pd

from portal.charts import NEUTRAL, layered, titled, tooltips
from portal.charts.tuning import by_optimizer
from portal.core.memo import kept
from portal.core.text import count


@kept
def rungs(frame: pd.DataFrame, search: str) -> alt.LayerChart:
    """A point for each training, a line for each trial that continued; `frame` comes from `rung_frame`.

    The axis starts slightly below the worst trial that continued; trials far below would compress the others.
    """
    named = frame.assign(name=[f"Rung {row.rung}: {count(row.epochs, 'epoch')}" for row in frame.itertuples()])
    continued = named[named["trial"].isin(named.loc[named["rung"] > 1, "trial"])]
    floor = max((continued if len(continued) else named)["accuracy"].min() - 3, 0.0)
    below = int((named["accuracy"] < floor).sum())
    x = alt.X("name:N", title=None, sort=None, axis=alt.Axis(labelAngle=0))
    scale = alt.Scale(domain=[floor, named["accuracy"].max() + 0.5], clamp=True, nice=False)
    y = alt.Y("accuracy:Q", title="Highest validation accuracy (%)", scale=scale)
    tooltip = [*tooltips("trial", "rung", "epochs", accuracy=".2f"), alt.Tooltip("optimizer")]
    base = alt.Chart(named).encode(x=x, y=y)
    lines = base.mark_line(color=NEUTRAL, strokeWidth=1.2, opacity=0.7).encode(detail=alt.Detail("trial:N"))
    points = base.mark_point(filled=True, size=70, opacity=0.9).encode(tooltip=tooltip, **by_optimizer())
    trials = ", ".join(str(n) for n in frame.groupby("rung").size())
    cut_off = f"; {below} below {floor:.0f} % at the lower edge" if below else ""
    return titled(
        layered(lines, points, height=280),
        f"Which trials continue, {search} search",
        f"n = {trials} trials on the rungs, one seed each{cut_off}",
        "Validation accuracy of every trial on each rung that it reached, a line for each trial that continued.",
    )
