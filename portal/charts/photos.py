"""Charts and sentences of the Why photos fail page: gain of each preparation step, and predictions by label."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from artifacts.contract import PhotoEvaluation, PhotoStep, PhotoTraining
from portal.charts import BLUE, NEUTRAL, STRONGEST, TEXT, layered, titled, tooltips
from portal.core.intervals import Z95
from portal.core.memo import kept
from portal.core.text import percent
from portal.predict.steps import right_share, standard_error

NETWORKS = {"final": "final model", "earlier": "earlier photo model", "photo": "photo model"}
COLORS = dict(zip(NETWORKS.values(), ("#d9720f", "#7fa8dc", BLUE), strict=True))
UNIT, QUARTERS = alt.Scale(domain=[0, 1]), alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])


def step_frame(figures: PhotoEvaluation) -> pd.DataFrame:
    """One row for each step: name, network, balanced accuracy, the ends of its 95 % interval, what the step does."""
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
    """A bar for each step in order, colored by network, with a line for the 95 % interval."""
    base = alt.Chart(frame).encode(
        y=alt.Y("step:N", title=None, sort=None, axis=alt.Axis(labelLimit=190)),
        tooltip=tooltips("step", "what", "network", accuracy=".1%"),
    )
    x = alt.X("accuracy:Q", title="Balanced accuracy", scale=UNIT, axis=QUARTERS)
    legend = alt.Legend(title=None, orient="bottom", columns=1)
    shown = {name: color for name, color in COLORS.items() if name in set(frame["network"])}
    colors = alt.Scale(domain=list(shown), range=list(shown.values()))
    bars = base.mark_bar().encode(x=x, color=alt.Color("network:N", scale=colors, legend=legend))
    spread = base.mark_rule(color=NEUTRAL, strokeWidth=2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"))
    number = alt.Text("accuracy:Q", format=".0%")
    numbers = base.mark_text(align="left", dx=6, color=TEXT).encode(x=alt.X("high:Q"), text=number)
    return titled(
        layered(bars, spread, numbers, height=34 * len(frame)),
        "Accuracy after each step",
        f"n = {figures.photos} photographs ({figures.source}), mean over the garment labels; line: 95 % interval",
        "Bars for the balanced accuracy on photographs after each step of preparation, in their order.",
    )


def step_sentence(figures: PhotoEvaluation) -> str:
    """The accuracy of the first and the last step, and the step with the largest gain."""
    values = [step.balanced_accuracy for step in figures.steps]
    most = int(np.argmax(np.diff(values))) + 1
    gain = f"{100 * (values[most] - values[most - 1]):.0f} points"
    return (
        f"Accuracy rises from {percent(values[0], 0)} to {percent(values[-1], 0)}. The step "
        f"“{figures.steps[most].name}” gains most: {gain}."
    )


def lost_sentence(figures: PhotoEvaluation) -> str:
    """Which steps lower the accuracy, and why the last network still uses them."""
    pairs = zip(figures.steps[:-1], figures.steps[1:], strict=True)
    worse = [f"“{after.name}”" for before, after in pairs if after.balanced_accuracy < before.balanced_accuracy]
    if not worse:
        return "No step lowers the accuracy."
    verb = "lowers" if len(worse) == 1 else "lower"
    return (
        f"{' and '.join(worse)} {verb} the accuracy of the network used there. Preparation and training must match: "
        "the photo model was trained on pictures prepared this way."
    )


def label_frame(step: PhotoStep, classes: Sequence[str]) -> pd.DataFrame:
    """One row for each label with correct classes: share correct, n, and the classes that count as correct."""
    rows = [
        {"label": row.name, "right": share, "photos": sum(row.answers), "answers": ", ".join(row.right)}
        for row in step.labels
        if (share := right_share(row, classes)) is not None
    ]
    return pd.DataFrame(rows)


@kept
def label_chart(step: PhotoStep, figures: PhotoEvaluation) -> alt.LayerChart:
    """A bar for each label: share of its photos classified correctly after this step; a tick for the last step."""
    frame, last = (label_frame(each, figures.classes) for each in (step, figures.steps[-1]))
    frame = frame.merge(last[["label", "right"]].rename(columns={"right": "last"}), on="label")
    base = alt.Chart(frame).encode(
        y=alt.Y("label:N", title="Label (folder of photos)", sort=None),
        tooltip=tooltips("label", "answers", "photos", right=".1%", last=".1%"),
    )
    x = alt.X("right:Q", title="Classified correctly", scale=UNIT, axis=QUARTERS)
    ticks = base.mark_tick(color=NEUTRAL, thickness=3, size=20).encode(x=alt.X("last:Q"))
    numbers = base.mark_text(align="left", x=4, color=TEXT).encode(text=alt.Text("right:Q", format=".0%"))
    photos = int(frame["photos"].sum())
    return titled(
        layered(base.mark_bar(color=BLUE, opacity=0.6).encode(x=x), ticks, numbers, height=28 * len(frame)),
        "Accuracy of each label",
        f"n = {photos} photographs of garments; gray tick: after the last step",
        f"Bars for the share of each label's photographs classified correctly after the step {step.name}.",
    )


def answer_frame(step: PhotoStep, classes: Sequence[str]) -> pd.DataFrame:
    """One row for each label and class: how many of the label's photos were predicted as the class, and their share."""
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
    """A row for each label, a column for each class: number of photos predicted so; correct classes are framed."""
    frame = answer_frame(step, figures.classes)
    base = alt.Chart(frame).encode(
        x=alt.X("class:N", title="Predicted class", sort=None, axis=alt.Axis(labelAngle=-45, labelOverlap=False)),
        y=alt.Y("label:N", title="Label (folder of photos)", sort=None),
        tooltip=tooltips("label", "class", "photos", share=".0%"),
    )
    strength = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, STRONGEST]), legend=None)
    edge = alt.condition(alt.datum.right, alt.value(2), alt.value(0))
    cells = base.mark_rect(color=BLUE, stroke=NEUTRAL, strokeOpacity=1).encode(fillOpacity=strength, strokeWidth=edge)
    numbers = base.transform_filter("datum.photos > 0").mark_text(color=TEXT).encode(text=alt.Text("photos:Q"))
    return titled(
        layered(cells, numbers, height=28 * len(step.labels)),
        "Predictions by label",
        f"n = {figures.photos} photographs, before rejection; framed: correct",
        f"Heatmap of the predicted classes for each label's photographs after the step {step.name}.",
    )


def answer_sentence(step: PhotoStep, classes: Sequence[str]) -> str:
    """The most frequent wrong prediction and its number of photos; photos of no class have no correct one."""
    frame = answer_frame(step, classes)
    wrong = frame[~frame["right"]].groupby("class", sort=False)["photos"].sum()
    total, top = int(frame["photos"].sum()), str(wrong.idxmax())
    if wrong.max() > total / 2:
        return f"{percent(wrong.max() / total, 0)} of all photographs are predicted as {top}, whatever they show."
    return f"The most frequent wrong prediction is {top}: {wrong.max()} of {total} photographs."


def rejection_sentence(figures: PhotoEvaluation) -> str:
    """How well the last step rejects photos of no class; empty if this was not measured."""
    last = figures.steps[-1]
    others = [row for row in last.labels if not row.right]
    if last.rejection_auroc is None or not others:
        return ""
    names, photos = ", ".join(row.name for row in others), sum(sum(row.answers) for row in others)
    caught = sum(row.rejected or 0 for row in others)
    return (
        f"Of {photos} photographs that show none of the classes ({names}), {caught} are rejected. The AUROC of the "
        f"rejection score is {last.rejection_auroc:.2f} (0.5: chance, 1: perfect)."
    )


def same_networks(figures: PhotoEvaluation, sums: Mapping[str, str]) -> bool:
    """Whether the networks with these SHA-256 checksums, by name, are the measured ones of this run."""
    return all(figures.networks[name] == sums.get(name) for name in ("final", "photo"))


def provenance(figures: PhotoEvaluation) -> str:
    """One line: which photographs, how many, their license, and the date of the measurement."""
    return (
        f"Measured on {figures.photos} photographs of {figures.source} (license: {figures.license}), "
        f"{figures.measured}. The photographs are not part of this project; only counts are kept."
    )


def trained_on(training: PhotoTraining | None) -> str:
    """One sentence: which photographs the photo model of the current run was trained on."""
    if training is None:
        return "The photo model of this run was trained on Fashion-MNIST only, not on photographs."
    commit = f", commit {training.commit[:7]}" if training.commit else ""
    license = f", license: {training.license}" if training.license else ""
    return (
        f"The photo model of this run was trained on Fashion-MNIST and {training.photographs:,} photographs "
        f"({training.source}{commit}{license})."
    )


def light_ground(images_NSS: np.ndarray) -> np.ndarray:
    """Invert Fashion-MNIST images, uint8 (N, S, S): a light background, as in most photos."""
    return 255 - images_NSS


def ground_sentence(labels: np.ndarray, plain: np.ndarray, light: np.ndarray) -> str:
    """How many of the images are classified correctly before and after inversion; class numbers (N,)."""
    right, left = int((plain == labels).sum()), int((light == labels).sum())
    return (
        f"{right} of {len(labels)} originals are classified correctly, but only {left} after inversion, which gives "
        "them the light background of most photos. Nothing else was changed."
    )
