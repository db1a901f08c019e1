"""Parts of the results page."""

import numpy as np
import streamlit as st

from portal.core.text import percent
from portal.ui import elements

SHOWN = 24


def cell_gallery(cell: str, numbers: np.ndarray, images_NSS: np.ndarray, probabilities_NC: np.ndarray) -> None:
    """Show the first images of a confusion matrix's cell, by their numbers, with the predicted probability."""
    shown = numbers[:SHOWN]
    st.markdown(f"**{cell}**: {len(numbers):,} images; the first {len(shown)} with the predicted probability.")
    captions = [f"#{number}, {percent(probabilities_NC[number].max(), 0)}" for number in shown]
    elements.gallery(images_NSS[shown], captions, columns=12, scale=3)
