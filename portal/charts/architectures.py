"""Seven networks on the same data (deck section 3): table, size against accuracy, learning curves, layers."""

import math
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from artifacts import deck
from artifacts.contract import ArchitectureResult, ArchitecturesSummary, Curves, Fit
from portal.analysis.champion import NAME as CHAMPION
from portal.charts import NEUTRAL, TEXT, labels, layered, titled, tooltips
from portal.core import intervals
from portal.core.memo import kept
from portal.core.text import in_words, percent
from portal.networks.own import Measured

OURS, DECK = "This run", "Deck"
OTHER_BUDGET = "Champion"
ROUND = [digit * 10.0**power for power in range(10) for digit in (1, 2, 5)]  # ticks of a log axis
# Pixels of the scatter: its height, the margin at each side, the plot's width on a phone, a letter, half a mark.
HEIGHT, MARGIN, NARROWEST, LETTER, MARK = 330, 45, 250, 5.8, 6
SIZES = {"Parameters": "parameters", "MACs": "macs"}
# What the contract's word for the certainty of a reconstruction means (see `ArchitectureResult.confidence`).
CONFIDENCE = {
    "good": ", since few other networks of this kind have this count",
    "fair": ", since some other networks of this kind have this count",
    "low to fair": ", since many networks of this kind have this count",
    "low": ", since many networks of this kind have this count",
}


def table(summary: ArchitecturesSummary, own: Sequence[Measured] = (), *, with_deck: bool) -> pd.DataFrame:
    """One row a network: the columns of the deck's table, ours and then the deck's, accuracies in percent.

    Of a visitor's `own` networks nothing is known but their size and their accuracy.
    """
    rows = [_row(result, summary.validation_images, with_deck) for result in summary.results]
    for each in own:
        accuracy = _accuracy(each.accuracy, summary.validation_images)
        rows.append({"Network": each.name, "Parameters": each.parameters, **accuracy})
    return pd.DataFrame(rows)


def _accuracy(share: float, images: int) -> dict[str, object]:
    low, high = intervals.wilson(share, images)
    return {"Val accuracy (%)": 100 * share, "95 % interval": f"{100 * low:.1f} to {100 * high:.1f}"}


def _row(result: ArchitectureResult, images: int, with_deck: bool) -> dict[str, object]:
    fit, theirs = result.fit, deck.architecture(result.name) if with_deck else None
    figures: dict[str, tuple[object, object]] = {
        "Val accuracy (%)": (100 * fit.highest_val_accuracy, theirs and 100 * theirs.highest_val_accuracy),
        "Best epoch": (fit.best_epoch, theirs and theirs.best_epoch),
        "Val loss": (fit.lowest_val_loss, theirs and theirs.lowest_val_loss),
        "Train accuracy (%)": (100 * fit.highest_train_accuracy, theirs and 100 * theirs.highest_train_accuracy),
        "Train loss": (fit.lowest_train_loss, theirs and theirs.lowest_train_loss),
    }
    row: dict[str, object] = {
        "Network": result.name,
        "Layers": result.layers,
        "Parameters": result.parameters,
        "MACs (M)": result.macs / 1e6,
    }
    for name, (ours, other) in figures.items():
        row |= _accuracy(fit.highest_val_accuracy, images) if name == "Val accuracy (%)" else {name: ours}
        if theirs is not None:
            row[f"Deck: {name[0].lower()}{name[1:]}"] = other
    return row


def formats(table: pd.DataFrame) -> dict[str, str]:
    """How the columns of `table` print their numbers."""
    chosen = {"Parameters": "localized", "MACs (M)": "%.1f"}
    for column in table:
        if "accuracy" in column:
            chosen[column] = "%.2f"
        elif "loss" in column:
            chosen[column] = "%.4f"
    return chosen


def size_frame(summary: ArchitecturesSummary, own: Sequence[Measured] = (), *, with_deck: bool) -> pd.DataFrame:
    """One row a network: parameters, MACs (million), highest validation accuracy (%) here and in the deck.

    `low` and `high` are the ends of the 95 % interval here. A visitor's `own` networks come last, without MACs.
    """
    rows: list[dict[str, object]] = []
    for result in summary.results:
        theirs = deck.architecture(result.name) if with_deck else None
        rows.append(
            {
                "network": result.name,
                "parameters": result.parameters,
                "macs": result.macs / 1e6,
                OURS: 100 * result.fit.highest_val_accuracy,
                DECK: 100 * theirs.highest_val_accuracy if theirs else None,
            }
        )
    for each in own:
        rows.append({"network": each.name, "parameters": each.parameters, OURS: 100 * each.accuracy})
    return intervals.with_ends(pd.DataFrame(rows).astype({DECK: float}), OURS, summary.validation_images)


@kept
def size_against_accuracy(frame: pd.DataFrame, by: str, validation_images: int) -> alt.LayerChart:
    """Highest validation accuracy against `parameters` or `macs` (log axis), ours and the deck's joined by a line."""
    axis = {"parameters": "Parameters (log scale)", "macs": "Multiply-accumulates per image, million (log scale)"}[by]
    frame = frame.dropna(subset=[by])
    spaced = alt.Scale(type="log", padding=MARGIN, nice=False)
    x = alt.X(f"{by}:Q", title=axis, scale=spaced, axis=alt.Axis(format="~s", values=ROUND, grid=False))
    low, high = _span(frame)
    y = alt.Scale(domain=[low, high], nice=False)
    title = "Highest validation accuracy (%)"
    base = alt.Chart(frame).encode(x=x)
    chance = base.mark_rule(strokeWidth=4, opacity=0.35, color=NEUTRAL).encode(
        y=alt.Y("low:Q", scale=y), y2=alt.Y2("high:Q")
    )
    joins = base.transform_filter(f"isValid(datum['{DECK}'])").mark_rule(color=NEUTRAL, opacity=0.5)
    long = alt.Chart(_long(frame, by)).encode(x=x)
    sources, shapes = [OURS, DECK, OTHER_BUDGET], alt.Scale(range=["circle", "diamond", "triangle-up"])
    legend = alt.Legend(orient="top", title=None)
    points = long.mark_point(filled=True, size=110, opacity=1).encode(
        y=alt.Y("accuracy:Q", title=title, scale=y),
        color=alt.Color("source:N", sort=sources, legend=legend),
        shape=alt.Shape("source:N", sort=sources, scale=shapes, legend=legend),
        tooltip=tooltips("network", "source", **{by: ",.4~s"}, accuracy=".2f"),
    )
    names = alt.Chart(_labels(frame, by, low, high)).mark_text(fontSize=11, color=TEXT)
    names = names.encode(x=x, y=alt.Y("at:Q", title=title, scale=y), text=alt.Text("network:N"))
    joins = joins.encode(y=alt.Y(OURS, title=title, scale=y), y2=alt.Y2(DECK))
    return titled(
        layered(joins, chance, points, names, height=HEIGHT),
        "Is a bigger network better?",
        f"n = {len(frame)} networks, one seed each, {validation_images:,} validation images; thick line: 95 % interval",
        f"Scatter of highest validation accuracy against {by} on a logarithmic axis, this run's and the deck's points.",
    )


def takeaway(summary: ArchitecturesSummary) -> str:
    """Which network leads, and that one seed each does not decide it."""
    best = next(result for result in summary.results if result.name == summary.best)
    figure = in_words(best.fit.highest_val_accuracy, summary.validation_images)
    return (
        f"{best.name} leads with {figure} on {summary.validation_images:,} images. With one seed each, small "
        "differences between the networks mean little."
    )


def _long(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """One row a point; the champion's has a source of its own, since its distance to the others is not its size's.

    It comes last, and is drawn over the deck's point of the same network.
    """
    long = frame.melt(["network", by], [OURS, DECK], "source", "accuracy").dropna()
    long.loc[long["network"] == CHAMPION, "source"] = OTHER_BUDGET
    return long.sort_values("source", key=lambda source: source == OTHER_BUDGET, kind="stable")


def _span(frame: pd.DataFrame) -> tuple[float, float]:
    """The ends of the accuracy axis (%): whole points, with room for a label above and below."""
    figures = frame[["low", "high", OURS, DECK]].stack()
    return math.floor(figures.min() - 0.5), math.ceil(figures.max() + 0.5)


def _labels(frame: pd.DataFrame, by: str, low: float, high: float) -> pd.DataFrame:
    """One row a network whose name has room: its size and the accuracy `at` which its name stands."""
    sizes = np.log(frame[by].to_numpy(dtype=float))
    across = MARGIN + (NARROWEST - 2 * MARGIN) * (sizes - sizes.min()) / max(float(np.ptp(sizes)), 1e-9)
    down = {name: HEIGHT * (high - frame[name].to_numpy()) / (high - low) for name in ("low", "high", OURS, DECK)}
    intervals_N4 = np.stack([across - 2, down["high"], across + 2, down["low"]], axis=1)
    points = [(x, y) for name in (OURS, DECK) for x, y in zip(across, down[name], strict=True) if not np.isnan(y)]
    marks = np.array([(x - MARK, y - MARK, x + MARK, y + MARK) for x, y in points])
    ends = np.stack([across, down["high"], down["low"]], axis=1)
    widths = [LETTER * len(name) for name in frame["network"]]
    places = labels.beside(ends, widths, np.concatenate([intervals_N4, marks]))
    named = frame[["network", by]].assign(at=high - places[:, 1] * (high - low) / HEIGHT)
    return named.dropna(subset="at")


def curve_frame(curves: Curves) -> pd.DataFrame:
    """One row an epoch (from 1): train and validation accuracy in percent, train and validation loss in nats."""
    names = ("train_accuracy", "val_accuracy", "train_loss", "val_loss")
    frame = pd.DataFrame({name: getattr(curves, name) for name in names})
    frame.insert(0, "epoch", range(1, len(frame) + 1))
    frame[["train_accuracy", "val_accuracy"]] *= 100
    return frame


@kept
def learning_curves(fit: Fit, measure: str, name: str) -> alt.LayerChart:
    """Train and validation `accuracy` or `loss` by epoch, the gap between them shaded, the best epoch marked."""
    axis = {"accuracy": "Accuracy (%)", "loss": "Cross-entropy loss (nats)"}[measure]
    frame = curve_frame(fit.curves)
    epochs = alt.X("epoch:Q", title="Epoch", axis=alt.Axis(tickMinStep=1, format="d"), scale=alt.Scale(nice=False))
    scale = alt.Scale(zero=False)
    gap = alt.Chart(frame).mark_area(opacity=0.15, color=NEUTRAL)
    gap = gap.encode(x=epochs, y=alt.Y(f"train_{measure}:Q", title=axis, scale=scale), y2=alt.Y2(f"val_{measure}:Q"))
    long = frame.melt("epoch", [f"train_{measure}", f"val_{measure}"], "part", "value")
    long["part"] = long["part"].map({f"train_{measure}": "train", f"val_{measure}": "validation"})
    parts, legend = ["train", "validation"], alt.Legend(orient="top", title=None, symbolType="stroke", symbolSize=400)
    lines = alt.Chart(long).mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=25))
    lines = lines.encode(
        x=epochs,
        y=alt.Y("value:Q", title=axis, scale=scale),
        color=alt.Color("part:N", sort=parts, legend=legend),
        strokeDash=alt.StrokeDash("part:N", sort=parts, scale=alt.Scale(range=[[5, 3], [1, 0]]), legend=legend),
        tooltip=tooltips("epoch", "part", value=(axis, ".4f")),
    )
    best = alt.Chart(pd.DataFrame({"epoch": [fit.best_epoch]})).mark_rule(strokeWidth=2, color=NEUTRAL)
    return titled(
        layered(gap, best.encode(x=alt.X("epoch:Q")), lines, height=230),
        f"{name}: {measure}",
        f"n = 1 seed, {len(frame)} epochs; gray line: best epoch ({fit.best_epoch})",
        f"Lines of train and validation {measure} by epoch, the gap between them shaded and the best epoch marked.",
    )


def overfitting(fit: Fit) -> str:
    """How far train and validation accuracy lie apart in the last epoch, as a sentence."""
    last = curve_frame(fit.curves).iloc[-1]
    gap = last["train_accuracy"] - last["val_accuracy"]
    if gap <= 0:
        return f"No overfitting so far: in the last epoch validation is {-gap:.1f} points above train."
    rising = last["val_loss"] > fit.lowest_val_loss * 1.05
    loss = ", and validation loss has risen from its lowest: it overfits" if rising else ""
    return f"In the last epoch train accuracy is {gap:.1f} points above validation{loss}."


def where_the_weight_is(frame: pd.DataFrame) -> str:
    """How arithmetic and parameters divide between convolutions and fully connected layers, as a sentence."""
    conv = frame["side"] > 1
    macs = frame.loc[conv, "macs"].sum() / frame["macs"].sum()
    parameters = frame.loc[~conv, "parameters"].sum() / frame["parameters"].sum()
    return (
        f"Convolutions take {percent(macs, 0)} of the operations; the fully connected layers hold "
        f"{percent(parameters, 0)} of the parameters."
    )


def layer_frame(result: ArchitectureResult) -> pd.DataFrame:
    """One row a layer in order: name, kind, output shape as text, side of its feature maps, parameters, MACs."""
    return pd.DataFrame(
        {
            "number": number,
            "layer": layer.name,
            "kind": layer.kind,
            "output": " x ".join(str(size) for size in layer.output_shape),
            "channels": layer.output_shape[0],
            "side": layer.output_shape[-1] if len(layer.output_shape) > 1 else 1,
            "parameters": layer.parameters,
            "macs": layer.macs / 1e6,
        }
        for number, layer in enumerate(result.layer_table, start=1)
    )


@kept
def layers(frame: pd.DataFrame, name: str) -> alt.VConcatChart:
    """The network drawn from input to answer: side of the maps, channels, parameters and MACs of each layer."""
    titles = {"side": "Map side (px)", "channels": "Channels", "parameters": "Parameters", "macs": "MACs (million)"}
    panels = [_panel(frame, field, title, with_axis=field == "macs") for field, title in titles.items()]
    return titled(
        alt.vconcat(*panels, spacing=14).resolve_scale(x="shared"),
        f"{name}, layer by layer",
        f"n = {len(frame)} layers, convolutional and fully connected, from input (left) to answer (right)",
        "Bars for each layer in order: side of its maps, channels, parameters, multiply-accumulates.",
    )


def _panel(frame: pd.DataFrame, field: str, title: str, *, with_axis: bool) -> alt.Chart:
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy", title="Layer") if with_axis else None
    zero = "datum.value == 0 ? '0' : datum.label"  # else "0k" beside "200k"
    values = alt.Axis(format="~s", tickCount=3, titleFontSize=11, labelExpr=zero)
    return (
        alt.Chart(frame, height=90)
        .mark_bar()
        .encode(
            x=alt.X("number:O", axis=axis),
            y=alt.Y(f"{field}:Q", title=title, axis=values),
            color=alt.Color("kind:N", title=None, legend=alt.Legend(orient="top")),
            tooltip=tooltips("number", "layer", "kind", "output", parameters=",", macs=("MACs (million)", ".3f")),
        )
    )
