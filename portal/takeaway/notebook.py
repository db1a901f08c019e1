"""A page's charts as a Jupyter notebook that reads the page's Parquet files and draws each chart with Altair."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pandas as pd

from portal.charts import Figure, heading
from portal.charts import spec as chart_spec
from portal.takeaway import files
from portal.takeaway.page_record import PageRecord

NEEDS = "pip install altair pandas pyarrow jupyterlab"
SETUP = """import json

import altair as alt
import pandas as pd


def draw(spec, tables):
    \"\"\"The chart of a Vega-Lite specification, its data sets read from the Parquet files in `tables`.\"\"\"
    read = {name: alt.to_values(pd.read_parquet(file))["values"] for name, file in tables.items()}
    return alt.Chart.from_dict({**spec, "datasets": spec["datasets"] | read})"""


def data_files(record: PageRecord) -> Iterator[tuple[Figure, dict[str, pd.DataFrame]]]:
    """Each chart of the page with its tables by the names of their Parquet files, as the page offers them."""
    names = files.Names(record.page)
    for figure in record.figures:
        title, _ = heading(figure)
        tables = enumerate(files.frames_of(figure), 1)
        yield figure, {names.data(title, number, "parquet"): frame for number, frame in tables}


def notebook(record: PageRecord, title: str, link: str) -> bytes:
    """The .ipynb file (nbformat 4.5); it expects the Parquet files of `data_files` in its own folder."""
    made = "\n".join(f"    {command}" for command in record.commands)
    about = (
        f"# {title}\n\nThe charts of {link or 'this page'}, drawn from their data. Keep the page's Parquet files next "
        f"to this notebook. Install what it needs:\n\n    {NEEDS}\n\nThese commands made the figures:\n\n{made}"
    )
    cells = [_markdown(about), _code(SETUP)]
    for figure, tables in data_files(record):
        name, subtitle = heading(figure)
        cells += [_markdown(f"## {name}\n\n{subtitle}"), _code(_chart(figure, tables))]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    content = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1, ensure_ascii=False).encode()


def with_data(record: PageRecord, title: str, link: str) -> bytes:
    """A zip file of the notebook and the Parquet files it reads."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{record.page}.ipynb", notebook(record, title, link))
        for _, tables in data_files(record):
            for name, frame in tables.items():
                archive.writestr(name, files.parquet(frame))
    return file.getvalue()


def _chart(figure: Figure, tables: dict[str, pd.DataFrame]) -> str:
    """The code of one chart: its specification without the rows of `tables`, which the notebook reads."""
    spec = files.static_spec(figure)
    read = {chart_spec.data_name(frame): name for name, frame in tables.items()}
    spec["datasets"] = {name: rows for name, rows in spec.get("datasets", {}).items() if name not in read}
    words = json.dumps(spec, ensure_ascii=False, allow_nan=False)
    return f"spec = json.loads({words!r})\ndraw(spec, {json.dumps(read, indent=4)})"


def _markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _code(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}
