"""Lecture mode, `?lecture=1`: larger text, and answers hidden until they are requested."""

from collections.abc import Mapping

import altair as alt
import streamlit as st

from portal import charts
from portal.takeaway import page_record
from portal.ui import phones, view

PARAMETER, _TOGGLE, _SHOWN, _PAGE = "lecture", "lecture_on", "lecture_shown", "lecture_page"
SHORTCUT = "A"
LABEL, TITLE = 16, 18  # pixels of a chart's text
NARROW, NARROW_LABEL = 400, 10  # on a plot narrower than this many pixels, larger labels side by side would touch


def is_on() -> bool:
    """Whether lecture mode is on; the URL decides, so that a copied link opens in the same mode."""
    return st.query_params.get(PARAMETER) in ("1", "true")


def pick(page: str) -> None:
    """Draw the switch in the sidebar, which changes the URL; called once per page, by the entrypoint."""
    if st.session_state.get(_PAGE) not in (None, page) and st.session_state[_TOGGLE] and not is_on():
        st.query_params[PARAMETER] = "1"  # the browser drops what is not a widget's from the URL of the next page
    st.session_state[_PAGE] = page
    # Not bound by Streamlit: it would write and read `true`, and links for a class are typed by hand.
    st.session_state[_TOGGLE] = is_on()
    explained = "For the projector: larger text, and answers hidden until you press “Show the answer” or the key A."
    st.sidebar.toggle("Lecture mode", key=_TOGGLE, on_change=_write, help=explained)
    with st.sidebar:
        _invite("phones")


def _invite(key: str) -> None:
    """To this page as it is without a projector."""
    phones.button(key, leave_out=(PARAMETER, view.PARAMETER))


def _write() -> None:
    if st.session_state[_TOGGLE]:
        st.query_params[PARAMETER] = "1"
    elif PARAMETER in st.query_params:
        del st.query_params[PARAMETER]


def turn(page: str, pages: Mapping[str, st.Page]) -> None:
    """In lecture mode, draw buttons for the previous and next page, with the keys B and F: N belongs to the quiz."""
    if not is_on():
        return
    names = list(pages)
    place = names.index(page)
    with st.container(horizontal=True, key="turn"):
        for step, label, icon in ((-1, "Back", "arrow_back"), (1, "Forward", "arrow_forward")):
            goal, key, letter = place + step, f"turn_{label}", label[0]
            there = 0 <= goal < len(names)
            said = f"{label}: {pages[names[goal]].title}" if there else f"{label}: no more pages"
            sign = f":material/{icon}:"
            if st.button(said, key=key, icon=sign, type="tertiary", shortcut=letter, disabled=not there):
                st.switch_page(pages[names[goal]], query_params=_carried())
        _invite("phones_turn")


def _carried() -> dict[str, str]:
    """URL parameters for the next page: lecture mode and hidden parts; the run picker keeps the run by itself."""
    return {key: st.query_params[key] for key in (PARAMETER, "hide") if key in st.query_params}


def hides(answer: str) -> bool:
    """Whether the answer of this name is hidden; if so, draw a button that shows it.

    The key A presses the page's first such button, so that a lecturer shows one answer after the other.
    """
    shown: list[str] = st.session_state.setdefault(_SHOWN, [])
    key = f"{_SHOWN} {st.session_state.get(_PAGE)}: {answer}"
    if not is_on() or key in shown:
        return False
    shortcut = SHORTCUT if page_record.is_first("answer") else None
    icon = ":material/visibility:"
    st.button("Show the answer", key=key, icon=icon, shortcut=shortcut, on_click=shown.append, args=(key,))
    return True


def enlarged(figure: charts.Figure) -> charts.Figure:
    """The chart with larger text in lecture mode; otherwise unchanged."""
    if not is_on():
        return figure
    if isinstance(figure, alt.LayerChart):  # facets have no signal `width`
        size = alt.ExprRef(f"width < {NARROW} ? {NARROW_LABEL} : {LABEL}")
        figure = figure.configure_axisX(labelFontSize=size)
    return (
        figure.configure_axis(labelFontSize=LABEL, titleFontSize=TITLE)
        .configure_legend(labelFontSize=LABEL, titleFontSize=TITLE)
        .configure_header(labelFontSize=LABEL, titleFontSize=TITLE)
        .configure_text(fontSize=LABEL)
    )
