"""The overview's ways into the other pages, and under what conditions the run was made."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from artifacts.contract import Manifest, StageClock
from portal.charts import overview
from portal.core.navigation import PAGES, named
from portal.core.text import profile_note, training_time
from portal.ui import elements


def invitations() -> None:
    """Links to the best pages to try next, the photo first."""
    grid = st.grid(4, min_column_width=190, border=True)
    for name, invitation in overview.INVITATIONS.items():
        with grid.cell():
            page = named(name)
            elements.link(page, f"**{page.title}**")
            st.caption(invitation)


def conditions(manifest: Manifest) -> None:
    """Which profile, how much training it was, on what, and the settings that were changed."""
    if note := profile_note(manifest):
        st.caption(f":material/info: {note}")
    clocks = [elements.optional(StageClock, StageClock.path(stage)) for stage in manifest.stages]
    if length := training_time(clocks, manifest.machine):
        st.caption(f":material/schedule: {length}")
    if manifest.settings:
        with st.expander("Changed settings"):
            st.code("\n".join(manifest.settings), language=None)


def steps(found: Mapping[str, str]) -> None:
    """A card for each page but this one, by the menu's sections: what the step does, and what it `found`."""
    if found:
        st.caption(
            "Brackets show 95 % confidence intervals (over test images for a single seed, otherwise over seeds)."
        )
    for section in overview.sections(PAGES[1:]):
        st.markdown(f"**{section.title}**")
        grid = st.grid(4, min_column_width=190, border=True)
        for page in section.pages:
            with grid.cell():
                elements.link(page, f"**{page.title}**")
                st.caption(f"{page.step}.  \n{found.get(page.name, '')}")
