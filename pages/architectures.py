"""Seven architectures on the same data: table, size against accuracy, learning curves, layers."""

from __future__ import annotations

import streamlit as st

from artifacts.contract import ArchitecturesSummary
from portal import ui
from portal.charts import architectures
from portal.runs import is_deck_data

ui.opening("Which of seven networks does best on the same images, and is a bigger one better?")
summary = ui.document(ArchitecturesSummary)
with_deck = is_deck_data(ui.current_run().manifest)
best = next(result for result in summary.results if result.name == summary.best)

table = architectures.table(summary, with_deck=with_deck)
formats = {
    "Network": st.column_config.TextColumn(pinned=True),
    "Parameters": st.column_config.NumberColumn(format="localized"),
    "MACs (million)": st.column_config.NumberColumn(format="%.1f"),
}
formats |= {name: st.column_config.NumberColumn(format="%.2f") for name in table if "accuracy" in name}
formats |= {name: st.column_config.NumberColumn(format="%.4f") for name in table if name.endswith("loss")}
st.dataframe(table, hide_index=True, column_config=formats, alt="The seven networks; click a column to sort")
st.caption(
    f"Click a column's head to sort. Each figure is the best of its column over the epochs, which differ. "
    f"{summary.train_images:,} training images, at most {summary.recipe.epochs} epochs, one recipe for all."
)

by = st.segmented_control(
    "Size measured in", list(architectures.SIZES), default="Parameters", key="architectures_by", bind="query-params"
)
frame = architectures.size_frame(summary, with_deck=with_deck)
see = (
    "Were bigger better, the points would climb to the right; distance between circle and diamond is budget, not size."
)
ui.chart(architectures.size_against_accuracy(frame, architectures.SIZES.get(by or "", "parameters"), summary.validation_images), see=see)

names = [result.name for result in summary.results]
st.subheader("One network")
name = st.selectbox(
    "Network", names, index=names.index(best.name), key="architectures_name", bind="query-params", width=280
)
result = next((each for each in summary.results if each.name == name), best)
left, right = st.columns(2, gap="medium")
with left:
    see = architectures.overfitting(result.fit)
    ui.chart(architectures.learning_curves(result.fit, "accuracy", result.name), see=see)
with right:
    see = "The shaded gap is what the network knows about its training images and cannot carry over to new ones."
    ui.chart(architectures.learning_curves(result.fit, "loss", result.name), see=see)

rows = architectures.layer_frame(result)
ui.chart(architectures.layers(rows, result.name), see="Early layers cost time (MACs), late layers hold the parameters.")
meaning = architectures.CONFIDENCE.get(result.confidence, result.confidence)
st.caption(
    f"Reconstructed from the published counts: layers and parameters equal the deck's exactly. Confidence in "
    f"the details: {result.confidence} ({meaning})."
)
with st.expander(f"All {len(rows)} layers as a table"):
    st.dataframe(rows, hide_index=True, alt=f"The layers of {result.name}")

ui.takeaway(
    f"{best.name} is ahead here with {best.fit.highest_val_accuracy:.2%} on validation images; one seed each, "
    "so small distances between networks mean little."
)
ui.provenance(split="validation", images=summary.validation_images)
