"""Feature maps: the first layer's filters, their maps, and one value worked out (deck section 5)."""

import streamlit as st

from artifacts.contract import FeatureMapsSummary
from portal.charts import feature_maps
from portal.core.pictures import map_pictures
from portal.ui import elements
from portal.ui import feature_maps as feature_maps_ui

elements.opening(
    "What does each filter of the first layer detect, and on which side of the garment?",
    look="The filters of the first layer: each one responds to an edge or a texture.",
    act="Click a filter, then follow one value of its map in “Worked example”.",
)
summary = elements.document(FeatureMapsSummary)
elements.contents("Filters", "Feature maps of one image", "Layer by layer", "Worked example")
stored = elements.arrays("feature-maps/maps.npz")
filters = stored["filters"]
st.subheader("Filters")
number = feature_maps_ui.filter_number(summary.filters)
with st.container(width=feature_maps.GRID_EDGE + 10):
    elements.chart(
        feature_maps.filter_grid(filters, summary.filters, number),
        see="A filter responds where the image matches it. Click one to follow it below.",
        key=feature_maps_ui.FILTER_CHART,
        on_select=elements.follow_click(feature_maps_ui.FILTER_CHART, "filter", feature_maps_ui.FILTER),
    )
elements.chart(feature_maps.side_chart(summary), see=feature_maps.side_sentence(summary))
elements.small_table(feature_maps.side_table(summary), name="Filters by side", hide_index=True)

st.subheader("Feature maps of one image")
image = feature_maps_ui.image(stored)
elements.gallery(image.image[None], [f"The image: {image.name}"], columns=1, scale=6)
sides = [side for side in feature_maps.SIDES if feature_maps.filters_of(summary, side)]
side = st.segmented_control("Only filters that respond to the", sides, key="feature_maps_side", bind="query-params")
shown = feature_maps.filters_of(summary, side)
pictures = map_pictures(image.maps)[[row.filter for row in shown]]
elements.gallery(pictures, feature_maps.filter_captions(shown), columns=8, scale=3)
st.caption("Bright is a strong response. All maps share one scale, so a filter that hardly responds is dark.")

st.subheader("Layer by layer")
feature_maps_ui.layer_by_layer(image.image)

st.subheader("Worked example")
feature_maps_ui.one_place(image, filters, number)

elements.takeaway("The first layer detects edges and their direction. Only later layers combine them into a garment.")
elements.provenance(split="test", images=summary.images)
