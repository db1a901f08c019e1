"""Why photos fail: what each step from a photo to its answer is worth, and what the labels are taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from artifacts.contract import PhotoEvaluation, PhotoStep, PhotoTraining
from portal.charts import NEUTRAL, TEXT, layered, titled
from portal.core.intervals import Z95
from portal.core.memo import kept
from portal.core.text import percent
from portal.predict.steps import right_share, standard_error

NETWORKS = {"final": "final model", "photo": "photo model"}
COLOURS = alt.Scale(domain=list(NETWORKS.values()), range=["#d9720f", "#2f6fc4"])
BLUE = "#2f6fc4"
STRONGEST = 0.65  # opacity of a share of 1, so that the theme's text reads on any cell


def step_frame(figures: PhotoEvaluation) -> pd.DataFrame:
    """One row a step: name, network, balanced accuracy and the ends of its 95 % interval, what the step does."""
    rows = [
        {
            "step": f"{number}. {step.name}",
            "network": NETWORKS[step.network],
            "accuracy": step.balanced_accuracy,
            "low": max(0.0, step.balanced_accuracy - Z95 * standard_error(step, figures.classes)),
            "high": min(1.0, step.balanced_accuracy + Z95 * standard_error(step, figures.classes)),
            "what": step.what,
        }
        for number, step in enumerate(figures.steps, 1)
    ]
    return pd.DataFrame(rows)


@kept
def step_chart(frame: pd.DataFrame, figures: PhotoEvaluation) -> alt.LayerChart:
    """A bar a step in their order, coloured by the network that answered; the line is the 95 % interval."""
    y = alt.Y("step:N", title=None, sort=None, axis=alt.Axis(labelLimit=190))
    base = alt.Chart(frame).encode(
        y=y,
        tooltip=[
            alt.Tooltip("step"),
            alt.Tooltip("what"),
            alt.Tooltip("network"),
            alt.Tooltip("accuracy", format=".1%"),
        ],
    )
    x = alt.X("accuracy:Q", title="Balanced accuracy", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%"))
    legend = alt.Legend(title=None, orient="bottom", columns=1)
    bars = base.mark_bar().encode(x=x, color=alt.Color("network:N", scale=COLOURS, legend=legend))
    spread = base.mark_rule(color=NEUTRAL, strokeWidth=2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"))
    numbers = base.mark_text(align="left", dx=6, color=TEXT).encode(
        x=alt.X("high:Q"), text=alt.Text("accuracy:Q", format=".0%")
    )
    return titled(
        layered(bars, spread, numbers, height=34 * len(frame)),
        "What each step is worth",
        f"{figures.photos} photographs ({figures.source}), mean over the garment labels, line: 95 % interval",
        "Bars for the balanced accuracy on photographs after each step of preparation, in their order.",
    )


def step_sentence(figures: PhotoEvaluation) -> str:
    """Which step gained most, and how far the way from the first to the last is."""
    values = [step.balanced_accuracy for step in figures.steps]
    most = int(np.argmax(np.diff(values))) + 1
    gain = f"{100 * (values[most] - values[most - 1]):.0f} points"
    return (
        f"From {percent(values[0], 0)} to {percent(values[-1], 0)} right. The largest gain, {gain}, came with "
        f"“{figures.steps[most].name}”."
    )


def lost_sentence(figures: PhotoEvaluation) -> str:
    """Which steps alone make it worse, and that this is measured, not wished."""
    pairs = zip(figures.steps[:-1], figures.steps[1:], strict=True)
    worse = [f"“{after.name}”" for before, after in pairs if after.balanced_accuracy < before.balanced_accuracy]
    if not worse:
        return "No step makes it worse."
    verb = "makes" if len(worse) == 1 else "make"
    return (
        f"{' and '.join(worse)} {verb} it worse for the network that answers there: preparation and training must fit "
        "each other, and the photo model was trained for pictures prepared so."
    )


def label_frame(step: PhotoStep, classes: Sequence[str]) -> pd.DataFrame:
    """One row a label that has right answers: the share right, n, and what counts as right."""
    rows = [
        {"label": row.name, "right": share, "photos": sum(row.answers), "answers": ", ".join(row.right)}
        for row in step.labels
        if (share := right_share(row, classes)) is not None
    ]
    return pd.DataFrame(rows)


@kept
def label_chart(step: PhotoStep, figures: PhotoEvaluation) -> alt.LayerChart:
    """A bar a label: the share of its photos answered right after this step; a tick for the last step."""
    frame, last = (label_frame(each, figures.classes) for each in (step, figures.steps[-1]))
    frame = frame.merge(last[["label", "right"]].rename(columns={"right": "last"}), on="label")
    base = alt.Chart(frame).encode(
        y=alt.Y("label:N", title="Folder of photos", sort=None),
        tooltip=[
            alt.Tooltip("label"),
            alt.Tooltip("answers"),
            alt.Tooltip("photos"),
            alt.Tooltip("right", format=".1%"),
            alt.Tooltip("last", format=".1%"),
        ],
    )
    x = alt.X("right:Q", title="Answered right", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%"))
    ticks = base.mark_tick(color=NEUTRAL, thickness=3, size=20).encode(x=alt.X("last:Q"))
    numbers = base.mark_text(align="left", x=4, color=TEXT).encode(text=alt.Text("right:Q", format=".0%"))
    photos = int(frame["photos"].sum())
    return titled(
        layered(base.mark_bar(color=BLUE, opacity=0.6).encode(x=x), ticks, numbers, height=28 * len(frame)),
        "Each label after this step",
        f"{photos} photographs of garments; grey tick: after the last step",
        f"Bars for the share of each label's photographs answered right after the step {step.name}.",
    )


def answer_frame(step: PhotoStep, classes: Sequence[str]) -> pd.DataFrame:
    """One row a label and class: how many of the label's photos got this class first, and their share."""
    rows = [
        {
            "label": row.name,
            "class": name,
            "photos": count,
            "share": count / max(1, sum(row.answers)),
            "right": name in row.right,
        }
        for row in step.labels
        for name, count in zip(classes, row.answers, strict=True)
    ]
    return pd.DataFrame(rows)


@kept
def answer_chart(step: PhotoStep, figures: PhotoEvaluation) -> alt.LayerChart:
    """A row a label, a column a class: how many photos were answered so; what counts as right is framed."""
    frame = answer_frame(step, figures.classes)
    base = alt.Chart(frame).encode(
        x=alt.X("class:N", title="First answer", sort=None, axis=alt.Axis(labelAngle=-45, labelOverlap=False)),
        y=alt.Y("label:N", title="Folder of photos", sort=None),
        tooltip=[alt.Tooltip("label"), alt.Tooltip("class"), alt.Tooltip("photos"), alt.Tooltip("share", format=".0%")],
    )
    strength = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, STRONGEST]), legend=None)
    edge = alt.condition(alt.datum.right, alt.value(2), alt.value(0))
    cells = base.mark_rect(color=BLUE, stroke=NEUTRAL, strokeOpacity=1).encode(fillOpacity=strength, strokeWidth=edge)
    numbers = base.transform_filter("datum.photos > 0").mark_text(color=TEXT).encode(text=alt.Text("photos:Q"))
    return titled(
        layered(cells, numbers, height=28 * len(step.labels)),
        "What the photographs are taken for",
        f"{figures.photos} photographs, one answer each, rejected or not; framed: right",
        f"Heatmap of the first answers for each label's photographs after the step {step.name}.",
    )


def answer_sentence(step: PhotoStep, classes: Sequence[str]) -> str:
    """The wrong answer that comes most often, and for how many photos; a photo of no class has no right one."""
    frame = answer_frame(step, classes)
    wrong = frame[~frame["right"]].groupby("class", sort=False)["photos"].sum()
    total, top = int(frame["photos"].sum()), str(wrong.idxmax())
    if wrong.max() > total / 2:
        return f"{percent(wrong.max() / total, 0)} of all photographs are taken for {top}, whatever they show."
    return f"The most frequent wrong answer is {top}: {wrong.max()} of {total} photographs."


def rejection_sentence(figures: PhotoEvaluation) -> str:
    """How well the last step tells what is none of the classes; empty where nothing was measured."""
    last = figures.steps[-1]
    others = [row for row in last.labels if not row.right]
    if last.rejection_auroc is None or not others:
        return ""
    names, photos = ", ".join(row.name for row in others), sum(sum(row.answers) for row in others)
    caught = sum(row.rejected or 0 for row in others)
    return (
        f"Of {photos} photographs of none of the classes ({names}), {caught} are rejected. The rejection score is "
        f"higher for such a photograph than for a garment with probability {last.rejection_auroc:.2f} (AUROC; 0.5 is "
        "chance)."
    )


def same_networks(figures: PhotoEvaluation, sums: Mapping[str, str]) -> bool:
    """Whether the files with these sha256 sums, by name, are the ones that were measured."""
    return dict(figures.networks) == {name: sums.get(name) for name in figures.networks}


def provenance(figures: PhotoEvaluation) -> str:
    """One line: which photographs, how many, their licence, and when they were measured."""
    return (
        f"Measured on: {figures.photos} photographs, {figures.source} (licence: {figures.licence}), "
        f"{figures.measured}. The photographs are not part of this project; only counts are kept."
    )


def trained_on(training: PhotoTraining | None) -> str:
    """One sentence: which photographs the photo model of the run shown learned from."""
    if training is None:
        return "The photo model of this run learned from Fashion-MNIST alone, not from photographs."
    commit = f", commit {training.commit[:7]}" if training.commit else ""
    license = f", license: {training.license}" if training.license else ""
    return (
        f"The photo model of this run learned from Fashion-MNIST and from {training.photographs} photographs "
        f"({training.source}{commit}{license})."
    )


def light_ground(images_NSS: np.ndarray) -> np.ndarray:
    """Fashion-MNIST's images, uint8 (N, S, S), as a camera gives them: dark garment on a light ground."""
    return 255 - images_NSS


def ground_sentence(labels: np.ndarray, plain: np.ndarray, light: np.ndarray) -> str:
    """How many of the shown images are answered right as they are and on a light ground; class numbers (N,)."""
    right, left = int((plain == labels).sum()), int((light == labels).sum())
    return (
        f"As the data set has them, {right} of {len(labels)} are answered right; with dark and light exchanged, as "
        f"most photos show garments, {left}. Nothing else was changed."
    )
