"""Sections of the Overview page: links to the other pages, and the conditions of the run."""

from collections.abc import Mapping
from itertools import groupby

import streamlit as st

from artifacts.contract import Manifest, StageClock
from portal.charts import overview
from portal.core.navigation import PAGES, named
from portal.core.text import profile_note, training_time
from portal.ui import elements


def invitations() -> None:
    """Draw links to the best pages to try next."""
    grid = st.grid(4, min_column_width=190, border=True)
    for name, invitation in overview.INVITATIONS.items():
        with grid.cell():
            page = named(name)
            elements.link(page, f"**{page.title}**")
            st.caption(invitation)


def conditions(manifest: Manifest) -> None:
    """Draw the profile, training time, hardware, and changed settings of the run."""
    if note := profile_note(manifest):
        st.caption(f":material/info: {note}")
    clocks = [elements.optional(StageClock, StageClock.path(stage)) for stage in manifest.stages]
    if length := training_time(clocks, manifest.machine):
        st.caption(f":material/schedule: {length}")
    if manifest.settings:
        with st.expander("Changed settings"):
            st.code("\n".join(manifest.settings), language=None)


def steps(found: Mapping[str, str]) -> None:
    """Draw a card for each other page, by section of the menu: what the step does, and what it `found`."""
    if found:
        st.caption(
            "Brackets show 95 % confidence intervals (over test images for a single seed, otherwise over seeds)."
        )
    for section, pages in groupby(PAGES[1:], lambda page: page.section):
        st.markdown(f"**{section}**")
        grid = st.grid(4, min_column_width=190, border=True)
        for page in pages:
            with grid.cell():
                elements.link(page, f"**{page.title}**")
                st.caption(f"{page.step}.  \n{found.get(page.name, '')}")
