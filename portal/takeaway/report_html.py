"""Self-contained HTML for the parts of a page: text, tables, pictures, charts."""

import base64
import json
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import vl_convert as vlc

from portal.takeaway.files import VL_VERSION

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #0c1019; background: #fff; max-width: 60rem; margin: 0 auto;
  padding: 1rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 4rem; border-top: 1px solid #d5d9e2; padding-top: 1rem; }
.small, figcaption { font-size: 0.875rem; color: #555c6b; } nav li { display: inline-block; margin-right: 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 0.875rem; display: block; overflow-x: auto; }
th, td { text-align: left; padding: 0.25rem 0.75rem; border-bottom: 1px solid #d5d9e2; }
.pictures { display: flex; flex-wrap: wrap; gap: 0.5rem; } figure { margin: 0; max-width: 100%; }
img { max-width: 100%; image-rendering: pixelated; } figcaption { max-width: 9rem; }
.chart { margin: 1rem 0; } .chart svg { max-width: 100%; height: auto; }
.remember { background: #e9f6ef; padding: 1rem; border-radius: 0.25rem; }
"""


def text(markdown: str) -> str:
    """The portal's Markdown (bold, code, line breaks; colors and icons are left out) as HTML."""
    plain = re.sub(r":material/\w+:\s*", "", markdown)
    while re.search(r":[a-z]+\[[^\[\]]*\]", plain):
        plain = re.sub(r":[a-z]+\[([^\[\]]*)\]", r"\1", plain)
    plain = re.sub(r"\[([^\]]+)\]\(#[\w-]*\)", r"\1", plain)
    html = escape(plain, quote=False)
    html = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html)
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
    html = re.sub(r"\\([^\w\s])", r"\1", html)
    return html.replace("  \n", "<br>").strip()


def paragraph(markdown: str, kind: str = "") -> str:
    return f"<p{f' class={kind}' if kind else ''}>{text(markdown)}</p>" if markdown.strip() else ""


def table(frame: pd.DataFrame, name: str) -> str:
    """The table with its name above it, numbers to four digits."""
    shown = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    head = "".join(f"<th scope=col>{text(str(column))}</th>" for column in shown.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in shown.to_numpy(object))
    return (
        f"<table tabindex=0><caption>{text(name)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cell(value: object) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:,.4g}"
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None or value is pd.NA else text(str(value))


def pictures(shown: Sequence[tuple[bytes, str, str, int]]) -> str:
    """PNG files side by side: each with its caption, its description and its width in CSS pixels."""
    figures = []
    for png, caption, alt, width in shown:
        source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        under = f"<figcaption>{text(caption)}</figcaption>" if caption else ""
        figures.append(f'<figure><img src="{source}" alt="{escape(alt)}" width="{width}">{under}</figure>')
    return f'<div class="pictures">{"".join(figures)}</div>'


def chart(spec: dict[str, Any], number: int) -> str:
    """A Vega-Lite chart, drawn by the script at the document's end."""
    words = json.dumps(spec, allow_nan=False, separators=(",", ":")).replace("</", "<\\/")
    label = escape(str(spec.get("description", "")))
    return (
        f'<div class="chart" id="chart-{number}" role="figure" aria-label="{label}"></div>'
        f'<script type="application/json" id="spec-{number}">{words}</script>'
    )


def document(title: str, body: str, charts: int) -> str:
    """The whole file: style, body, and the libraries that draw the charts, so that it opens without a network."""
    draw = (
        f"for (let n = 0; n < {charts}; n++) vegaEmbed(`#chart-${{n}}`, "
        "JSON.parse(document.getElementById(`spec-${n}`).textContent), {actions: false, renderer: 'svg'});"
    )
    bundle = vlc.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VL_VERSION).replace(
        "</script", "<\\/script"
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head>\n<body>\n{body}\n"
        f'<script type="module">{bundle}\n{draw}</script>\n</body></html>\n'
    )
