"""The overview's ways into the other pages."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from portal import ui
from portal.charts import overview
from portal.navigation import PAGES, named


def invitations() -> None:
    """Links to the pages where a visitor does something, the photo first."""
    there = {page.name for page in PAGES}
    with st.container(horizontal=True):
        for name, invitation in overview.INVITATIONS.items():
            if name in there:
                ui.link(named(name), f"**{invitation}**")


def steps(found: Mapping[str, str]) -> None:
    """A card for each page but this one, by the menu's sections: what the step does, and what it `found`."""
    for section in overview.sections(PAGES[1:]):
        st.markdown(f"**{section.title}**")
        grid = st.grid(4, min_column_width=190, border=True)
        for page in section.pages:
            with grid.cell():
                ui.link(page, f"**{page.title}**")
                st.caption(f"{page.step}.  \n{found.get(page.name, '')}")
