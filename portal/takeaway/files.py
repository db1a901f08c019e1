"""Downloads of a page: its data as CSV and Parquet, its charts as PNG and SVG."""

import io
import re
import textwrap
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import altair as alt
import pandas as pd
import vl_convert as vlc

from portal.charts import TEXT, Figure
from portal.charts import spec as chart_spec
from portal.core.navigation import ROOT

WIDTH = 720  # pixels of an exported chart, where the chart itself names no width
# The converter carries several Vega-Lites and names them by two numbers: 6.4 of v6.4.1.
VL_VERSION = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
SCALE = 2.0  # PNG pixels a CSS pixel: sharp on a projector and in print


def frames_of(figure: Figure) -> list[pd.DataFrame]:
    """The tables that the chart draws, each once, in the order of its layers."""
    frames: list[pd.DataFrame] = []
    for part in _parts(figure):
        data = getattr(part, "data", None)
        if isinstance(data, pd.DataFrame) and not any(data is other for other in frames):
            frames.append(data)
    return frames


def _parts(figure: Any) -> Iterator[Any]:
    """The chart and, from the outside in, the charts that it is made of."""
    yield figure
    for kind in ("layer", "hconcat", "vconcat", "concat"):
        inner = getattr(figure, kind, None)
        for part in inner if isinstance(inner, list) else ():
            yield from _parts(part)
    if hasattr(getattr(figure, "spec", None), "to_dict"):
        yield from _parts(figure.spec)


def csv(frame: pd.DataFrame) -> bytes:
    """Encode as UTF-8 with a byte order mark, which spreadsheets need."""
    return frame.to_csv(index=_named_index(frame)).encode("utf-8-sig")


def parquet(frame: pd.DataFrame) -> bytes:
    """Encode as Parquet; columns of mixed types become text, since a Parquet column has one type."""
    plain = frame.reset_index() if _named_index(frame) else frame
    mixed = [name for name in plain.columns if pd.api.types.infer_dtype(plain[name], skipna=True).startswith("mixed")]
    file = io.BytesIO()
    plain.astype(dict.fromkeys(mixed, "string")).to_parquet(file, index=False)
    return file.getvalue()


def _named_index(frame: pd.DataFrame) -> bool:
    """Whether the index says something: numbers counted up from 0 do not."""
    return not isinstance(frame.index, pd.RangeIndex)


def png(figure: Figure) -> bytes:
    return vlc.vegalite_to_png(static_spec(figure), scale=SCALE, vl_version=VL_VERSION)


def svg(figure: Figure) -> bytes:
    return vlc.vegalite_to_svg(static_spec(figure), vl_version=VL_VERSION).encode()


def static_spec(figure: Figure) -> dict[str, Any]:
    """The chart's Vega-Lite specification for paper: a width, the light theme's colors, no page around it."""
    spec = chart_spec.with_rows(figure)
    if ("layer" in spec or "mark" in spec) and "width" not in spec:
        spec["width"] = WIDTH
    # Vega-Lite breaks no lines: a subtitle is wrapped to the drawing, at about 6 pixels a character.
    spec["title"]["subtitle"] = textwrap.wrap(" ".join(spec["title"]["subtitle"]), _width(spec) // 6)
    theme = light_theme()
    config = spec.setdefault("config", {})
    config["background"] = theme["backgroundColor"]
    config["font"] = "sans-serif"
    config["range"] = {
        "category": theme["chartCategoricalColors"],
        "ordinal": theme["chartSequentialColors"],
        "ramp": theme["chartSequentialColors"],
        "heatmap": theme["chartSequentialColors"],
        "diverging": theme["chartDivergingColors"],
    }
    for mark in ("bar", "line", "point", "area", "rect", "circle", "square", "tick", "rule", "trail"):
        config[mark] = {"color": theme["chartCategoricalColors"][0], **config.get(mark, {})}
    config["view"] = {"stroke": None, **config.get("view", {})}
    config["axis"] = {"gridColor": theme["borderColor"], **config.get("axis", {})}
    _merge_legends(spec, spec.get("datasets", {}))
    coloured: dict[str, Any] = _replaced(spec, TEXT, theme["textColor"])
    return coloured


def _width(spec: dict[str, Any]) -> int:
    given = spec.get("width", WIDTH)
    return given if isinstance(given, int) else WIDTH


def _merge_legends(node: Any, datasets: dict[str, list[dict[str, Any]]]) -> None:
    """One legend for color, shape and dashes of a field: Vega-Lite keeps them apart where each sorts by a list.

    So the list becomes the scale's domain, less what the data does not have.
    """
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _merge_legends(part, datasets)
    for channel in ("color", "shape", "strokeDash") if isinstance(node, dict) else ():
        encoding = node.get(channel)
        if isinstance(encoding, dict) and isinstance(encoding.get("sort"), list) and "field" in encoding:
            field = encoding["field"]
            present = {row[field] for rows in datasets.values() for row in rows if field in row}
            domain = [value for value in encoding.pop("sort") if value in present]
            encoding["scale"] = {"domain": domain, **(encoding.get("scale") or {})}


def _replaced(node: Any, old: str, new: str) -> Any:
    """`node` with every string that is `old` as `new`; on paper there is no page whose color a chart could take."""
    if isinstance(node, dict):
        return {key: _replaced(value, old, new) if key != "datasets" else value for key, value in node.items()}
    if isinstance(node, list):
        return [_replaced(value, old, new) for value in node]
    return new if node == old else node


@cache
def light_theme() -> dict[str, Any]:
    """The portal's colors in light mode."""
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    theme: dict[str, Any] = config["theme"]["light"]
    return theme


def file_name(*parts: str) -> str:
    """The parts as a file's name: `results-confusion-matrix`."""
    return "-".join(re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in parts)


class Names:
    """Names of the files of one page, no two alike."""

    def __init__(self, page: str) -> None:
        self._page, self._used = page, Counter[str]()

    def file(self, title: str, suffix: str) -> str:
        name = f"{file_name(self._page, title)}.{suffix}"
        self._used[name] += 1
        return name if self._used[name] == 1 else f"{name.removesuffix(f'.{suffix}')}-{self._used[name]}.{suffix}"

    def data(self, title: str, number: int, suffix: str) -> str:
        """The file of a chart's table of that number, from 1."""
        return self.file(title if number == 1 else f"{title} {number}", suffix)
