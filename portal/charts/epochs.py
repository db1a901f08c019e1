"""Chart of what each epoch changes: images newly right, right again, or lost."""

import altair as alt
import pandas as pd

from portal.charts import dashed, layered, titled, tooltips
from portal.core.memo import kept

KINDS = {"learnt": "right for the first time", "again": "right again", "lost": "lost"}


@kept
def change_chart(frame: pd.DataFrame, epoch: int, name: str, images: int) -> alt.LayerChart:
    """Bars an epoch of `epochs.change_frame`: gains upwards, losses downwards, the chosen epoch marked."""
    long = frame.melt(id_vars="epoch", value_vars=list(KINDS), var_name="kind", value_name="images")
    long["kind"] = long["kind"].map(KINDS)
    long["signed"] = long["images"].where(long["kind"] != KINDS["lost"], -long["images"])
    later = long[long["epoch"] > 1]  # the first epoch learns nearly all, and would flatten the others
    order = list(KINDS.values())
    axis = alt.Axis(labelAngle=0, labelOverlap=True, tickMinStep=1)
    base = alt.Chart(later).encode(
        x=alt.X("epoch:O", title="Epoch (from the second)", axis=axis),
        y=alt.Y("signed:Q", title="Images gained (up), lost (down)", axis=alt.Axis(tickMinStep=1)),
        color=alt.Color("kind:N", sort=order, legend=alt.Legend(title=None, orient="bottom")),
        tooltip=tooltips("epoch", "kind", "images"),
    )
    chosen = pd.DataFrame({"epoch": [epoch] if epoch > 1 else []}, dtype=int)
    return titled(
        layered(base.mark_bar(), dashed(chosen, x=alt.X("epoch:O")), height=220),
        "Gained and lost images by epoch",
        f"{name}, n = {images:,} validation images, 1 seed; dashed: the epoch chosen above",
        "Bars for the images that are newly right, right again, or lost after each epoch.",
    )
