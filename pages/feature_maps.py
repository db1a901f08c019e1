"""Feature maps: the first layer's filters and what they answer, stored and live (deck section 5)."""

from __future__ import annotations

import streamlit as st

from artifacts.contract import ExportSummary, FeatureMapsSummary
from portal import inference, ui
from portal.charts import feature_maps
from portal.runs import is_deck_data

manifest = ui.current_run().manifest
classes = manifest.classes
ui.opening("What does each filter of the first layer look for, and on which side of the garment does it find it?")
summary = ui.document(FeatureMapsSummary)
stored = ui.arrays("feature-maps/maps.npz")
st.subheader(f"The {len(stored['filters'])} filters")
st.markdown("White: positive weight, black: negative, mid-grey: none. A filter answers where the image matches it.")
pictures = feature_maps.filter_pictures(stored["filters"])
ui.gallery(pictures, feature_maps.filter_captions(summary.filters), columns=8, scale=84 // pictures.shape[-1])

ui.chart(feature_maps.side_chart(summary), see=feature_maps.side_sentence(summary))
ui.small_table(feature_maps.side_table(summary), name="Filters by side", hide_index=True)

st.subheader("Their answers to one image")
source = ui.one_of("Image", ["stored", "any test image"], key="feature_maps_source")
if source == "stored":
    rows = feature_maps.stored_images(stored["label"], classes, with_deck=is_deck_data(manifest))
    name = st.selectbox("Stored image", list(rows), key="feature_maps_image", bind="query-params", width=360)
    number = rows[name]
    image, maps = stored["images"][number], stored["maps"][number]
else:
    test = ui.arrays("data/test.npz")
    last = len(test["images"]) - 1
    number = st.number_input(
        f"Test image, 0 to {last}", 0, last, 0, key="feature_maps_index", bind="query-params", width=360
    )
    models = ui.document(ExportSummary).models
    image = test["images"][number]
    network = ui.or_stop("models", lambda run: inference.network(run, inference.final_model(models)))
    maps = network.feature_maps(image[None])[0]
    name = classes[test["labels"][number]]
ui.gallery(image[None], [f"The image: {name}"], columns=1, scale=6)
sides = [side for side in feature_maps.SIDES if feature_maps.filters_of(summary, side)]
side = st.segmented_control("Only filters that answer to", sides, key="feature_maps_side", bind="query-params")
shown = feature_maps.filters_of(summary, side)
numbers = [row.filter for row in shown]
ui.gallery(feature_maps.map_pictures(maps)[numbers], feature_maps.filter_captions(shown), columns=8, scale=3)
st.caption("Bright is a strong answer; all maps of the image share one scale, so a filter that hardly answers is dark.")

ui.takeaway("The first layer finds edges and their direction; which garment it is, only later layers put together.")
ui.provenance(split="test", images=summary.images)
