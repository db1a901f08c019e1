"""Says in the sidebar which networks of a visitor's own take part, and which folders hold one that cannot."""

from __future__ import annotations

import streamlit as st

from portal import networks, ui


def say() -> None:
    """Nothing where no folder of own networks is; called once, by the entrypoint."""
    found = networks.own_networks(ui.current_run())
    for network in found.networks:
        author = f", by {network.author}" if network.author else ""
        st.sidebar.text(f"{network.name}: {network.parameters:,} parameters{author}")
    for fault in found.faults:
        st.sidebar.text(fault)
