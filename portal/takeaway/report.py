"""The study as one HTML file: every page in its initial state, readable without a server or a network.

The pages run as they are, in Streamlit's own headless runner, so the report has their charts and texts.
"""

import logging
from collections import deque
from collections.abc import Iterator
from typing import Any

from streamlit.logger import set_log_level
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from artifacts.contract import ArtifactError, Manifest
from artifacts.store import Run
from portal.core import text
from portal.core.navigation import ROOT, PageInfo, available_pages
from portal.takeaway import files, page_record, report_html
from portal.takeaway.page_record import PageRecord

SECONDS_A_PAGE = 120
# Pages that are nothing without a visitor.
LEFT_OUT = "Try it"
CHOSEN = {"selectbox", "button_group", "slider", "number_input", "select_slider"}


def report(run: Run) -> str:
    """The HTML text. The portal must open `run` first (see core.runs.find_runs); ArtifactError if a page fails."""
    set_log_level(logging.ERROR)  # else each page warns that no visitor is there
    sections, charts = [], 0
    pages = [page for page in available_pages() if page.section != LEFT_OUT]
    with page_record.kept() as records:
        app = AppTest.from_file(str(ROOT / "portal" / "app.py"), default_timeout=SECONDS_A_PAGE)
        for page in pages:
            _open(app, page)
            section = _Section(records.get(page.name), charts)
            sections.append(f'<section id="{page.name}"><h2>{page.title}</h2>{section.html(app.main)}</section>')
            charts = section.charts
    left_out = ", ".join(page.title for page in available_pages() if page.section == LEFT_OUT)
    sections.append(_left_out(left_out))
    links = "".join(f'<li><a href="#{page.name}">{page.title}</a></li>' for page in pages)
    body = f"{_head(run.manifest)}<nav aria-label='Pages'><ul>{links}</ul></nav>{''.join(sections)}"
    return report_html.document(_title(run.manifest), body, charts)


def _left_out(titles: str) -> str:
    """What a reader would miss, said where it would stand: an example would be one picture's, not theirs."""
    said = (
        f"Not in this report: {titles}. They answer what a visitor does, a picture sent or a slider moved, and on "
        "paper nobody does anything. Start the portal to use them: `python -m portal`."
    )
    return f"<h2>{LEFT_OUT}</h2>{report_html.paragraph(said)}"


def _open(app: AppTest, page: PageInfo) -> None:
    if page.name == "overview":
        app.run()
    else:
        app.switch_page(f"../pages/{page.name}.py").run()
    if app.exception:
        raise ArtifactError(f"The page {page.title} cannot be drawn: {app.exception[0].message}.")


def _title(manifest: Manifest) -> str:
    return f"{manifest.data}: a study of {len(manifest.classes)} classes"


def _head(manifest: Manifest) -> str:
    """Title and provenance: profile, machine, and data."""
    versions = ", ".join(f"{name} {version}" for name, version in sorted(manifest.machine.versions.items()))
    sums = "; ".join(f"{name} {sha256[:16]}…" for name, sha256 in sorted(manifest.data_sha256.items()))
    lines = [
        f"Profile {manifest.profile}, seed {manifest.seed}; {text.hardware(manifest.machine)}; {versions}.",
        f"Data, by sha256: {sums or 'not recorded'}.",
        f"{text.profile_note(manifest) or ''} {text.settings_note(manifest)}".strip(),
        "Made by `python -m pipeline run-all`, written by `python -m portal report`. The pages are as they open; their "
        "controls are in the portal.",
    ]
    shown = "".join(report_html.paragraph(line, "small") for line in lines)
    return f"<h1>{report_html.text(_title(manifest))}</h1>{shown}"


class _Section:
    """One page's elements as HTML; what cannot be read from them comes from its record, in the same order."""

    def __init__(self, record: PageRecord | None, charts: int) -> None:
        self.charts = charts
        self._figures = deque(record.figures if record else ())
        self._tables = deque(record.tables if record else ())
        self._pictures: dict[tuple[str, str], deque[tuple[bytes, int]]] = {}
        for picture in record.pictures if record else ():
            self._pictures.setdefault((picture.caption, picture.alt), deque()).append((picture.png, picture.width))

    def html(self, main: Block) -> str:
        parts: list[str] = []
        row: list[tuple[bytes, str, str, int]] = []
        for element in _elements(main):
            if element.type == "image":
                row += self._found(element)
                continue
            if row:
                parts.append(report_html.pictures(row))
                row = []
            parts.append(self._element(element))
        return "\n".join([*filter(None, parts), *([report_html.pictures(row)] if row else [])])

    def _found(self, element: Any) -> Iterator[tuple[bytes, str, str, int]]:
        for image in element.proto.imgs:
            known = self._pictures.get((image.caption, image.alt))
            if known:
                png, width = known.popleft()
                yield png, image.caption, image.alt, width

    def _element(self, element: Any) -> str:
        kind = element.type
        if kind == "vega_lite_chart" and self._figures:
            spec = files.static_spec(self._figures.popleft())
            del spec["title"]  # stands above the chart as text, as on the page
            self.charts += 1
            return report_html.chart(spec, self.charts - 1)
        if kind in ("arrow_data_frame", "dataframe", "table") and self._tables:
            shown = self._tables.popleft()
            return report_html.table(shown.frame, shown.name)
        if kind == "subheader":
            return f"<h3>{report_html.text(element.value)}</h3>"
        if kind == "page_link":
            return report_html.paragraph(element.label)
        if kind == "metric":
            return report_html.paragraph(f"**{element.label}:** {element.value}")
        if kind in CHOSEN and element.value is not None:
            return report_html.paragraph(f"{element.label}: {element.value}", "small")
        classes = {"markdown": "", "caption": "small", "info": "small", "warning": "small", "success": "remember"}
        return report_html.paragraph(str(element.value), classes[kind]) if kind in classes else ""


def _elements(block: Block) -> Iterator[Any]:
    """The elements of a page from top to bottom; what stands below it (exercises, take-away) is left out."""
    for child in block.children.values():
        if not isinstance(child, Block):
            yield child
        elif child.type != "expander":
            yield from _elements(child)
