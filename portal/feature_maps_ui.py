"""The feature-maps page's own controls: the image, the filter, and the place in its map.

A module of the portal that imports Streamlit, like portal.ui.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from artifacts.contract import ExportSummary, FilterSide
from portal import garment_ui, inference, ui
from portal.charts import feature_maps
from portal.runs import is_deck_data

STORED, TEST, OWN = "stored", "any test image", "own picture"
MAP_CHART, FILTER_CHART, FILTER = "feature_maps_map", "feature_maps_filters", "feature_maps_filter"
_ROW, _COLUMN = "feature_maps_row", "feature_maps_column"


@dataclass(frozen=True)
class Shown:
    """An image uint8 (S, S), its maps float (F, X, Y), and what it is called."""

    image: np.ndarray
    maps: np.ndarray
    name: str


def image(stored: dict[str, np.ndarray]) -> Shown:
    """The image that the visitor picks, with stored maps, or with maps that the final model computes now."""
    source = ui.one_of("Image", [STORED, TEST, OWN], key="feature_maps_source")
    if source == STORED:
        return _stored(stored)
    pick = garment_ui.own_picture if source == OWN else garment_ui.test_image
    garment = pick("feature_maps")
    models = ui.document(ExportSummary).models
    network = ui.or_stop("models", lambda run: inference.network(run, inference.final_model(models)))
    return Shown(garment.image, network.feature_maps(garment.image[None])[0], garment.name)


def _stored(stored: dict[str, np.ndarray]) -> Shown:
    manifest = ui.current_run().manifest
    rows = feature_maps.stored_images(stored["label"], manifest.classes, with_deck=is_deck_data(manifest))
    name = st.selectbox("Stored image", list(rows), key="feature_maps_image", bind="query-params", width=360)
    number = rows.get(name, 0)
    return Shown(stored["images"][number], stored["maps"][number].astype(np.float32), name)


def filter_number(filters: tuple[FilterSide, ...]) -> int:
    """The filter to look at closely; a click in the chart of filters moves this control."""
    called = {row.filter: f"{row.filter}: {row.side}" for row in filters}
    chosen = st.selectbox(
        "Filter", list(called), key=FILTER, format_func=called.__getitem__, bind="query-params", width=200
    )
    return chosen if chosen in called else filters[0].filter


def place(size: int) -> tuple[int, int]:
    """Row and column in the map, from 0; a click in the map moves these controls."""
    with st.container(horizontal=True):
        row, column = (
            st.number_input(f"{name}, 0 to {size - 1}", 0, size - 1, size // 2, key=key, bind="query-params", width=160)
            for name, key in (("Row", _ROW), ("Column", _COLUMN))
        )
    return row, column


def follow_place() -> None:
    """The place that was clicked in the map moves the two controls."""
    clicked = st.session_state[MAP_CHART].selection.get("place")
    if clicked:
        st.session_state[_ROW], st.session_state[_COLUMN] = (int(part) for part in clicked[0]["place"].split(", "))
