"""Charts of the data set (deck sections 1 and 2): classes by split, pixel values, and filled area."""

from collections.abc import Sequence
from typing import Literal

import altair as alt
import pandas as pd

from artifacts import deck
from artifacts.contract import EdaSummary
from portal.charts import ROW, sized, titled, tooltips
from portal.core.memo import kept
from portal.core.text import Beside

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def distribution_frame(summary: EdaSummary, classes: Sequence[str]) -> pd.DataFrame:
    """One row a class and split: class, split, number of images."""
    rows = [
        {"class": name, "split": split, "images": images, "order": order}
        for order, split in enumerate(SPLITS)
        for name, images in zip(classes, summary.counts[split], strict=True)
    ]
    return pd.DataFrame(rows)


@kept
def distribution(frame: pd.DataFrame) -> alt.Chart:
    """Images a class as bars, stacked by split."""
    base = alt.Chart(frame).encode(
        y=alt.Y("class:N", sort=list(dict.fromkeys(frame["class"])), title=None),
        x=alt.X("images:Q", title="Images", axis=alt.Axis(format=",d", tickCount=4)),
        color=alt.Color("split:N", sort=list(SPLITS), title=None, legend=alt.Legend(orient="top")),
        order=alt.Order("order:Q"),
        tooltip=tooltips("class", "split", images=","),
    )
    total = int(frame["images"].sum())
    description = "Stacked bars: number of images of each class in the training, validation, and test set."
    chart = sized(base.mark_bar(), ROW * frame["class"].nunique())
    return titled(chart, "Images of each class", f"n = {total:,} images in three sets", description)


def balance(frame: pd.DataFrame) -> str:
    """Whether all classes have equally many images in each part, as a sentence."""
    uneven = [split for split in SPLITS if frame.loc[frame["split"] == split, "images"].nunique() > 1]
    if not uneven:
        return "Every class has the same number of images in each set, so plain accuracy is a fair measure."
    return f"The classes are imbalanced ({', '.join(uneven)}), so read accuracy class by class."


def pixel_frame(summary: EdaSummary) -> pd.DataFrame:
    """One row a bin: its edges (pixel values 0..255) and the share of all pixels in it, in percent."""
    total = sum(summary.histogram_counts)
    edges = summary.histogram_edges
    shares = [100 * count / total for count in summary.histogram_counts]
    return pd.DataFrame({"from": edges[:-1], "to": edges[1:], "share": shares})


@kept
def pixel_histogram(frame: pd.DataFrame, images: int) -> alt.Chart:
    """Share of pixels by value; the vertical axis is logarithmic, as black outweighs all else."""
    scale, axis = alt.Scale(type="log"), alt.Axis(values=[0.1, 1, 10, 100], format="~g")
    base = alt.Chart(frame[frame["share"] > 0]).encode(
        x=alt.X("from:Q", bin="binned", title="Pixel value (0 black, 255 white)"),
        x2=alt.X2("to:Q"),
        y=alt.Y("share:Q", title="Pixels (%), log scale", scale=scale, axis=axis, stack=None),
        tooltip=[alt.Tooltip(name, format=".3g") for name in ("from", "to", "share")],
    )
    bars = base.mark_bar(binSpacing=1)
    description = "Histogram of pixel values on a logarithmic axis; the first bin holds the black background."
    return titled(sized(bars, 220), "Pixel values", f"n = {images:,} training images", description)


def class_frame(summary: EdaSummary, classes: Sequence[str]) -> pd.DataFrame:
    """One row a class: the share of its pixels that are not black (%), and its mean pixel value (0..255)."""
    coverage = [100 * share for share in summary.class_coverage]
    return pd.DataFrame({"class": list(classes), "coverage": coverage, "mean": list(summary.class_pixel_mean)})


@kept
def coverage(frame: pd.DataFrame, images: int) -> alt.Chart:
    """Classes by the share of the image that is not black, the fullest first."""
    base = alt.Chart(frame).encode(
        y=alt.Y("class:N", sort="-x", title=None),
        x=alt.X("coverage:Q", title="Pixels that are not black (%)", scale=alt.Scale(domain=[0, 100])),
        tooltip=tooltips("class", coverage=".1f", mean=".0f"),
    )
    bars = sized(base.mark_bar(), 220)
    description = "Bars: share of each class's pixels that are not black, sorted."
    return titled(bars, "How much of the image is filled", f"n = {images:,} training images", description)


def split_rows(summary: EdaSummary) -> list[Beside]:
    """Sizes of the three parts, beside both of the deck's readings."""
    rows = []
    for split in SPLITS:
        slide, tables = deck.SPLIT_ON_SLIDE[split], deck.SPLIT_IN_TABLES[split]
        figure = f"{tables:,}" if slide == tables else f"{tables:,} in its tables, {slide:,} on its slide"
        ours = f"{sum(summary.counts[split]):,}"
        rows.append(Beside(f"{split.capitalize()} images", ours, f"seed {summary.split_seed}, stratified", figure))
    return rows
