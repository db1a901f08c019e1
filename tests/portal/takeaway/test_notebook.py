"""The notebook of every page: it reads the page's Parquet files and draws the page's charts."""

import io
import json
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from streamlit.testing.v1 import AppTest

from artifacts.store import Run
from portal.core.navigation import ROOT, available_pages
from portal.takeaway import files, notebook, page_record
from portal.takeaway.page_record import PageRecord

# Charts as the text of their specifications, unchecked: the tests of the charts check them against the schema.
QUICK = """import json
import altair
from altair.utils import schemapi
altair.renderers.register("text", lambda spec: {"text/plain": json.dumps(spec)})
altair.renderers.enable("text")
schemapi.disable_debug_mode()"""


@pytest.fixture(scope="module")
def records(full_run: Run) -> dict[str, PageRecord]:
    """What every page of the tiny run shows."""
    with pytest.MonkeyPatch.context() as patch, page_record.kept() as found:
        patch.setenv("FASHION_RUNS", str(full_run.folder))
        app = AppTest.from_file(str(ROOT / "portal" / "app.py"), default_timeout=300).run()
        for page in available_pages()[1:]:
            app.switch_page(f"../pages/{page.name}.py").run()
        return dict(found)


def test_the_notebook_of_every_page_draws_its_charts(records: dict[str, PageRecord], tmp_path: Path) -> None:
    """One kernel for all of them, since a kernel takes longer to start than a chart to draw."""
    pages = {name: record for name, record in records.items() if record.figures}
    assert len(pages) >= len(available_pages()) - 2  # photos and the quiz wait for a visitor
    together = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(QUICK)])
    places = [""]
    for name, record in pages.items():
        with zipfile.ZipFile(io.BytesIO(notebook.with_data(record, name, ""))) as archive:
            archive.extractall(tmp_path)
        page = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4)
        nbformat.validate(page)
        code = [cell for cell in page.cells if cell.cell_type == "code"]
        assert len(code) == 1 + len(record.figures)
        together.cells += [nbformat.v4.new_code_cell(cell.source) for cell in code]
        places += [name] * len(code)
    NotebookClient(together, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for name, record in pages.items():
        cells = [cell for cell, place in zip(together.cells, places, strict=True) if place == name][1:]
        for figure, cell in zip(record.figures, cells, strict=True):
            assert ".parquet" in cell.source
            drawn = json.loads(cell.outputs[-1].data["text/plain"])
            expected = files.static_spec(figure)
            assert drawn["title"] == expected["title"]
            assert sorted(map(len, drawn["datasets"].values())) == sorted(map(len, expected["datasets"].values()))


def test_its_files_have_the_names_under_which_the_page_offers_them(records: dict[str, PageRecord]) -> None:
    (first, tables), *_ = notebook.data_files(records["results"])
    assert first is records["results"].figures[0]
    assert next(iter(tables)) == "results-test-accuracy-by-seed.parquet"
    every = [name for _, names in notebook.data_files(records["results"]) for name in names]
    assert len(every) == len(set(every))
