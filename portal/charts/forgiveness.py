"""Chart of the networks ranked by weighted accuracy."""

import altair as alt
import pandas as pd

from portal.charts import NEUTRAL, TEXT, layered, titled, tooltips
from portal.core.memo import kept


@kept
def ranking_chart(frame: pd.DataFrame, images: int) -> alt.LayerChart:
    """A row a network of `forgiveness.ranking`: a ring at the plain accuracy, a disc at the weighted one."""
    scale = alt.Scale(zero=False, padding=18)
    base = alt.Chart(frame).encode(
        y=alt.Y("network:N", title=None, sort=list(frame["network"]), axis=alt.Axis(labelLimit=170)),
        tooltip=tooltips(
            network=("Network", ""),
            plain=("Plain accuracy (%)", ".2f"),
            weighted=("Weighted accuracy (%)", ".2f"),
            plain_place=("Place by plain accuracy", ""),
            weighted_place=("Place by weighted accuracy", ""),
            unforgiven=("Mistakes that stay", ","),
        ),
    )
    plain = alt.X("plain:Q", title="Accuracy on validation images (%)", scale=scale)
    weighted = alt.X("weighted:Q", scale=scale)
    way = base.mark_rule(color=NEUTRAL, strokeWidth=2).encode(x=plain, x2=alt.X2("weighted:Q"))
    ring = base.mark_point(size=70).encode(x=plain)
    disc = base.mark_point(size=90, filled=True, opacity=1).encode(x=weighted)
    text = alt.Text("weighted:Q", format=".1f")
    number = base.mark_text(align="left", dx=9, color=TEXT).encode(x=weighted, text=text)
    return titled(
        layered(way, ring, disc, number, height=34 * len(frame)),
        "The networks ranked by weighted accuracy",
        f"n = {images:,} validation images, 1 seed each; ring: plain accuracy, disc: weighted accuracy",
        "A row a network with its plain and its weighted accuracy, sorted by the weighted one.",
    )
