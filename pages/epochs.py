"""Epoch by epoch: what a network answers for the validation images while it learns."""

from __future__ import annotations

import streamlit as st

from artifacts.contract import ArchitecturesSummary
from portal import champion, epochs, ui
from portal.charts import epochs as charts
from portal.charts import results
from portal.networks_ui import compared

SHOWN = 24

ui.opening("Which images does a network learn first, which does it lose again, and which does it never get right?")
summary = compared(ui.document(ArchitecturesSummary))
validation, classes = ui.arrays("data/validation.npz"), ui.current_run().manifest.classes
labels, names = validation["labels"], [result.name for result in summary.results]
left, right = st.columns(2, gap="medium")
with left:
    picked = st.selectbox("Network", names, index=names.index(summary.best), key="epochs_network", bind="query-params")
result = next((each for each in summary.results if each.name == picked), summary.results[0])
predictions = ui.arrays(champion.arrays_of(result.name))["val_predictions"]
epoch = last = len(predictions)
with right:
    if last > 1:
        epoch = st.slider(
            "After epoch", 1, last, result.fit.best_epoch, key=f"epochs_{result.name}", bind="query-params"
        )
found = epochs.learning(predictions, labels)
st.markdown(epochs.sentence(found, result.name))

changes = epochs.change_frame(found)
frame = results.confusion_frame(epochs.confusion(predictions[epoch - 1], labels, len(classes)).tolist(), classes)
cells = epochs.cells(predictions, labels, classes)
cell = st.selectbox("Cell: true → predicted", cells, key="epochs_cell", bind="query-params")
ui.chart(
    results.confusion_matrix(frame, cell, split="validation", of=f"{result.name} after epoch {epoch}"),
    see=epochs.epoch_sentence(changes, epoch, len(labels)),
    key="epochs_matrix",
    on_select=ui.follow_click("epochs_matrix", "cell", "epochs_cell"),
)
behind = results.cell_images(labels, predictions[epoch - 1], frame[frame["cell"] == cell].iloc[0])
st.markdown(f"**{cell}** after epoch {epoch}: {len(behind):,} images. Move the epoch and watch the cell fill or empty.")
behind = behind[:SHOWN]
ui.gallery(validation["images"][behind], [epochs.history(found, n) for n in behind], columns=12, scale=3)
if last > 1:
    ui.chart(
        charts.change_chart(changes, epoch, result.name, len(labels)),
        see="The accuracy shows only the difference of the two: behind a flat curve images are still won and lost.",
    )

st.subheader("Images worth a look")
kind = ui.one_of("Which", list(epochs.KINDS), key="epochs_kind")
hard = epochs.hardest(found, kind)
st.markdown(f"{len(hard):,} images, the most often lost first; under each its label and the answers by epoch.")
hard = hard[:SHOWN]
stories = [f"{classes[labels[n]]}: {epochs.predicted_caption(predictions[:, n], classes)}" for n in hard]
ui.gallery(validation["images"][hard], stories, columns=6, scale=4)

ui.takeaway("An accuracy that stands still does not mean that the answers do: a network forgets while it learns.")
ui.provenance(split="validation", images=len(labels))
