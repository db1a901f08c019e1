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

st.set_page_config(page_title="Fashion-MNIST study", page_icon=":material/checkroom:", layout="wide")

sections: dict[str, list[st.Page]] = {}
for info in available_pages():
    page = st.Page(info.file, title=info.title, icon=info.icon, default=info.name == "overview")
    sections.setdefault(info.section, []).append(page)
current = st.navigation(sections, expanded=True)

ui.pick_run()
st.title(current.title)
current.run()
