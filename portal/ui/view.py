"""URL parameters: parts of a page hidden by `?hide=exercises,sidebar`, and removal of invalid parameters."""

import math
from collections.abc import Collection
from urllib.parse import urlencode

import streamlit as st

PARAMETER = "hide"
PATH, EXERCISES, TAKEAWAY, DOWNLOADS, PROVENANCE, DECK, SIDEBAR = PARTS = (
    "path",
    "exercises",
    "takeaway",
    "downloads",
    "provenance",
    "deck",
    "sidebar",
)
_WANTED = "hide_wanted"


def hidden(name: str) -> bool:
    """Whether the address hides the part of this name."""
    return name in _asked()


def _asked() -> list[str]:
    given = ",".join(st.query_params.get_all(PARAMETER))
    return [name for word in given.split(",") if (name := word.strip())]


def drop_infinite(page: st.Page) -> None:
    """Opens the page again without the address's infinite numbers (`1e999`), if there are any.

    Streamlit's number inputs raise on them, where they quietly leave out all other values that do not fit.
    """
    given = {key: st.query_params.get_all(key) for key in st.query_params}
    fitting = {key: values for key, values in given.items() if not any(map(_is_infinite, values))}
    if fitting != given:
        st.switch_page(page, query_params=fitting)


def _is_infinite(word: str) -> bool:
    try:
        return math.isinf(float(word))
    except ValueError:
        return False


def follow(page: str) -> None:
    """Once a page, before it is drawn: keeps the address, from which a browser drops what is unbound."""
    before, wanted = st.session_state.get(_WANTED, (page, ""))
    if before != page and wanted and not _asked():
        st.query_params[PARAMETER] = wanted
    st.session_state[_WANTED] = (page, ",".join(_asked()))


def link(leave_out: Collection[str]) -> str:
    """This page's address with its controls, as the visitor's browser would show it; those of these names left out."""
    controls = {key: st.query_params.get_all(key) for key in st.query_params if key not in leave_out}
    query = urlencode(controls, doseq=True)
    return f"{st.context.url or ''}{'?' if query else ''}{query}"


def say_unknown() -> None:
    """One sentence for names that are no part; called once the page is drawn."""
    unknown = [name for name in _asked() if name not in PARTS]
    if unknown:
        names = ", ".join(name if name.isidentifier() else "one that is no name" for name in unknown)
        st.caption(f"Nothing that can be hidden is called {names}. What can: {', '.join(PARTS)}.")
