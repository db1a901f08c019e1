"""Epoch by epoch: what a network answers for the validation images while it learns."""

from __future__ import annotations

import streamlit as st

from artifacts.contract import ArchitecturesSummary
from portal import epochs_ui, ui
from portal.analysis import champion, epochs
from portal.networks_ui import compared

SHOWN = 24

ui.opening("Which images does a network learn first, which does it lose again, and which does it never get right?")
summary = compared(ui.document(ArchitecturesSummary))
validation, classes = ui.arrays("data/validation.npz"), ui.current_run().manifest.classes
labels, names = validation["labels"], [result.name for result in summary.results]
picked = st.selectbox("Network", names, index=names.index(summary.best), key="epochs_network", bind="query-params")
result = next((each for each in summary.results if each.name == picked), summary.results[0])
predictions = ui.arrays(champion.arrays_of(result.name))["val_predictions"]
found = epochs.learning(predictions, labels)
st.markdown(epochs.sentence(found, result.name))
ui.part("one epoch", lambda: epochs_ui.one_epoch(result, predictions, found, validation))

st.subheader("Images worth a look")
kind = ui.one_of("Which", list(epochs.KINDS), key="epochs_kind")
hard = epochs.hardest(found, kind)
st.markdown(f"{len(hard):,} images, the most often lost first; under each its label and the answers by epoch.")
hard = hard[:SHOWN]
stories = [f"{classes[labels[n]]}: {epochs.predicted_caption(predictions[:, n], classes)}" for n in hard]
ui.gallery(validation["images"][hard], stories, columns=6, scale=4)

ui.takeaway("An accuracy that stands still does not mean that the answers do: a network forgets while it learns.")
ui.provenance(split="validation", images=len(labels), accuracies_near=result.fit.highest_val_accuracy)
