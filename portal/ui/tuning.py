"""Optional sections of the tuning page: rungs, importances, the fine ranges, the best trials with new seeds."""

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
BUDGET, IMPORTANCE = "Epochs per trial", "Which hyper-parameter matters"
CUT, CONFIRMED = "How the ranges were narrowed", "The best trials with new seeds"


def sections() -> list[str]:
    """The headings of the sections that the run has files for, in the order of the page."""
    optional = {IMPORTANCE: ImportancesSummary.PATH, CUT: RangeCut.PATH, CONFIRMED: ConfirmSummary.PATH}
    return [BUDGET, *(name for name, path in optional.items() if elements.current_run().has(path))]


def policy(searches: Mapping[str, SearchSummary], picked: str) -> None:
    """How many epochs the trials of a search get; for a search with rungs, which trials continue."""
    st.subheader(BUDGET)
    st.markdown(search_rungs.policy_sentence(searches))
    if searches[picked].rungs:
        elements.chart(
            rungs(search_rungs.rung_frame(searches[picked]), picked),
            see="Follow a line to see what more training adds. Where lines cross, the short training ranked the trials "
            "differently.",
        )


def importance(picked: str, points: Sequence[TrialPoint]) -> None:
    """Importances of the hyper-parameters in the selected search, and its slices with the deck's `points`."""
    search = importances.of_search(elements.optional(ImportancesSummary), picked)
    if search is None or not search.trials:
        return
    st.subheader(IMPORTANCE)
    elements.chart(charts.importances(search), see=importances.importance_sentence(search))
    st.markdown(importances.limits_sentence(search))
    for first in range(0, len(search.parameters), SLICES_A_ROW):
        columns = st.columns(SLICES_A_ROW, gap="medium")
        for column, each in zip(columns, search.parameters[first : first + SLICES_A_ROW], strict=False):
            with column:
                elements.chart(charts.slice_of(search, each, points), see=importances.slice_sentence(search, each))


def range_cut() -> None:
    """The fine ranges and the coarse trials they come from, if the run has them."""
    cut = elements.optional(RangeCut)
    if cut is None:
        return
    st.subheader(CUT)
    st.markdown(search_log.cut_sentence(cut))
    elements.small_table(search_log.cut_table(cut), name=CUT)


def confirmation() -> None:
    """The best trials trained again with new seeds, if the run has them."""
    summary = elements.optional(ConfirmSummary)
    if summary is None:
        return
    st.subheader(CONFIRMED)
    elements.chart(confirm.confirmation(summary), see=confirm.confirmation_sentence(summary))
    elements.small_table(confirm.confirmation_table(summary), name="The best trials, trained again")
