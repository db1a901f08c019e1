"""Seven architectures on the same data: table, size against accuracy, learning curves, layers."""

from __future__ import annotations

import streamlit as st

from artifacts.contract import ArchitecturesSummary, ChampionSummary
from portal import champion, networks, ui
from portal.charts import architectures, drawing
from portal.text import count

ui.opening("Which of seven networks does best on the same images, and is a bigger one better?")
summary = ui.document(ArchitecturesSummary)
with_deck = ui.with_deck()
best = next(result for result in summary.results if result.name == summary.best)
budget = f"{summary.train_images:,} training images, at most {count(summary.recipe.epochs, 'epoch')}"

own, beyond = networks.measured(ui.current_run()), ui.optional(ChampionSummary)
compared = champion.beside(summary, beyond)
table = architectures.table(compared, own, with_deck=with_deck)
ui.table(table, architectures.formats(table), alt="The networks")
st.caption(f"Click a column's head to sort. Each figure is its column's best over the epochs. One recipe: {budget}.")
if beyond:
    st.caption(champion.other_budget(beyond))

sizes = architectures.SIZES
by = st.segmented_control("Size in", list(sizes), default="Parameters", key="architectures_by", bind="query-params")
frame = architectures.size_frame(compared, own, with_deck=with_deck)
chart = architectures.size_against_accuracy(frame, sizes.get(by or "", "parameters"), summary.validation_images)
ui.chart(
    chart,
    see=f"If bigger were better, the circles would climb to the right, by more than their lines. They had {budget}.",
)

st.subheader("One network")
names = [result.name for result in summary.results]
start = names.index(best.name)
name = st.selectbox("Network", names, index=start, key="architectures_name", bind="query-params", width=280)
result = next((each for each in summary.results if each.name == name), best)
left, right = st.columns(2, gap="medium")
with left:
    see = architectures.overfitting(result.fit)
    ui.chart(architectures.learning_curves(result.fit, "accuracy", result.name), see=see)
with right:
    see = "The shaded gap is what the network knows about its training images and cannot carry over to new ones."
    ui.chart(architectures.learning_curves(result.fit, "loss", result.name), see=see)

layers = architectures.layer_frame(result)
drawn = drawing.frame(drawing.boxes(result, ui.current_run().manifest.image_size))
meaning = architectures.CONFIDENCE.get(result.confidence, "")
left, right = st.columns(2, gap="medium")
with left:
    ui.chart(drawing.network(drawn, result.name), see=drawing.FAMILIES.get(result.family, ""))
with right:
    ui.chart(architectures.layers(layers, result.name), see=architectures.where_the_weight_is(layers))
    st.caption(
        "Reconstructed from the published counts: the numbers of layers and parameters equal the deck's exactly. "
        f"Confidence in the details: {result.confidence}{meaning}."
    )
with st.expander(f"All {len(layers)} layers as a table"):
    ui.table(layers, {"parameters": "localized", "macs": "%.3f"}, alt=f"The layers of {result.name}")

ui.takeaway(architectures.takeaway(summary))
ui.provenance(split="validation", images=summary.validation_images, accuracies_near=best.fit.highest_val_accuracy)
