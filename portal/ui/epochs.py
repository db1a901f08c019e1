"""The fragment of the Epoch by epoch page: predictions after one epoch, and images gained and lost."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from artifacts.contract import ArchitectureResult
from portal.analysis import epochs
from portal.analysis.confusion import cell_images, confusion_frame
from portal.charts import epochs as charts
from portal.charts import results
from portal.core.text import count
from portal.ui import elements

SHOWN = 24


def one_epoch(
    result: ArchitectureResult, predictions_EN: np.ndarray, found: epochs.Learning, validation: Mapping[str, np.ndarray]
) -> None:
    """Draw the epoch slider and its charts; `predictions_EN` are the network's predictions after each epoch."""
    labels, last = validation["labels"], len(predictions_EN)
    epoch = _epoch(result, last)
    changes = epochs.change_frame(found)
    _matrix(result.name, epoch, predictions_EN, found, validation, epochs.epoch_sentence(changes, epoch, len(labels)))
    if last > 1:
        elements.chart(
            charts.change_chart(changes, epoch, result.name, len(labels)),
            see="Accuracy shows only the difference of the two: behind a flat curve, images are still gained and lost.",
        )


def _epoch(result: ArchitectureResult, last: int) -> int:
    if last == 1:
        return 1
    key = f"epochs_{result.name}"
    elements.keep_within(key, 1, last)
    return st.slider("After epoch", 1, last, result.fit.best_epoch, key=key, bind="query-params")


def _matrix(
    name: str,
    epoch: int,
    predictions_EN: np.ndarray,
    found: epochs.Learning,
    validation: Mapping[str, np.ndarray],
    see: str,
) -> None:
    """Draw the confusion matrix after the epoch, and the images of one of its cells."""
    classes, labels, predictions = (
        elements.current_run().manifest.classes,
        validation["labels"],
        predictions_EN[epoch - 1],
    )
    frame = confusion_frame(epochs.confusion(predictions, labels, len(classes)).tolist(), classes)
    cells = epochs.cells_over_epochs(predictions_EN, labels, classes)
    cell = st.selectbox("Cell: true → predicted", cells, key="epochs_cell", bind="query-params")
    elements.chart(
        results.confusion_matrix(frame, cell, split="validation", of=f"{name} after epoch {epoch}"),
        see=see,
        key="epochs_matrix",
        on_select=elements.follow_click("epochs_matrix", "cell", "epochs_cell"),
    )
    behind = cell_images(labels, predictions, frame[frame["cell"] == cell].iloc[0])
    counted = (
        f"**{cell}** after epoch {epoch}: {count(len(behind), 'image')}, the first {min(len(behind), SHOWN)} below."
    )
    st.markdown(f"{counted} Move the slider and watch the cell fill or empty.")
    behind = behind[:SHOWN]
    captions = [epochs.history(found, number) for number in behind]
    elements.gallery(validation["images"][behind], captions, columns=12, scale=3)
