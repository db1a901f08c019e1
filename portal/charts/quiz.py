"""Chart of the quiz score: the visitor's, the model's, and other people's."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from portal.analysis.quiz import IMAGES, PEOPLE, Answer
from portal.charts import TEXT, dashed, layered, titled, tooltips
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
    players, legend = [YOU, MODEL], alt.Legend(orient="top", title=None)
    axis = alt.Axis(tickMinStep=1, format="d")
    base = alt.Chart(score_frame(answers)).encode(
        x=alt.X("image:Q", title="Images answered", scale=alt.Scale(domain=[1, IMAGES], nice=False), axis=axis),
        y=alt.Y("right:Q", title="Right so far (%)", scale=alt.Scale(domain=[0, 100])),
        color=alt.Color("who:N", sort=players, legend=legend),
    )
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        shape=alt.Shape("who:N", sort=players, scale=alt.Scale(range=["circle", "diamond"]), legend=legend),
        tooltip=tooltips("image", "who", right=".0f"),
    )
    layers = [base.mark_line(strokeWidth=2), points]
    subtitle = f"n = {len(answers)} test images, the same for both"
    if with_people:
        people = pd.DataFrame([{"right": 100 * PEOPLE, "text": f"people {percent(PEOPLE, 1)}"}])
        line = dashed(people, y=alt.Y("right:Q"))
        label = line.mark_text(align="right", dy=9, color=TEXT)
        layers += [line, label.encode(x=alt.datum(IMAGES), text=alt.Text("text:N"))]
        subtitle += "; dashed: people, majority of three, 1,000 random test images"
    description = "Lines of the share of images answered rightly so far, by the visitor and by the final model."
    return titled(layered(*layers, height=220), "The score", subtitle, description)
