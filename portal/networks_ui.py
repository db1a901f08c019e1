"""The networks that the pages compare: the study's seven, and a visitor's own beside them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from artifacts.contract import ArchitecturesSummary
from portal import networks, ui


def validation_networks(summary: ArchitecturesSummary) -> dict[str, np.ndarray]:
    """Each network's probabilities, float16 or float32 (N, C), of the images in data/validation.npz, by its name.

    The study's are of each network's best epoch, own networks are asked once. What is missing or damaged stops the
    page with one sentence.
    """
    study = {
        result.name: ui.arrays(f"architectures/{result.name}.npz")["val_probabilities"] for result in summary.results
    }
    return study | ui.or_stop(networks.VALIDATION, networks.validation_answers)


def say_own_networks() -> None:
    """In the sidebar, for the entrypoint: which own networks take part, and which folders hold one that cannot."""
    found = networks.own_networks(ui.current_run())
    for network in found.networks:
        author = f", by {network.author}" if network.author else ""
        st.sidebar.text(f"{network.name}: {network.parameters:,} parameters{author}")
    for fault in found.faults:
        st.sidebar.text(fault)
