"""Charts of the published model's mistakes on the test set (deck section 5): pairs and confidence."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from artifacts import deck
from artifacts.contract import ErrorsSummary, FinalSummary
from portal.analysis.confusion import cell_name
from portal.charts import TEXT, dashed, layered, titled, tooltips
from portal.core.memo import kept
from portal.core.text import Beside, percent

MOST_PAIRS = 12
SURE = 0.9


def mistakes_frame(arrays: Mapping[str, np.ndarray], classes: Sequence[str]) -> pd.DataFrame:
    """One row a mistake of errors/mistakes.npz, the most confident first: index, classes, confidence, pair."""
    names = np.array(classes)
    frame = pd.DataFrame(
        {
            "index": arrays["index"].astype(int),
            "true": names[arrays["true"]],
            "predicted": names[arrays["predicted"]],
            "confidence": arrays["confidence"].astype(float),
        }
    )
    frame["pair"] = [cell_name(*pair) for pair in zip(frame["true"], frame["predicted"], strict=True)]
    return frame.sort_values("confidence", ascending=False, kind="stable", ignore_index=True)


def pair_names(frame: pd.DataFrame) -> list[str]:
    """The pairs of true and predicted class that occur, the most frequent first."""
    return list(frame["pair"].value_counts().index)


def captions(frame: pd.DataFrame) -> list[str]:
    """The text under each mistake of the gallery: pair, probability of the answer, number of the image."""
    shares = [percent(confidence, 0).replace(" ", "\N{NO-BREAK SPACE}") for confidence in frame["confidence"]]
    rows = zip(frame["pair"], shares, frame["index"], strict=True)
    return [f"{pair}, {share}, #{index}" for pair, share, index in rows]


@kept
def confused_pairs(frame: pd.DataFrame, images: int) -> alt.LayerChart:
    """The most frequent mistakes as bars, a pair of true and predicted class each."""
    counts = frame["pair"].value_counts().head(MOST_PAIRS).rename_axis("pair").reset_index(name="count")
    counts["share"] = counts["count"] / len(frame)
    base = alt.Chart(counts).encode(
        x=alt.X("count:Q", title="Mistakes (images)", axis=alt.Axis(tickMinStep=1)),
        y=alt.Y("pair:N", title="True → predicted", sort=None, axis=alt.Axis(labelLimit=170)),
        tooltip=tooltips("pair", "count", share=("Share of all mistakes", ".1%")),
    )
    number = base.mark_text(align="left", dx=4, color=TEXT).encode(text=alt.Text("count:Q"))
    return titled(
        layered(base.mark_bar(), number, height=26 * MOST_PAIRS),
        "Most confused pairs",
        f"Test set, n = {len(frame):,} mistakes among {images:,} images, published model",
        "Bars for the most frequent pairs of true and predicted class among the mistakes.",
    )


@kept
def confidence_histogram(frame: pd.DataFrame, summary: ErrorsSummary) -> alt.LayerChart:
    """Confidence of the mistakes, with the mean confidence of right and of wrong answers."""
    edges = np.linspace(0, 1, 21)
    counts = np.histogram(frame["confidence"], edges)[0]
    bins = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": counts})
    base = alt.Chart(bins).encode(
        x=alt.X("low:Q", bin="binned", title="Probability of the answer"),
        x2=alt.X2("high:Q"),
        y=alt.Y("count:Q", title="Mistakes (images)", axis=alt.Axis(tickMinStep=1)),
        tooltip=[*tooltips(low=".2f", high=".2f"), alt.Tooltip("count")],
    )
    means = [(summary.mean_confidence_wrong, "mean, wrong"), (summary.mean_confidence_right, "mean, right")]
    line = dashed(pd.DataFrame(means, columns=["mean", "text"]), x=alt.X("mean:Q"))
    label = line.mark_text(y=-7, color=TEXT).encode(text=alt.Text("text:N"))
    return titled(
        layered(base.mark_bar(), line, label, height=26 * MOST_PAIRS),
        "Confidence of the mistakes",
        f"Test set, n = {len(frame):,} mistakes, published model",
        "Histogram of the probability that the model gave to its wrong answers.",
    )


def pairs_sentence(frame: pd.DataFrame) -> str:
    """The most frequent mistake, and the two classes that are confused most in either direction."""
    if frame.empty:
        return "There is no mistake to show."
    both, share = _most_confused(frame)
    return (
        f"{pair_names(frame)[0]} is the most frequent mistake; {both}, counted in both directions, makes up {share} of "
        "all."
    )


def _most_confused(frame: pd.DataFrame) -> tuple[str, str]:
    """The two classes with the most mistakes in either direction, and their share of all mistakes."""
    pairs = [" and ".join(sorted(pair)) for pair in zip(frame["true"], frame["predicted"], strict=True)]
    counts = pd.Series(pairs).value_counts()
    return str(counts.index[0]), percent(counts.iloc[0] / len(frame), 0)


def confidence_sentence(frame: pd.DataFrame) -> str:
    sure = (frame["confidence"] >= SURE).mean() if len(frame) else 0.0
    return (
        f"{percent(sure, 0)} of the mistakes have a probability of {percent(SURE, 0)} or more: confident and still "
        "wrong."
    )


def takeaway(frame: pd.DataFrame) -> str:
    """What the mistakes have in common, with their share that lies in the most confused pair of classes."""
    if frame.empty:
        return "The model made no mistake on these images."
    both, share = _most_confused(frame)
    return (
        f"{both} alone are {share} of the mistakes: classes that look alike at this resolution. "
        "A confident mistake between dissimilar classes is worth a look: the label may be wrong."
    )


def f1_beside_deck(final: FinalSummary, summary: ErrorsSummary) -> list[Beside]:
    """The classes of highest and lowest f1 in this run, beside the deck's lists of right answers."""
    ours = {"Highest F1": summary.highest_f1, "Lowest F1": summary.lowest_f1}
    theirs = {"Highest F1": deck.HIGHEST_F1, "Lowest F1": deck.LOWEST_F1}
    measured_on = f"test, {final.test_images:,} images, one model"
    return [
        Beside(
            what,
            ", ".join(_class_line(final, number) for number in numbers),
            measured_on,
            ", ".join(f"{name} ({right} of 1,000 right)" for name, right in theirs[what].items()),
        )
        for what, numbers in ours.items()
    ]


def _class_line(final: FinalSummary, number: int) -> str:
    row = final.classes[number]
    right = final.confusion[number][number]
    return f"{row.name} ({right:,} of {row.support:,} right, F1 {row.f1:.3f})"
