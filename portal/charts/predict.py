"""Charts for one picture: probabilities, occlusion map, and every network's prediction."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from portal.charts import BLUE, STRONGEST, TEXT, layered, titled, tooltips
from portal.core.memo import kept
from portal.predict.answers import Answer
from portal.predict.explain import Occlusion

LOST, GAINED = "#f07c1c", "#3f83e0"  # read on black, gray, and white alike
HEAT_EDGE = 336  # pixels of the heat map, 12 for each of 28
VEIL = 0.8  # opacity of the strongest part, so that the garment shows through
STEP_WIDTH = 144  # pixels of a preparation step on the page: five of them fit side by side


def enlarged(image: np.ndarray, edge: int = STEP_WIDTH) -> np.ndarray:
    """A picture (H, W) or (H, W, 3) whose longest side is at least about `edge` pixels, a small one pixel by pixel."""
    factor = max(1, edge // max(image.shape[:2]))
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


@kept
def probability_bars(answer: Answer) -> alt.LayerChart:
    """The probabilities of one picture as bars in the order of the classes, the top answer in full color."""
    rows = pd.DataFrame({"class": answer.classes, "probability": answer.probabilities.astype(float)})
    rows["top"] = rows["class"] == answer.top
    axis = alt.Axis(format=".0%", tickCount=5)
    base = alt.Chart(rows).encode(
        x=alt.X("probability:Q", title="Probability", scale=alt.Scale(domain=[0, 1]), axis=axis),
        y=alt.Y("class:N", title=None, sort=None),
        tooltip=tooltips("class", probability=".2%"),
    )
    bars = base.mark_bar().encode(opacity=alt.condition(alt.datum.top, alt.value(1.0), alt.value(0.45)))
    numbers = base.mark_text(align="left", dx=4, color=TEXT).encode(text=alt.Text("probability:Q", format=".1%"))
    return titled(
        layered(bars, numbers, height=30 * len(rows)),
        "Probability of each class",
        f"n = 1 picture, mean over its views; network: {answer.network}",
        f"Bars for the probability of each class; the highest is {answer.top} with {answer.confidence:.1%}.",
    )


def occlusion_chart(result: Occlusion, image_SS: np.ndarray) -> alt.LayerChart:
    """The prepared image, uint8 (S, S), in gray; over it, the stronger the more it changes the answer, each part."""
    size = len(image_SS)
    row, column = np.divmod(np.arange(size * size), size)
    rows = pd.DataFrame({"row": row, "column": column, "grey": image_SS.ravel()})
    rows["drop"] = result.drop.astype(float).round(4).ravel()
    most = max(0.01, float(rows["drop"].abs().max()))
    rows["strength"] = rows["drop"].abs() / most
    cell = alt.Scale(domain=[0, size], nice=False)
    base = alt.Chart(rows).encode(
        x=alt.X("column:Q", axis=None, scale=cell),
        x2=alt.X2("right:Q"),
        y=alt.Y("row:Q", axis=None, scale=alt.Scale(domain=[0, size], nice=False, reverse=True)),
        y2=alt.Y2("bottom:Q"),
        tooltip=tooltips("row", "column", drop=("probability lost", "+.1%")),
    )
    # The opaque cells reach under their neighbors, or the page would shine through the seams between them.
    ends = {"right": f"min(datum.column + 1.1, {size})", "bottom": f"min(datum.row + 1.1, {size})"}
    exact = base.transform_calculate(right="datum.column + 1", bottom="datum.row + 1")
    grey = alt.Scale(domain=[0, 255], range=["black", "white"])
    picture = base.transform_calculate(**ends).mark_rect().encode(color=alt.Color("grey:Q", scale=grey, legend=None))
    heat = alt.Scale(domain=[-most, 0, most], range=[GAINED, "#888888", LOST])
    legend = alt.Legend(title="Probability lost when hidden", orient="bottom", format="+.0%", tickCount=3)
    veil = exact.mark_rect().encode(
        color=alt.Color("drop:Q", scale=heat, legend=legend),
        opacity=alt.Opacity("strength:Q", scale=alt.Scale(domain=[0, 1], range=[0, VEIL]), legend=None),
    )
    return titled(
        layered(picture, veil, height=HEAT_EDGE).resolve_scale(color="independent"),
        "Which parts counted",
        f"n = 1 picture; a blank patch of {result.patch} x {result.patch} pixels hides one part after the other",
        "Heat map over the prepared picture: how much the answer's probability changes when each part is hidden.",
    )


@kept
def vote_chart(votes: Mapping[str, np.ndarray], classes: Sequence[str]) -> alt.LayerChart:
    """A row a network, a column a class: the probability (C,) that the network gives to the class, in percent."""
    rows = pd.DataFrame(
        {"network": network, "class": name, "probability": float(probability)}
        for network, probabilities in votes.items()
        for name, probability in zip(classes, probabilities, strict=True)
    )
    base = alt.Chart(rows).encode(
        x=alt.X("class:N", title="Class", sort=None, axis=alt.Axis(labelAngle=-45, labelOverlap=False)),
        y=alt.Y("network:N", title=None, sort=None),
        tooltip=tooltips("network", "class", probability=".2%"),
    )
    strength = alt.Opacity("probability:Q", scale=alt.Scale(domain=[0, 1], range=[0, STRONGEST]), legend=None)
    cells = base.mark_rect(color=BLUE).encode(fillOpacity=strength)
    numbers = base.transform_calculate(percent="100 * datum.probability").transform_filter("datum.percent >= 0.5")
    text = numbers.mark_text(color=TEXT).encode(text=alt.Text("percent:Q", format=".0f"))
    return titled(
        layered(cells, text, height=30 * len(votes)),
        "Prediction of each network (%)",
        f"n = 1 picture, {len(votes)} networks; below 0.5 % no number is written",
        "Heatmap of the probability that each network gives to each class.",
    )


def vote_sentence(votes: Mapping[str, np.ndarray], classes: Sequence[str]) -> str:
    """How many of the networks agree on which answer, the most frequent answers first."""
    answers = pd.Series([classes[int(probabilities.argmax())] for probabilities in votes.values()]).value_counts()
    parts = [f"{count} for {name}" for name, count in answers.items()]
    return f"Votes of {len(votes)} networks: {', '.join(parts)}."
