"""Embedding map: test images laid out as the final model sees them, and the neighbors of each."""

import streamlit as st

from artifacts.contract import EmbeddingMapSummary
from portal.analysis import embedding_map
from portal.charts import embedding_map as charts
from portal.ui import elements

NEAREST = 11
POINTS, PICTURES, VERDICT = "points by class", "pictures", "points by verdict"

elements.opening(
    "Which garments does the final model find similar, and where are its mistakes?",
    look="The map: clusters of one color are classes that the network separates well.",
    act="Click a point between two clusters and look at its neighbors.",
)
summary = elements.document(EmbeddingMapSummary)
classes = elements.current_run().manifest.classes
embedding, test = elements.arrays("final/embedding.npz"), elements.arrays("data/test.npz")
predicted = elements.arrays("final/test.npz")["probabilities"].argmax(axis=1)
left, right = st.columns(2)
with left:
    layout = elements.one_of("Layout", [embedding_map.TSNE, embedding_map.PCA], key="embedding_map_layout")
with right:
    drawn = elements.one_of("Draw", [POINTS, PICTURES, VERDICT], key="embedding_map_draw")
shown = slice(summary.images)
flat = embedding["map"][shown]
points = elements.arrays("embedding-map/points.npz")["points"] if layout == embedding_map.TSNE else flat
rows = embedding_map.frame(points, test["labels"][shown], predicted[shown], classes)
if drawn == PICTURES:
    chosen = embedding_map.spread_out(points)
    chart = charts.pictures_chart(rows.iloc[chosen], test["images"][chosen], layout, summary.images)
else:
    chart = charts.points_chart(rows, classes, layout, by_verdict=drawn == VERDICT)
follow = elements.follow_click("embedding_map_chart", "image", "embedding_map_image")
elements.chart(chart, see=embedding_map.see(summary, layout), key="embedding_map_chart", on_select=follow)

st.subheader("One image and its neighbors")
most = summary.images - 1
elements.keep_within("embedding_map_image", 0, most)
number = st.number_input(
    "Test image", 0, most, 0, key="embedding_map_image", bind="query-params", width=200, help="Or click one above."
)
near = embedding_map.nearest(embedding["test"], number, NEAREST)
captions = [f"#{n}: {classes[test['labels'][n]]}" for n in (number, *near)]
elements.gallery(test["images"][[number, *near]], captions, columns=6, scale=4)
st.markdown(
    f"The model predicts **{classes[predicted[number]]}**. "
    f"{embedding_map.neighbours_sentence(test['labels'], number, near, classes)}"
)
st.caption(
    f"Nearest among all {len(test['labels']):,} test images, by distance in {embedding['test'].shape[1]} principal "
    "components of the embedding, not on the map."
)
elements.takeaway(embedding_map.takeaway(rows))
elements.provenance(split="test", images=summary.images)
