"""The portal's entrypoint: navigation, the run picker and the page's title; nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

# `streamlit run` puts only this file's folder on the path; the packages lie beside it.
if (root := str(Path(__file__).resolve().parent.parent)) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from portal import ui
from portal.navigation import available_pages

# A file of our own: Streamlit would fetch a named icon for the browser's tab from the network.
ICON = Path(__file__).with_name("icon.png")

# Before the navigation, whose pages' icons would be fetched for the tab instead; the tab's title is the page's.
st.set_page_config(page_icon=ICON, layout="wide")

sections: dict[str, list[st.Page]] = {}
for info in available_pages():
    page = st.Page(info.file, title=info.title, icon=info.icon, default=info.name == "overview")
    sections.setdefault(info.section, []).append(page)
current = st.navigation(sections, expanded=True)

ui.pick_run()
st.title(current.title)
current.run()
