"""Chart of validation vs. test accuracy with 95 % intervals."""

import altair as alt
import pandas as pd

from portal.charts import NEUTRAL, TEXT, layered, titled, tooltips
from portal.core.memo import kept


@kept
def gap_chart(frame: pd.DataFrame) -> alt.LayerChart:
    """A row a split of `vault.gap_frame`: the accuracy and its 95 % interval."""
    scale = alt.Scale(zero=False, padding=24)
    axis = alt.Axis(tickCount=6, labelExpr="round(100 * datum.value) / 100")
    base = alt.Chart(frame).encode(
        y=alt.Y("split:N", title=None, sort=None, axis=alt.Axis(labelLimit=200)),
        tooltip=tooltips("split", "n", accuracy=".2f", low=".2f", high=".2f"),
    )
    low, x = alt.X("low:Q", title="Accuracy (%)", scale=scale, axis=axis), alt.X("accuracy:Q", scale=scale)
    interval = base.mark_rule(strokeWidth=3, color=NEUTRAL).encode(x=low, x2=alt.X2("high:Q"))
    point = base.mark_point(filled=True, size=110, opacity=1).encode(x=x)
    number = base.mark_text(dy=-14, color=TEXT).encode(x=x, text=alt.Text("accuracy:Q", format=".2f"))
    sizes = ", ".join(f"{row.n:,} {row.split.split(',')[0].lower()}" for row in frame.itertuples())
    return titled(
        layered(interval, point, number, height=52 * len(frame)),
        "Validation and test accuracy",
        f"n = {sizes} images; line: 95 % interval from the number of images alone",
        "Two points with intervals: the recipe's accuracy on validation images and the published model's on test.",
    )
