"""Reads a chart as the browser gets it: checked against the Vega-Lite schema, with its data and its marks."""

from typing import Any

import altair as alt

from portal.charts import Figure, check_titled


def spec_of(chart: Figure) -> dict[str, Any]:
    """The chart's specification; fails unless it is valid Vega-Lite with a title, a subtitle and a description."""
    check_titled(chart)
    with alt.data_transformers.enable("default", max_rows=None):
        return chart.to_dict()


def rows_with(chart: Figure, *fields: str) -> list[dict[str, Any]]:
    """The rows of the chart's data set that has all of `fields`."""
    for rows in spec_of(chart)["datasets"].values():
        if rows and set(fields) <= set(rows[0]):
            return rows
    raise AssertionError(f"No data set of the chart has the fields {fields}.")


def layers_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """All single views of a layered chart, however deep."""
    return [view for layer in spec.get("layer", []) for view in (layers_of(layer) if "layer" in layer else [layer])]


def marks_of(chart: Figure) -> list[str]:
    return [layer["mark"]["type"] for layer in layers_of(spec_of(chart))]


def encodings_of(chart: Figure, mark: str) -> dict[str, Any]:
    """The encoding of the first layer that is drawn with `mark`."""
    return next(layer["encoding"] for layer in layers_of(spec_of(chart)) if layer["mark"]["type"] == mark)
