"""Elements that all pages share: the selected run, its artifacts, headings, charts, pictures, and tables.

Only the modules of `portal.ui`, the entrypoint, and the pages import Streamlit.
"""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Literal, NoReturn, TypeVar, cast

import numpy as np
import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler
from streamlit.typing import VegaLiteState

from artifacts.contract import ArtifactError
from artifacts.store import Run
from portal import charts
from portal.charts import spec as chart_spec
from portal.core import memo, pictures, text
from portal.core.navigation import PageInfo, available_pages
from portal.core.runs import RunPlace, command_for, find_runs, is_deck_data
from portal.core.text import Beside
from portal.takeaway import page_record
from portal.takeaway.files import file_name
from portal.takeaway.page_record import Picture, Table
from portal.ui import lecture, view

T = TypeVar("T")
MOST_ROWS = 15  # of a table that is shown in full height; a longer one scrolls

# ------------------------------------------------------------------------------------------------------------ runs


# The run of the current script run: a page asks for it twenty times, and finding it reads the disk a dozen times.
_found: ContextVar[Run | None] = ContextVar("run", default=None)


def pick_run() -> None:
    """Draw the run picker in the sidebar if there is more than one run; called once, by the entrypoint."""
    _found.set(None)
    places = find_runs()
    if not places:
        stop_with("There is no run to show yet: make one with `python -m pipeline run-all`.")
    if len(places) > 1:
        names = [place.name for place in places]
        st.sidebar.selectbox("Run", names, key="run", bind="query-params", help="Which study the pages show.")


def current_run() -> Run:
    """Return the run that the visitor selected, or the first one."""
    if known := _found.get():
        return known
    places = find_runs()
    picked = st.session_state.get("run")
    place = next((place for place in places if place.name == picked), places[0])
    try:
        run = _open(place, (place.folder / "manifest.json").stat().st_mtime_ns)
    except (ArtifactError, OSError) as error:
        stop_with(f"The run {place.name} cannot be opened: {error}")
    _found.set(run)
    return run


@st.cache_resource(max_entries=16)
def _open(place: RunPlace, changed: int) -> Run:
    """Open the run; the manifest's time of change is part of the key, so a run that changes is read again."""
    return Run(place.folder)


# ------------------------------------------------------------------------------------------------------- artifacts


def document(kind: type[T], path: str | None = None) -> T:
    """Load a document of the current run; if it is missing or damaged, one sentence replaces the rest of the page."""
    where = path or kind.PATH  # type: ignore[attr-defined]
    return or_stop(where, lambda run: _document(str(run.folder), where, _sha256(run, where), run, kind))


def arrays(path: str) -> dict[str, np.ndarray]:
    """Load the arrays of one file of the current run, read-only; missing or damaged: as for `document`."""
    return or_stop(path, lambda run: _arrays(str(run.folder), path, _sha256(run, path), run))


def optional(kind: type[T], path: str | None = None) -> T | None:
    """Load a document of the current run; None if the run has none, or, after a warning, if it is damaged."""
    where = path or kind.PATH  # type: ignore[attr-defined]
    return or_none(where, lambda run: _document(str(run.folder), where, _sha256(run, where), run, kind))


def optional_arrays(path: str) -> dict[str, np.ndarray] | None:
    """Load the arrays of one file of the current run, or None if the run has none; damaged: as for `optional`."""
    return or_none(path, lambda run: _arrays(str(run.folder), path, _sha256(run, path), run))


def or_none(path: str, load: Callable[[Run], T]) -> T | None:
    """Return `load(run)`, which reads the file `path`; None if it is missing, or, after a warning, if it is damaged."""
    run = current_run()
    if not run.has(path):
        return None
    page_record.note_path(path)
    try:
        return load(run)
    except ArtifactError as error:
        st.warning(_sentence(error, path), icon=":material/warning:")
        return None


def or_stop(path: str, load: Callable[[Run], T]) -> T:
    """Return `load(run)`, which reads the file `path`; if it is missing or damaged, one sentence ends the page."""
    page_record.note_path(path)
    try:
        return load(current_run())
    except ArtifactError as error:
        stop_with(_sentence(error, path))


def _sentence(error: ArtifactError, path: str) -> str:
    return f"{str(error).rstrip('.')}; make it with `{command_for(path)}`."


def _sha256(run: Run, path: str) -> str:
    """The checksum of `path` in the manifest, used as the cache key; empty if the manifest does not list it."""
    record = run.manifest.files.get(path) or run.manifest.clock_files.get(path)
    return record.sha256 if record else ""


@st.cache_resource(max_entries=128)
def _document(folder: str, path: str, sha256: str, _run: Run, _kind: type[T]) -> T:
    return _run.document(_kind, path)


@st.cache_resource(max_entries=32)
def _arrays(folder: str, path: str, sha256: str, _run: Run) -> dict[str, np.ndarray]:
    loaded = _run.arrays(path)
    for array in loaded.values():
        array.flags.writeable = False  # one copy serves every visitor
    return loaded


def stop_with(sentence: str) -> NoReturn:
    """Show one sentence and end the page."""
    st.info(sentence, icon=":material/info:")
    st.stop()


# ------------------------------------------------------------------------------------------------------- elements


def opening(question: str, look: str = "", act: str = "") -> None:
    """Draw the page's first lines: its question, what to look at first, and one thing to do there."""
    if lecture.is_on():
        st.subheader(question, anchor=False)
        return
    st.markdown(f"**{question}**")
    if look and not view.hidden(view.PATH):
        st.markdown(f":material/visibility: **Look first:** {look}  \n:material/touch_app: **Then try:** {act}")


def contents(*sections: str) -> None:
    """Draw links to the sections of a long page, by their headings."""
    if not lecture.is_on():
        # Streamlit's anchor of a heading is formed as the name of a file is.
        st.markdown(" · ".join(f"[{name}](#{file_name(name)})" for name in sections))


def takeaway(sentence: str) -> None:
    """Draw the page's last line, what to remember; in lecture mode only on request."""
    if not view.hidden(view.TAKEAWAY) and not lecture.hides("what to remember"):
        st.success(f"### {sentence}" if lecture.is_on() else f"**Remember:** {sentence}", icon=":material/lightbulb:")


def provenance(*, split: str, images: int | None = None, seeds: int = 1, accuracies_near: float | None = None) -> None:
    """Draw a caption with split, images, seeds, profile, hardware, and the interval near the given accuracy."""
    if not view.hidden(view.PROVENANCE):
        st.caption(text.provenance(current_run().manifest, split, images, seeds, accuracies_near))


def with_deck() -> bool:
    """Whether to show the deck's figures: the data set is the same, and the link does not hide them."""
    return is_deck_data(current_run().manifest) and not view.hidden(view.DECK)


def part(name: str, draw: Callable[[], None]) -> None:
    """Draw a part of the page as a fragment: its controls rerun only this part. At most one on each page.

    In lecture mode it is not a fragment, since the next answer to show may be anywhere on the page.
    """
    record = page_record.current()

    def noted() -> None:
        with page_record.part(record, name):
            draw()

    if lecture.is_on():
        noted()
    else:
        st.fragment(noted)()


def _small(sentence: str) -> None:
    """Draw the sentence below a chart: a caption, or larger than the rest in lecture mode."""
    if lecture.is_on():
        st.subheader(sentence, anchor=False)
    else:
        st.caption(sentence)


def link(page: PageInfo, label: str | None = None, icon: str | None = None) -> None:
    """Draw a link to another page, if its file exists."""
    if page in available_pages():
        st.page_link(page.file, label=label or page.title, icon=icon or page.icon)


def one_of(label: str, options: Sequence[T], *, key: str, default: T | None = None, help: str | None = None) -> T:
    """Draw a segmented control bound to the URL and return its value; `default`, or the first option, if it has none.

    A link such as `?key=` clears the control although a choice is required.
    """
    first = options[0] if default is None else default
    picked = st.segmented_control(label, options, default=first, key=key, bind="query-params", required=True, help=help)
    return first if picked is None else picked


def chart(
    figure: charts.Figure,
    *,
    see: str,
    key: str | None = None,
    on_select: Literal["ignore", "rerun"] | Callable[[], None] = "ignore",
) -> VegaLiteState | None:
    """Draw a chart as wide as the page below its title and n, then the sentence on what to see.

    In lecture mode the sentence is shown only on request. With `on_select` "rerun" or a callback, `key`, and a named
    selection, returns the visitor's selection, else None. ValueError without title, subtitle, or description.
    """
    charts.check_titled(figure)
    page_record.note(figure)
    large = lecture.is_on()
    _heading(*map(text.escaped, charts.heading(figure)))
    spec = memo.beside(figure, large, lambda: chart_spec.with_arrow(lecture.enlarged(figure)))
    event = st.vega_lite_chart(spec=spec, width="stretch", key=key, on_select=on_select)
    if not lecture.hides(figure.title.text):
        _small(see)
    return cast("VegaLiteState", event) if on_select != "ignore" else None


def _heading(title: str, subtitle: str) -> None:
    """Draw a chart's title and subtitle as text, which wraps with the page."""
    if lecture.is_on():
        st.subheader(title, anchor=False)
        st.markdown(subtitle)
    else:
        st.markdown(f"**{title}**  \n:small[:gray[{subtitle}]]")


def keep_within(key: str, low: int, high: int) -> None:
    """Drop the value of the control `key` if it is out of range, as after a change of run; call before drawing."""
    if not low <= st.session_state.get(key, low) <= high:
        del st.session_state[key]


def follow_click(chart_key: str, field: str, widget_key: str) -> Callable[[], None]:
    """Return a callback for `chart` that copies a click into the widget `widget_key`, which holds the choice.

    The chart's point selection is named `field` and has that field.
    """

    def move_widget() -> None:
        clicked = st.session_state[chart_key].selection.get(field)
        if clicked:
            st.session_state[widget_key] = clicked[0][field]

    return move_widget


GAP = 6  # CSS pixels between the pictures of a row


def gallery(images_NSS: np.ndarray, captions: Sequence[str], *, columns: int, scale: float = 4) -> None:
    """Draw gray images enlarged `scale` times with captions, at most `columns` in a row, fewer on a narrow screen."""
    width = round(images_NSS.shape[2] * scale)
    files = [pictures.png(image, _pixels(scale), margin=_pixels(GAP)) for image in images_NSS]
    width += GAP  # Streamlit draws the pictures of a row without a gap
    for png, caption in zip(files, captions, strict=True):
        page_record.note(Picture(png, caption, caption, width))
    if files:
        with st.container(width=columns * width):
            # One element with the files inside: otherwise each picture is a message and a request of its own.
            st.image([pictures.data_url(png) for png in files], caption=list(captions), width=width, alt=list(captions))


def strip(images_NSS: np.ndarray, alt: str, *, scale: float = 3) -> None:
    """Draw gray images side by side as one picture, which `alt` describes; a narrow screen shows it smaller."""
    joined = pictures.strip(images_NSS)
    width = round(joined.shape[1] * scale) + GAP
    png = pictures.png(joined, _pixels(scale), margin=_pixels(GAP))
    page_record.note(Picture(png, "", alt, width))
    st.image(pictures.data_url(png), width=width, alt=alt)


def picture(image: np.ndarray, *, width: int, alt: str, caption: str | None = None) -> None:
    """Draw a picture, uint8 (H, W) or (H, W, 3), `width` CSS pixels wide, with square corners as in `gallery`."""
    st.image(pictures.framed(image, GAP / width), caption=caption, width=width, alt=alt)


def _pixels(scale: float) -> int:
    """Screen pixels for each image pixel: two for each CSS pixel, so that pictures stay sharp on dense screens."""
    return max(1, round(2 * scale))


def table(frame: pd.DataFrame | Styler, formats: Mapping[str, str] | None = None, *, alt: str) -> None:
    """Draw a sortable table with a pinned first column; beyond MOST_ROWS rows it scrolls. `formats`: of numbers."""
    plain = frame if isinstance(frame, pd.DataFrame) else frame.data
    page_record.note(Table(alt, plain))
    columns = {name: st.column_config.NumberColumn(format=form) for name, form in (formats or {}).items()}
    columns[plain.columns[0]] = st.column_config.Column(pinned=True)
    height: Literal["content", "auto"] = "content" if len(plain) <= MOST_ROWS else "auto"
    st.dataframe(frame, hide_index=True, height=height, column_config=columns, alt=alt, placeholder="–")


def small_table(frame: pd.DataFrame, *, name: str, hide_index: bool = False, shown: pd.DataFrame | None = None) -> None:
    """Draw a table of a few rows in full; `name` is its name among the downloads.

    `shown` replaces the frame on the page, for example with the same figures in fewer columns for a phone.
    """
    page_record.note(Table(name, frame))
    printed = (frame if shown is None else shown).map(lambda value: text.breakable(str(value)))
    st.table(printed, hide_index=hide_index, border="horizontal")


def beside_deck(rows: Sequence[Beside]) -> None:
    """Draw a table of this run's figures, each with its split and n, next to the deck's.

    There is no deck column if the run's data set is another one.
    """
    deck = {"Deck": [row.deck for row in rows]} if with_deck() else {}
    figures, ours, where = [row.what for row in rows], [row.ours for row in rows], [row.measured_on for row in rows]
    run = "This run [95 % interval]"
    plain = {"Figure": figures, run: ours, "Measured on": where, **deck}
    page_record.note(Table("Figures beside the deck's" if deck else "Figures", pd.DataFrame(plain)))
    under = [f"{figure}  \n:small[:gray[{measured_on}]]" for figure, measured_on in zip(ours, where, strict=True)]
    columns = {"Figure": figures, run: under, **deck}
    printed = pd.DataFrame(columns).map(text.breakable)
    st.table(printed, hide_index=True, border="horizontal")
