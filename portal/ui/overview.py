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
    """Links to the pages where a visitor does something, the photo first."""
    there = {page.name for page in PAGES}
    with st.container(horizontal=True):
        for name, invitation in overview.INVITATIONS.items():
            if name in there:
                elements.link(named(name), f"**{invitation}**")


def metric(figure: overview.Metric) -> None:
    """A figure in a box, its 95 % interval in small below it."""
    st.metric(
        figure.label,
        figure.value,
        figure.interval or None,
        border=True,
        help=figure.note,
        delta_color="off",
        delta_arrow="off",
        height="stretch",
    )


def conditions(manifest: Manifest) -> None:
    """Which profile, how much training it was, on what, and the settings that were changed."""
    if note := profile_note(manifest):
        st.caption(f":material/info: {note}")
    clocks = [elements.optional(StageClock, StageClock.path(stage)) for stage in manifest.stages]
    if length := training_time(clocks, manifest.machine):
        st.caption(f":material/schedule: {length}")
    if manifest.settings:
        with st.expander("The changed settings"):
            st.code("\n".join(manifest.settings), language=None)


def steps(found: Mapping[str, str]) -> None:
    """A card for each page but this one, by the menu's sections: what the step does, and what it `found`."""
    if found:
        st.caption("In square brackets: 95 % intervals, over images where there is one seed, else over seeds.")
    for section in overview.sections(PAGES[1:]):
        st.markdown(f"**{section.title}**")
        grid = st.grid(4, min_column_width=190, border=True)
        for page in section.pages:
            with grid.cell():
                elements.link(page, f"**{page.title}**")
                st.caption(f"{page.step}.  \n{found.get(page.name, '')}")
