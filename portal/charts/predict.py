"""What the networks answer for one picture: the final model's probabilities, and every network's vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from portal.charts import TEXT, layered, titled

STRONGEST = 0.65  # opacity of a probability of 1, so that the theme's text reads on any cell
BLUE = "#2f6fc4"
STEP_WIDTH = 144  # pixels of a preparation step on the page: five of them fit side by side


def enlarged(image: np.ndarray, edge: int = STEP_WIDTH) -> np.ndarray:
    """A picture (H, W) or (H, W, 3) whose longest side is at least about `edge` pixels, a small one pixel by pixel."""
    factor = max(1, edge // max(image.shape[:2]))
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def probability_bars(probabilities: np.ndarray, classes: Sequence[str]) -> alt.LayerChart:
    """The probabilities (C,) of one picture as bars in the order of the classes, the top answer in full colour."""
    rows = pd.DataFrame({"class": list(classes), "probability": probabilities.astype(float)})
    rows["top"] = rows.index == int(probabilities.argmax())
    base = alt.Chart(rows).encode(
        x=alt.X(
            "probability:Q",
            title="Probability",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format=".0%", tickCount=5),
        ),
        y=alt.Y("class:N", title=None, sort=None),
        tooltip=["class", alt.Tooltip("probability", format=".2%")],
    )
    bars = base.mark_bar().encode(opacity=alt.condition(alt.datum.top, alt.value(1.0), alt.value(0.45)))
    numbers = base.mark_text(align="left", dx=4, color=TEXT).encode(text=alt.Text("probability:Q", format=".1%"))
    top = classes[int(probabilities.argmax())]
    return titled(
        layered(bars, numbers, height=30 * len(classes)),
        "Probability of each class",
        "n = 1 picture, final model; all bars: 100 %",
        f"Bars for the probability of each class; the highest is {top} with {probabilities.max():.1%}.",
    )


def vote_chart(votes: Mapping[str, np.ndarray], classes: Sequence[str]) -> alt.LayerChart:
    """A row a network, a column a class: the probability (C,) that the network gives to the class, in per cent."""
    rows = pd.DataFrame(
        {"network": network, "class": name, "probability": float(probability)}
        for network, probabilities in votes.items()
        for name, probability in zip(classes, probabilities, strict=True)
    )
    base = alt.Chart(rows).encode(
        x=alt.X("class:N", title="Class", sort=None, axis=alt.Axis(labelAngle=-45, labelOverlap=False)),
        y=alt.Y("network:N", title=None, sort=None),
        tooltip=["network", "class", alt.Tooltip("probability", format=".2%")],
    )
    strength = alt.Opacity("probability:Q", scale=alt.Scale(domain=[0, 1], range=[0, STRONGEST]), legend=None)
    cells = base.mark_rect(color=BLUE).encode(fillOpacity=strength)
    numbers = base.transform_calculate(percent="100 * datum.probability").transform_filter("datum.percent >= 0.5")
    text = numbers.mark_text(color=TEXT).encode(text=alt.Text("percent:Q", format=".0f"))
    return titled(
        layered(cells, text, height=30 * len(votes)),
        "What each network answers (%)",
        f"n = 1 picture, {len(votes)} networks; below 0.5 % no number is written",
        "Heatmap of the probability that each network gives to each class.",
    )


def vote_sentence(votes: Mapping[str, np.ndarray], classes: Sequence[str]) -> str:
    """How many of the networks agree on which answer, the most frequent answers first."""
    answers = pd.Series([classes[int(probabilities.argmax())] for probabilities in votes.values()]).value_counts()
    parts = [f"{count} for {name}" for name, count in answers.items()]
    return f"Votes of {len(votes)} networks: {', '.join(parts)}."
