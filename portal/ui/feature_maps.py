"""Sections of the Feature maps page: image, filter, layers, and one value of a map worked out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import numpy as np
import streamlit as st

from artifacts.contract import ExportSummary, FilterSide
from portal.analysis import convolution, layers
from portal.charts import convolution as charts
from portal.charts import feature_maps
from portal.core import memo
from portal.core.runs import command_for, is_deck_data
from portal.networks import inference
from portal.ui import elements
from portal.ui import garment as garment_ui
from portal.ui.networks import exported_networks

FIRST_LAYER = "feature-maps/first-layer.npz"
STORED, TEST, OWN = "stored", "any test image", "own picture"
MAP_CHART, FILTER_CHART, FILTER = "feature_maps_map", "feature_maps_filters", "feature_maps_filter"
_ROW, _COLUMN = "feature_maps_row", "feature_maps_column"
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Shown:
    """An image uint8 (S, S), its maps float (F, X, Y), what it is called, and whether it may be a visitor's own."""

    image: np.ndarray
    maps: np.ndarray
    name: str
    own: bool = False

    def drawn(self, chart: Callable[P, T], *args: P.args, **words: P.kwargs) -> T:
        """Return the chart of this image, cached for all visitors unless the picture is the visitor's own."""
        return chart(*args, **words) if self.own else memo.kept(chart)(*args, **words)


def image(stored: dict[str, np.ndarray]) -> Shown:
    """Draw the image selector and return the image with its stored maps, or with maps computed by the final model."""
    source = elements.one_of("Image", [STORED, TEST, OWN], key="feature_maps_source")
    if source == STORED:
        return _stored(stored)
    pick = garment_ui.own_picture if source == OWN else garment_ui.test_image
    garment = pick("feature_maps")
    models = elements.document(ExportSummary).models
    network = elements.or_stop("models", lambda run: inference.network(run, inference.final_model(models)))
    return Shown(garment.image, network.feature_maps(garment.image[None])[0], garment.name, source == OWN)


def _stored(stored: dict[str, np.ndarray]) -> Shown:
    manifest = elements.current_run().manifest
    rows = feature_maps.stored_images(stored["label"], manifest.classes, with_deck=is_deck_data(manifest))
    name = st.selectbox("Stored image", list(rows), key="feature_maps_image", bind="query-params", width=360)
    number = rows.get(name, 0)
    return Shown(stored["images"][number], stored["maps"][number].astype(np.float32), name)


def layer_by_layer(image_SS: np.ndarray) -> None:
    """Draw a network selector and the strongest maps of each layer for the image, uint8 (S, S), one row per layer."""
    models = {model.name: model for model in exported_networks() if model.role != "photo"}
    names = list(models)
    name = st.selectbox("Network", names, key="feature_maps_network", bind="query-params", width=240)
    model = models.get(name, models[names[0]])
    maps = elements.or_stop("models", lambda run: inference.layer_maps(run, model, image_SS))
    rows = layers.shown(maps)
    for row in rows:
        st.caption(row.caption)
        elements.strip(row.pictures, f"{row.caption}; the strongest: {', '.join(map(str, row.filters))}", scale=3)
    st.markdown(layers.sentence(rows))
    st.caption(
        f"{len(rows)} of {len(maps)} layers with a ReLU; of each, the {layers.STRONGEST} maps with the highest mean, "
        "highest first. Bright is a strong response on the layer's own scale."
    )


def filter_number(filters: tuple[FilterSide, ...]) -> int:
    """Draw the filter selector and return its value; a click in the chart of filters changes it."""
    called = {row.filter: f"{row.filter}: {row.side}" for row in filters}
    chosen = st.selectbox(
        "Filter", list(called), key=FILTER, format_func=called.__getitem__, bind="query-params", width=200
    )
    return chosen if chosen in called else filters[0].filter


def one_place(shown: Shown, filters_FAB: np.ndarray, number: int) -> None:
    """Draw one value of the map of filter `number` worked out: its position, then the arithmetic step by step."""
    place = _place(len(shown.image))
    left, right = st.columns(2)
    with left, st.container(width=charts.MAP_EDGE + 10):
        see = "The filter sees only the pixels in the frame; beyond the edge it sees black."
        elements.chart(shown.drawn(charts.image_chart, shown.image, place, filters_FAB.shape[1:]), see=see)
    with right, st.container(width=charts.MAP_EDGE + 10):
        elements.chart(
            shown.drawn(charts.map_chart, shown.maps[number], place, number),
            see=f"Click a position in the map of filter {number} to work it out, or choose it above.",
            key=MAP_CHART,
            on_select=follow_place,
        )
    layer = elements.optional_arrays(FIRST_LAYER)
    if layer is None:
        st.caption(f"For the arithmetic this run lacks a file: make it with `{command_for(FIRST_LAYER)}`.")
        return
    worked = convolution.at(shown.image, filters_FAB, layer, number, *place)
    with st.container(width=560):
        elements.chart(
            shown.drawn(charts.arithmetic_chart, worked), see="Multiply cell by cell, then add up all products."
        )
        steps = convolution.steps(worked, float(shown.maps[number][place]))
        elements.small_table(steps, name="One place, step by step", hide_index=True)


def _place(size: int) -> tuple[int, int]:
    """Draw the controls for row and column in the map, from 0; a click in the map changes them."""
    for key in (_ROW, _COLUMN):
        elements.keep_within(key, 0, size - 1)
    with st.container(horizontal=True):
        row, column = (
            st.number_input(f"{name}, 0 to {size - 1}", 0, size - 1, size // 2, key=key, bind="query-params", width=160)
            for name, key in (("Row", _ROW), ("Column", _COLUMN))
        )
    return row, column


def follow_place() -> None:
    """Copy the clicked position into the two controls."""
    clicked = st.session_state[MAP_CHART].selection.get("place")
    if clicked:
        st.session_state[_ROW], st.session_state[_COLUMN] = (int(part) for part in clicked[0]["place"].split(", "))
