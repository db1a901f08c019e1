"""Images with a high autoencoder reconstruction error (deck section 1): histogram, and classes above a threshold."""

import math
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from artifacts.contract import OutliersSummary
from portal.charts import TEXT, dashed, layered, sized, titled, tooltips
from portal.core.memo import kept
from portal.core.pictures import strip

FLOOR = 0.7  # of the log axis: below 1, so that a bar of one image still has a height
DECADES = alt.Axis(values=[1, 10, 100, 1_000, 10_000, 100_000], format=",d")


def limit_of(errors: np.ndarray, share: float) -> float:
    """The error that a `share` (0..1) of the images exceeds."""
    return float(np.quantile(errors, 1 - share))


def histogram_frame(summary: OutliersSummary) -> pd.DataFrame:
    """One row a bin that is not empty: its edges (mean squared error) and its number of images."""
    edges = summary.histogram_edges
    frame = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "images": summary.histogram_counts})
    return frame[frame["images"] > 0]


@kept
def histogram(frame: pd.DataFrame, images: int, limit: float) -> alt.LayerChart:
    """Histogram of reconstruction errors on a log axis, which shows the few high ones, with the threshold as a line."""
    top = 10 ** math.ceil(math.log10(max(frame["images"].max(), 2)))
    log = alt.Scale(type="log", domain=[FLOOR, top], nice=False)
    base = alt.Chart(frame.assign(floor=FLOOR)).encode(
        x=alt.X("from:Q", bin="binned", title="Reconstruction error (mean squared, pixels 0 to 1)"),
        x2=alt.X2("to:Q"),
        y=alt.Y("images:Q", title="Images, log scale", scale=log, axis=DECADES, stack=None),
        y2=alt.Y2("floor:Q"),
        tooltip=[alt.Tooltip("from", format=".4f"), alt.Tooltip("to", format=".4f"), alt.Tooltip("images")],
    )
    bars = base.mark_bar(binSpacing=1)
    line = dashed(pd.DataFrame({"limit": [limit], "text": ["threshold"]}), x=alt.X("limit:Q"))
    label = line.mark_text(align="left", dx=5, y=8, color=TEXT).encode(text=alt.Text("text:N"))
    description = "Histogram of reconstruction errors on a logarithmic count axis, with the threshold as a dashed line."
    subtitle = f"n = {images:,} training images; dashed: threshold"
    return titled(layered(bars, line, label, height=230), "Reconstruction errors", subtitle, description)


def above_frame(errors: np.ndarray, labels: np.ndarray, limit: float, classes: Sequence[str]) -> pd.DataFrame:
    """One row a class: how many of its images lie above the limit, and their share of the class (%)."""
    totals = np.bincount(labels, minlength=len(classes))
    above = np.bincount(labels[errors > limit], minlength=len(classes))
    return pd.DataFrame({"class": list(classes), "images": above, "share": 100 * above / np.maximum(totals, 1)})


@kept
def above_by_class(frame: pd.DataFrame) -> alt.Chart:
    """Images above the threshold by class, the most first."""
    base = alt.Chart(frame).encode(
        y=alt.Y("class:N", sort="-x", title=None),
        x=alt.X("images:Q", title="Images above the threshold", axis=alt.Axis(tickMinStep=1, format=",d")),
        tooltip=tooltips("class", "images", share=("share of the class (%)", ".2f")),
    )
    subtitle = f"n = {int(frame['images'].sum()):,} training images above the threshold"
    description = "Bars for the images of each class above the threshold, sorted."
    return titled(sized(base.mark_bar(), 230), "Above the threshold, by class", subtitle, description)


def pairs(images_NSS: np.ndarray, reconstructions_NSS: np.ndarray, gap: int = 1) -> np.ndarray:
    """Each image next to its reconstruction as gray and alpha (N, S, 2S + gap, 2), with a clear gap."""
    return np.stack([strip(np.stack(pair), gap) for pair in zip(images_NSS, reconstructions_NSS, strict=True)])
