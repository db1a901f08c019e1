"""Charts as Vega-Lite specifications. Altair's theme and data transformer are global: one thread at a time."""

import hashlib
from threading import Lock
from typing import Any

import altair as alt
import pandas as pd
import pyarrow as pa

from portal.charts import Figure

_lock = Lock()


def with_arrow(figure: Figure) -> dict[str, Any]:
    """For the browser: the tables as Arrow files under `datasets`, each named by its content, as Streamlit sends them.

    Without the title, which the page prints above the chart, where it wraps with the window. Unlike Streamlit's own
    way it does not check each part against Vega-Lite's schema, which is most of its time; the tests of the charts do.
    """
    datasets: dict[str, bytes] = {}

    def stored(data: Any = None) -> Any:
        content = _arrow(data)
        name = hashlib.blake2b(content, digest_size=16).hexdigest()
        datasets[name] = content
        return {"name": name}

    with _lock, alt.theme.enable("none"):
        alt.data_transformers.register("portal_arrow", stored)
        with alt.data_transformers.enable("portal_arrow"):
            spec: dict[str, Any] = figure.to_dict(validate=False)
    del spec["title"]
    # Streamlit's theme moves an axis's first and last label inwards, away from the row or column that they name.
    config = {**spec.get("config", {}), "axisDiscrete": {"labelFlush": False}}
    # What a chart brings along as values, such as a single point, stays beside the tables.
    return {**spec, "config": config, "datasets": {**spec.get("datasets", {}), **datasets}}


def with_rows(figure: Figure) -> dict[str, Any]:
    """For a file: the tables as rows."""
    with _lock:
        spec: dict[str, Any] = figure.to_dict(validate=False)
    return spec


def data_name(frame: pd.DataFrame) -> str:
    """The name that `with_rows` gives to a chart's table: it is of the content alone."""
    return str(with_rows(alt.Chart(frame).mark_point())["data"]["name"])


def _arrow(frame: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(frame)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
