"""Chart of the quiz score: the visitor's, the model's, and other people's."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from portal.analysis.quiz import IMAGES, PEOPLE, Answer
from portal.charts import NEUTRAL, TEXT, layered, titled
from portal.core.memo import kept
from portal.core.text import percent

YOU, MODEL = "you", "final model"


def score_frame(answers: Sequence[Answer]) -> pd.DataFrame:
    """One row an image and player: the share right so far, in percent."""
    count = np.arange(1, len(answers) + 1)
    players = {YOU: [a.right for a in answers], MODEL: [a.model_right for a in answers]}
    return pd.concat(
        pd.DataFrame({"image": count, "who": who, "right": 100 * np.cumsum(right) / count})
        for who, right in players.items()
    )


@kept
def score_chart(answers: Sequence[Answer], *, with_people: bool) -> alt.LayerChart:
    """Lines of the share right so far; a dashed rule for people, where the images are random as theirs were."""
    frame = score_frame(answers)
    players, legend = [YOU, MODEL], alt.Legend(orient="top", title=None)
    axis = alt.Axis(tickMinStep=1, format="d")
    lines = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("image:Q", title="Images answered", scale=alt.Scale(domain=[1, IMAGES], nice=False), axis=axis),
            y=alt.Y("right:Q", title="Right so far (%)", scale=alt.Scale(domain=[0, 100])),
            color=alt.Color("who:N", sort=players, legend=legend),
        )
    )
    points = lines.mark_point(filled=True, size=60, opacity=1).encode(
        shape=alt.Shape("who:N", sort=players, scale=alt.Scale(range=["circle", "diamond"]), legend=legend),
        tooltip=[alt.Tooltip("image"), alt.Tooltip("who"), alt.Tooltip("right", format=".0f")],
    )
    layers: list[alt.Chart] = [lines, points]
    subtitle = f"n = {len(answers)} test images, the same for both"
    if with_people:
        people = alt.Chart(pd.DataFrame([{"right": 100 * PEOPLE, "text": f"people {percent(PEOPLE, 1)}"}]))
        layers.append(people.mark_rule(color=NEUTRAL, strokeDash=[5, 4], strokeWidth=2).encode(y=alt.Y("right:Q")))
        label = people.mark_text(align="right", dy=9, color=TEXT).encode(
            y=alt.Y("right:Q"), x=alt.datum(IMAGES), text=alt.Text("text:N")
        )
        layers.append(label)
        subtitle += "; dashed: people, majority of three, 1,000 random test images"
    description = "Lines of the share of images answered rightly so far, by the visitor and by the final model."
    return titled(layered(*layers, height=220), "The score", subtitle, description)
