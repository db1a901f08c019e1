"""Elements that describe one network: learning curves, drawing, and table of layers."""

import streamlit as st

from artifacts.contract import ArchitectureResult, Fit
from portal.charts import architectures, drawing
from portal.ui import elements


def learning_curves(fit: Fit, name: str, *, accuracy: str, loss: str) -> None:
    """Draw accuracy and loss after each epoch, each with the given sentence below."""
    left, right = st.columns(2, gap="medium")
    with left:
        elements.chart(architectures.learning_curves(fit, "accuracy", name), see=accuracy)
    with right:
        elements.chart(architectures.learning_curves(fit, "loss", name), see=loss)


def layers(result: ArchitectureResult) -> None:
    """Draw the network from image to output, its cost by layer, and a table of all layers in an expander."""
    frame = architectures.layer_frame(result)
    drawn = drawing.frame(drawing.boxes(result, elements.current_run().manifest.image_size))
    meaning = architectures.CONFIDENCE.get(result.confidence, "")
    left, right = st.columns(2, gap="medium")
    with left:
        elements.chart(drawing.network(drawn, result.name), see=drawing.FAMILIES.get(result.family, ""))
    with right:
        elements.chart(architectures.layers(frame, result.name), see=architectures.where_the_weight_is(frame))
        st.caption(
            "Reconstructed from the published counts: the numbers of layers and parameters equal the deck's exactly. "
            f"Confidence in the details: {result.confidence}{meaning}."
        )
    with st.expander(f"All {len(frame)} layers as a table"):
        elements.table(frame, {"parameters": "localized", "macs": "%.3f"}, alt=f"The layers of {result.name}")
