"""Seven architectures on the same data: table, size against accuracy, learning curves, layers."""

import streamlit as st

from artifacts.contract import ArchitecturesSummary, ChampionSummary
from portal.analysis import champion
from portal.charts import architectures
from portal.core.text import count
from portal.networks import own as networks
from portal.ui import architectures as architectures_ui
from portal.ui import elements

elements.opening(
    "Which of seven networks classifies the same images best, and does size help?",
    look="The scatter plot: does accuracy rise with size?",
    act="Choose a network and find the epoch where it starts to overfit.",
)
summary = elements.document(ArchitecturesSummary)
with_deck = elements.with_deck()
best = next(result for result in summary.results if result.name == summary.best)
budget = f"{summary.train_images:,} training images, at most {count(summary.recipe.epochs, 'epoch')}"

elements.contents("Size and accuracy", "One network")
own, beyond = networks.measured(elements.current_run()), elements.optional(ChampionSummary)
compared = champion.beside(summary, beyond)
table = architectures.table(compared, own, with_deck=with_deck)
elements.table(table, architectures.formats(table), alt="The networks")
st.caption(
    f"Click a column header to sort. Each figure is the best over all epochs. All networks use one recipe: {budget}."
)
if beyond:
    st.caption(champion.other_budget(beyond))

st.subheader("Size and accuracy")
sizes = architectures.SIZES
by = st.segmented_control("Size in", list(sizes), default="Parameters", key="architectures_by", bind="query-params")
frame = architectures.size_frame(compared, own, with_deck=with_deck)
chart = architectures.size_against_accuracy(frame, sizes.get(by or "", "parameters"), summary.validation_images)
elements.chart(
    chart,
    see=f"If size helped, the circles would rise to the right by more than their intervals. Trained on {budget}.",
)

st.subheader("One network")
names = [result.name for result in summary.results]
start = names.index(best.name)
name = st.selectbox("Network", names, index=start, key="architectures_name", bind="query-params", width=280)
result = next((each for each in summary.results if each.name == name), best)
see = "The shaded area is the generalization gap: what the network learned about its training images only."
architectures_ui.learning_curves(result.fit, result.name, accuracy=architectures.overfitting(result.fit), loss=see)
architectures_ui.layers(result)

elements.takeaway(architectures.takeaway(summary))
elements.provenance(split="validation", images=summary.validation_images, accuracies_near=best.fit.highest_val_accuracy)
