"""What the address takes off a page for a projector, `?hide=exercises,sidebar`, and the style sheet of all pages."""

from __future__ import annotations

import streamlit as st

from portal import lecture_ui

PARAMETER = "hide"
EXERCISES, TAKEAWAY, DOWNLOADS, PROVENANCE, DECK, SIDEBAR = PARTS = (
    "exercises",
    "takeaway",
    "downloads",
    "provenance",
    "deck",
    "sidebar",
)
_WANTED = "hide_wanted"
_GAP = '[data-testid="stImage"] > div, [data-testid="stImageContainer"] {column-gap: 0.4rem}'
# Sizes only, no colours: what Streamlit draws in light and in dark stays as it is.
_LARGE = """
[data-testid="stMarkdownContainer"] :is(p, li), [data-testid="stMain"] [data-testid="stWidgetLabel"] p {
    font-size: 1.35rem; line-height: 1.5}
[data-testid="stMain"] [data-testid="stCaptionContainer"] :is(p, li) {font-size: 1.15rem}
[data-testid="stMain"] [data-testid="stTable"] :is(td, th, td p, th p) {font-size: 1.25rem}
[data-testid="stMetricLabel"] p {font-size: 1.2rem}
[data-testid="stMetricValue"] {font-size: 2.3rem}
[data-testid="stSidebar"] [data-testid="stMarkdownContainer"] p {font-size: 1rem}
"""
# Streamlit draws data frames on a canvas, whose text only its size as a whole enlarges.
_FRAMES = '[data-testid="stDataFrame"] {zoom: 1.25}'
_NO_SIDEBAR = '[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"] {display: none}'


def hidden(name: str) -> bool:
    """Whether the address hides the part or the control of this name."""
    return name in _asked()


def _asked() -> list[str]:
    given = ",".join(st.query_params.get_all(PARAMETER))
    return [name for word in given.split(",") if (name := word.strip())]


def follow(page: str) -> None:
    """Once a page, before it is drawn: the style, and the address kept, from which a browser drops what is unbound."""
    before, wanted = st.session_state.get(_WANTED, (page, ""))
    if before != page and wanted and not _asked():
        st.query_params[PARAMETER] = wanted
    st.session_state[_WANTED] = (page, ",".join(_asked()))
    sheet = _GAP + (_LARGE + _FRAMES if lecture_ui.is_on() else "") + "".join(_rule(name) for name in _asked())
    st.html(f"<style>{sheet}</style>")


def _rule(name: str) -> str:
    """A control's key is a class of its element; the key is checked, since it becomes part of the style sheet."""
    if name == SIDEBAR:
        return _NO_SIDEBAR
    return f".st-key-{name} {{display: none}}" if name not in PARTS and name.isidentifier() else ""


def say_unknown() -> None:
    """One sentence for names that are neither a part nor a control of the page; called once it is drawn."""
    known = {*PARTS, *map(str, st.session_state)}
    unknown = [name for name in _asked() if name not in known]
    if unknown:
        names = ", ".join(name if name.isidentifier() else "one that is no name" for name in unknown)
        st.caption(f"Nothing on this page is called {names}, so it is not hidden. Parts: {', '.join(PARTS)}.")
