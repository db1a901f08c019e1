"""Chart of the predictions before and after a change of the image."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from portal.charts import NEUTRAL, TEXT, layered, titled, tooltips
from portal.core.memo import kept

KNOWN, LOST = "right", "wrong"
ROOM = 1.75  # the axis extends beyond a probability of 1, for the predicted classes


def target_of(probabilities: Mapping[str, np.ndarray], label: int | None) -> int:
    """The class to follow: the label, or for an image without one what most networks say of it (row 0 of (N, C))."""
    if label is not None:
        return label
    return int(np.bincount([rows[0].argmax() for rows in probabilities.values()]).argmax())


def answers(probabilities: Mapping[str, np.ndarray], target: int, classes: Sequence[str]) -> pd.DataFrame:
    """One row a network: the probability of class `target` before and after, its answer after, and whether it is right.

    `probabilities` float32 (2, C) by network: of the image as it was, and changed.
    """
    rows = []
    for network, (before, after) in probabilities.items():
        top = int(after.argmax())
        rows.append(
            {
                "network": network,
                "before": float(before[target]),
                "after": float(after[target]),
                "answer": classes[top],
                "confidence": float(after[top]),
                "text": f"{classes[top]} {after[top]:.0%}",
                "state": KNOWN if top == target else LOST,
                "was_right": int(before.argmax()) == target,
            }
        )
    return pd.DataFrame(rows)


@kept
def answers_chart(frame: pd.DataFrame, name: str) -> alt.LayerChart:
    """A row a network: a ring for the probability of class `name` before, a disc or cross after, and its answer."""
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1], titleAnchor="start")
    x = alt.X("after:Q", title=f"Probability of {name}", scale=alt.Scale(domain=[0, ROOM], nice=False), axis=axis)
    tooltip = tooltips("network", "answer", before=".1%", after=".1%", confidence=".1%")
    base = alt.Chart(frame).encode(y=alt.Y("network:N", sort=None, title=None), tooltip=tooltip)
    way = base.mark_rule(color=NEUTRAL, strokeWidth=2).encode(x=x, x2=alt.X2("before:Q"))
    start = base.mark_point(size=70, color=NEUTRAL).encode(x=alt.X("before:Q"))
    states = [KNOWN, LOST]
    legend = alt.Legend(orient="top", title=None)
    end = base.mark_point(size=110, filled=True, opacity=1).encode(
        x=x,
        color=alt.Color("state:N", scale=alt.Scale(domain=states), legend=legend),
        shape=alt.Shape("state:N", scale=alt.Scale(domain=states, range=["circle", "cross"]), legend=legend),
    )
    texts = base.mark_text(align="left", color=TEXT).encode(x=alt.datum(1.06), text=alt.Text("text:N"))
    return titled(
        layered(way, start, end, texts, height=32 * len(frame)),
        "Prediction of each network",
        f"n = 1 image, {len(frame)} networks; ring: before the change; right: the prediction now",
        f"Rows of points: each network's probability of {name} before and after the change, and its present answer.",
    )


def still_right(frame: pd.DataFrame, name: str, *, labelled: bool) -> str:
    """How many networks still answer class `name`, in one sentence."""
    now, before = int((frame["state"] == KNOWN).sum()), int(frame["was_right"].sum())
    what = f"the label, {name}" if labelled else f"{name}, the most frequent prediction for the unchanged picture"
    return f"{now} of {len(frame)} networks predict {what} (before the change: {before})."
