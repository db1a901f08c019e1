"""Parts of the tuning page that a run may lack: rungs, importances, how the ranges were cut, the best trials again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from artifacts.contract import ConfirmSummary, ImportancesSummary, RangeCut, SearchSummary
from artifacts.deck import TrialPoint
from portal.analysis import importances, search_log, search_rungs
from portal.charts import confirm
from portal.charts import importances as charts
from portal.charts.rungs import rungs
from portal.ui import elements

SLICES_A_ROW = 3


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


def importance(picked: str, points: Sequence[TrialPoint]) -> None:
    """Which hyper-parameter matters in the picked search, and its slices, with the deck's `points` marked."""
    search = importances.of_search(elements.optional(ImportancesSummary), picked)
    if search is None or not search.trials:
        return
    st.subheader("Which hyper-parameter matters")
    elements.chart(charts.importances(search), see=importances.importance_sentence(search))
    st.markdown(importances.limits_sentence(search))
    for first in range(0, len(search.parameters), SLICES_A_ROW):
        columns = st.columns(SLICES_A_ROW, gap="medium")
        for column, each in zip(columns, search.parameters[first : first + SLICES_A_ROW], strict=False):
            with column:
                elements.chart(charts.slice_of(search, each, points), see=importances.slice_sentence(search, each))


def range_cut() -> None:
    """How the fine ranges came from the coarse search, where the run has got that far."""
    cut = elements.optional(RangeCut)
    if cut is None:
        return
    st.subheader("How the ranges were cut")
    st.markdown(search_log.cut_sentence(cut))
    elements.small_table(search_log.cut_table(cut), name="How the ranges were cut")


def confirmation() -> None:
    """The best trials trained again with new seeds, where the run has got that far."""
    summary = elements.optional(ConfirmSummary)
    if summary is None:
        return
    st.subheader("What new seeds leave of it")
    elements.chart(confirm.confirmation(summary), see=confirm.confirmation_sentence(summary))
    elements.small_table(confirm.confirmation_table(summary), name="The best trials, trained again")
