"""Parts of the tuning page that a run may lack: how the search spent its epochs, and the best trials trained again."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from artifacts.contract import ConfirmSummary, SearchSummary
from portal.analysis import search_rungs
from portal.charts import confirm
from portal.charts.rungs import rungs
from portal.ui import elements


def policy(searches: Mapping[str, SearchSummary], picked: str) -> None:
    """What a search does with a trial and what that cost; for a search with rungs, who went on."""
    st.subheader("How much training a trial gets")
    st.markdown(search_rungs.policy_sentence(searches))
    if searches[picked].rungs:
        elements.chart(
            rungs(search_rungs.rung_frame(searches[picked]), picked),
            see="Follow a line to see what more training gave a trial; lines that cross are trials which a short "
            "training would have put in another order.",
        )


def confirmation() -> None:
    """The best trials trained again with new seeds, where the run has got that far."""
    summary = elements.optional(ConfirmSummary)
    if summary is None:
        return
    st.subheader("What new seeds leave of it")
    elements.chart(confirm.confirmation(summary), see=confirm.confirmation_sentence(summary))
    elements.small_table(confirm.confirmation_table(summary), name="The best trials, trained again")
