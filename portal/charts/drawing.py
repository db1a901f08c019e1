"""Drawing of a network: a box for each layer with its output shape, parameters, and MACs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import altair as alt
import pandas as pd

from artifacts.contract import ArchitectureResult, LayerRow
from portal.charts import NEUTRAL, TEXT, layered, titled, tooltips
from portal.core.memo import kept

MOST_ROWS = 20  # a network of more layers is drawn block by block
ROW = 27  # pixels
KINDS = ("image", "convolution", "shortcut", "dense block", "pool", "fully connected")
IMAGE, CONV, SHORTCUT, BLOCK, POOL, LINEAR = KINDS
# The drawing's own unit is a hundredth of its width.
MIDDLE, NARROWEST, WIDEST = 47, 32, 48
SHAPE_AT, PARAMETERS_AT, MACS_AT, SKIP_AT = 0, 86, 100, 22
FAMILIES = {
    "OwnBaseline": "Like VGGNet: a chain of convolutions with a pooling layer after each block that halves the map.",
    "ResNet": "Each block adds its input to the output of its convolutions, so it only has to learn the residual.",
    "DenseNet": "In a dense block, every layer reads the maps of all previous layers and appends a few of its own.",
}


@dataclass(frozen=True)
class Box:
    """One row of the drawing; `shape` is the output's (channels, and for maps rows and columns)."""

    title: str
    kind: str
    shape: tuple[int, ...]
    parameters: int = 0
    macs: int = 0
    block: str = ""


def boxes(result: ArchitectureResult, image_size: int) -> list[Box]:
    """The network's rows from the image to the answer; pools are read off where the maps shrink."""
    drawn = [Box("gray image", IMAGE, (1, image_size, image_size))]
    grouped = len(result.layer_table) > MOST_ROWS
    steps = _blocks(result.layer_table) if grouped else _layers(result.layer_table)
    for box, in_features in steps:
        drawn += _pool(drawn[-1], box, in_features)
        drawn.append(box)
    return drawn


def _block_of(layer: LayerRow) -> str:
    """`body.block2.conv1.conv` belongs to block2; layers outside the body stand alone."""
    parts = layer.name.split(".")
    return parts[1] if parts[0] == "body" else layer.name


def _layers(table: Sequence[LayerRow]) -> Iterator[tuple[Box, int]]:
    """Each layer and the features that it takes; a block's shortcut last, where its result is added."""
    for block, members in groupby(table, _block_of):
        layers = sorted(members, key=lambda layer: "shortcut" in layer.name)
        for layer in layers:
            added = "shortcut" in layer.name
            kind = SHORTCUT if added else LINEAR if len(layer.output_shape) == 1 else CONV
            title = f"{'+ shortcut' if added else layer.kind}, {layer.out_features}"
            yield Box(title, kind, layer.output_shape, layer.parameters, layer.macs, block), layer.in_features


def _blocks(table: Sequence[LayerRow]) -> Iterator[tuple[Box, int]]:
    """Dense blocks as one box each, other layers as they are."""
    for block, members in groupby(table, _block_of):
        layers = list(members)
        if len(layers) == 1:
            yield from _layers(layers)
            continue
        before, last = layers[-2], layers[-1]  # the last layer's maps are appended to those that the one before reads
        shape = (before.in_features + last.out_features, *last.output_shape[1:])
        title = f"{len(layers) // 2} x (1x1, 3x3)"
        parameters, macs = sum(layer.parameters for layer in layers), sum(layer.macs for layer in layers)
        yield Box(title, BLOCK, shape, parameters, macs, block), layers[0].in_features


def _pool(before: Box, after: Box, in_features: int) -> list[Box]:
    """A pool between two boxes if the second takes smaller maps than the first gives."""
    channels, side = before.shape[0], before.shape[-1]
    if len(before.shape) == 1:
        return []
    smaller = after.shape[-1] if len(after.shape) > 1 else math.isqrt(in_features // channels)
    if smaller == side:
        return []
    title = "mean of each map" if smaller == 1 else "pool"
    return [Box(title, POOL, (channels, smaller, smaller))]


def frame(drawn: Sequence[Box]) -> pd.DataFrame:
    """One row a box, from the top: its place, and what is written beside it."""
    widest = max(math.log2(box.shape[0] + 1) for box in drawn)
    rows = []
    for row, box in enumerate(drawn):
        half = (NARROWEST + (WIDEST - NARROWEST) * math.log2(box.shape[0] + 1) / widest) / 2
        rows.append(
            {
                "row": row,
                "top": row + 0.1,
                "bottom": row + 0.8,
                "left": MIDDLE - half,
                "right": MIDDLE + half,
                "title": box.title,
                "kind": box.kind,
                "block": box.block,
                "output": " x ".join(str(size) for size in box.shape),
                "parameters": box.parameters,
                "macs": box.macs,
                "parameters_text": f"{box.parameters:,}" if box.parameters else "",
                "macs_text": _short(box.macs),
            }
        )
    return pd.DataFrame(rows)


def _short(macs: int) -> str:
    """`28.9 M`, `2.6 k`; nothing for a step without arithmetic of its own."""
    if not macs:
        return ""
    return f"{macs / 1e6:.1f} M" if macs >= 1e5 else f"{macs / 1e3:.1f} k"


@kept
def network(table: pd.DataFrame, name: str) -> alt.LayerChart:
    """The boxes of `frame` from top to bottom; a box is wider the more channels it gives."""
    base = alt.Chart(table)
    used = [kind for kind in KINDS if kind in set(table["kind"])]
    legend = alt.Legend(orient="bottom", title=None, columns=3)
    rects = base.mark_rect(fillOpacity=0.3, strokeWidth=1, cornerRadius=3).encode(
        x=_x("left"),
        x2=alt.X2("right:Q"),
        y=_y("top", len(table)),
        y2=alt.Y2("bottom:Q"),
        color=alt.Color("kind:N", scale=alt.Scale(domain=used), legend=legend),
        tooltip=tooltips(title=("layer", ""), output="", parameters=",", macs=("MACs", ",")),
    )
    way = pd.DataFrame({"x": MIDDLE, "top": table["bottom"][:-1], "bottom": table["top"][1:].to_numpy()})
    joins = alt.Chart(way).mark_rule(color=NEUTRAL).encode(x=_x("x"), y=_y("top", len(table)), y2=alt.Y2("bottom:Q"))
    layers = int((~table["kind"].isin([IMAGE, POOL])).sum())
    return titled(
        layered(joins, *_skips(table), rects, *_texts(table), height=ROW * (len(table) + 1)),
        f"{name}, from image to answer",
        f"n = {layers} boxes with weights; maps as channels x rows x columns; MACs for one image",
        f"Boxes from top to bottom: every step of {name} with its output's shape, parameters and multiply-accumulates.",
    )


def _x(field: str) -> alt.X:
    return alt.X(f"{field}:Q", axis=None, scale=alt.Scale(domain=[0, MACS_AT], nice=False))


def _y(field: str, rows: int) -> alt.Y:
    return alt.Y(f"{field}:Q", axis=None, scale=alt.Scale(domain=[-1, rows], nice=False, reverse=True))


def _texts(table: pd.DataFrame) -> list[alt.Chart]:
    """What is written in and beside the boxes, under the columns' heads."""
    middle = table["top"] + 0.38
    columns = (
        ("", "title", MIDDLE, "center"),
        ("output", "output", SHAPE_AT, "left"),
        ("parameters", "parameters_text", PARAMETERS_AT, "right"),
        ("MACs", "macs_text", MACS_AT, "right"),
    )
    drawn = []
    for head, field, place, align in columns:
        words = pd.DataFrame({"x": place, "y": [-0.55, *middle], "text": [head, *table[field]]})
        text = alt.Chart(words).mark_text(align=align, color=TEXT, fontSize=11)  # type: ignore[arg-type]
        drawn.append(text.encode(x=_x("x"), y=_y("y", len(table)), text=alt.Text("text:N")))
    return drawn


def _skips(table: pd.DataFrame) -> list[alt.Chart]:
    """A bracket at the left of each block that has a shortcut: from what enters it to where the shortcut is added."""
    ends = table[table["kind"] == SHORTCUT]
    if ends.empty:
        return []
    first = table[table["block"].isin(ends["block"])].groupby("block")["row"].min()
    rows = []
    for end in ends.itertuples():
        start, stop = first[end.block] - 0.05, end.row + 0.45
        rows += [
            {"x": SKIP_AT, "right": SKIP_AT, "y": start, "bottom": stop},
            {"x": SKIP_AT, "right": MIDDLE, "y": start, "bottom": start},
            {"x": SKIP_AT, "right": end.left, "y": stop, "bottom": stop},
        ]
    dashed = alt.Chart(pd.DataFrame(rows)).mark_rule(color=NEUTRAL, strokeDash=[4, 3], strokeWidth=1.5)
    return [dashed.encode(x=_x("x"), x2=alt.X2("right:Q"), y=_y("y", len(table)), y2=alt.Y2("bottom:Q"))]
