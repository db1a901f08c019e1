"""The end of every page, drawn by the entrypoint: exercises, downloads, and links to the next pages."""

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from portal import charts
from portal.core import text
from portal.core.navigation import named, neighbors
from portal.takeaway import files, notebook
from portal.takeaway.page_record import PageRecord
from portal.ui import elements, lecture, view
from portal.ui.exercises import Choice, Exercise, exercises_of

EXERCISES, TAKE_AWAY = "exercises", "take_away"
DATA = {"CSV": ("csv", files.csv), "Parquet": ("parquet", files.parquet)}
DRAWINGS = {"PNG": ("png", files.png), "SVG": ("svg", files.svg)}


@st.fragment
def closing(record: PageRecord) -> None:
    """Draw the exercises and the downloads of a page; both compute nothing until they are opened."""
    found = () if view.hidden(view.EXERCISES) else exercises_of(record.page)
    if found:
        label, icon = f"Exercises ({len(found)})", ":material/quiz:"
        with st.expander(label, key=EXERCISES, icon=icon, on_change="rerun", bind="query-params") as part:
            if part.open:
                _exercises(record.page, found)
    if lecture.is_on() or view.hidden(view.DOWNLOADS):
        return  # no downloads on a projector
    label, icon = "Take away: link, command, notebook, data, charts", ":material/download:"
    with st.expander(label, key=TAKE_AWAY, icon=icon, on_change="rerun", bind="query-params") as part:
        if part.open:
            _take_away(record)


def previous_and_next(page: str) -> None:
    """Draw links to the previous and the next page; in lecture mode they are above the page instead."""
    if lecture.is_on() or view.hidden(view.PATH):
        return
    before, after = neighbors(page)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        if before:
            elements.link(before, f"Previous: {before.title}", ":material/arrow_back:")
        if after:
            elements.link(after, f"Next: {after.title}", ":material/arrow_forward:")


# ------------------------------------------------------------------------------------------------------- exercises


def _exercises(page: str, found: tuple[Exercise, ...]) -> None:
    manifest = elements.current_run().manifest
    facts = {"classes": len(manifest.classes), "side": manifest.image_size}
    for number, exercise in enumerate(found):
        key = f"exercise_{page}_{number}"
        texts = {choice.text.format(**facts): choice for choice in exercise.choices}
        question = f"**{number + 1}. {exercise.question.format(**facts)}**"
        picked = st.radio(question, list(texts), index=None, key=key, persist_state="session")
        chosen = texts.get(picked or "")
        if chosen and not lecture.hides(f"exercise {number + 1}"):
            st.markdown(_reply(chosen, facts))


def _reply(choice: Choice, facts: dict[str, int]) -> str:
    sign = ":material/check_circle: **Right.**" if choice.right else ":material/cancel: **Not so.**"
    return f"{sign} {choice.because.format(**facts)}"


# ------------------------------------------------------------------------------------------------------- take away


def _take_away(record: PageRecord) -> None:
    st.markdown("**This view**, with everything chosen on it:")
    st.code(view.link({TAKE_AWAY}), language=None, wrap_lines=True)
    if record.commands:
        st.markdown("**Made by** the pipeline, which any copy of this project can repeat:")
        st.code("\n".join(record.commands), language="bash")
    names = files.Names(record.page)
    _offer_notebook(record)
    for figure in record.figures:
        title, _ = charts.heading(figure)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(text.escaped(title), width=360)
            for label, (suffix, make) in DRAWINGS.items():
                _offer(label, names.file(title, suffix), partial(make, figure))
            for number, frame in enumerate(files.frames_of(figure), 1):
                _offer_data(names, title, frame, number)
    for table in record.tables:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(table.name, width=360)
            _offer_data(names, table.name, table.frame, 1)
    if record.paths:
        paths = ", ".join(f"`{path}`" for path in record.paths)
        st.caption(f"The page reads {paths} of the run. A chart is drawn when its button is pressed.")


def _offer_notebook(record: PageRecord) -> None:
    """Offer the page's charts as a notebook, alone and with its Parquet files."""
    if not record.figures:
        return
    about = (named(record.page).title, view.link({TAKE_AWAY}))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**All charts as a Jupyter notebook**, which reads the Parquet files", width=360)
        _offer("Notebook", f"{record.page}.ipynb", partial(notebook.notebook, record, *about))
        _offer("Notebook and data", f"{record.page}.zip", partial(notebook.with_data, record, *about))


def _offer_data(names: files.Names, title: str, frame: pd.DataFrame, number: int) -> None:
    for label, (suffix, make) in DATA.items():
        name = names.data(title, number, suffix)
        _offer(label if number == 1 else f"{label} {number}", name, partial(make, frame))


def _offer(label: str, name: str, make: Callable[[], bytes]) -> None:
    """Draw a download button; its file is made only when it is pressed."""
    st.download_button(label, make, name, key=f"{TAKE_AWAY}_{name}", on_click="ignore", help=name)
