"""Epoch by epoch: predictions for the validation images during training."""

import streamlit as st

from artifacts.contract import ArchitecturesSummary
from portal.analysis import champion, epochs
from portal.ui import elements
from portal.ui import epochs as epochs_ui
from portal.ui.networks import compared

SHOWN = 24

elements.opening(
    "Which images does a network learn first, which does it forget, and which does it never get right?",
    look="The bars below zero: images that the network had right and lost again.",
    act="Move the slider from the first epoch to the last and watch the confusion matrix.",
)
elements.contents("Images worth a look")
summary = compared(elements.document(ArchitecturesSummary))
validation, classes = elements.arrays("data/validation.npz"), elements.current_run().manifest.classes
labels, names = validation["labels"], [result.name for result in summary.results]
picked = st.selectbox("Network", names, index=names.index(summary.best), key="epochs_network", bind="query-params")
result = next((each for each in summary.results if each.name == picked), summary.results[0])
predictions = elements.arrays(champion.arrays_of(result.name))["val_predictions"]
found = epochs.learning(predictions, labels)
st.markdown(epochs.sentence(found, result.name))
elements.part("one epoch", lambda: epochs_ui.one_epoch(result, predictions, found, validation))

st.subheader("Images worth a look")
kind = elements.one_of("Which", list(epochs.KINDS), key="epochs_kind")
hard = epochs.hardest(found, kind)
st.markdown(
    f"{len(hard):,} images, the most often forgotten first. Below each: its label and its predictions by epoch."
)
hard = hard[:SHOWN]
stories = [f"{classes[labels[n]]}: {epochs.predicted_caption(predictions[:, n], classes)}" for n in hard]
elements.gallery(validation["images"][hard], stories, columns=6, scale=4)

elements.takeaway("Constant accuracy does not mean constant predictions: a network forgets while it learns.")
elements.provenance(split="validation", images=len(labels), accuracies_near=result.fit.highest_val_accuracy)
