"""The report: every page's charts, tables and pictures in one file that asks nobody for anything."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from artifacts.store import Run
from portal.cli import main
from portal.core.navigation import available_pages
from portal.takeaway import report_html
from portal.takeaway.report import LEFT_OUT, report


@pytest.fixture(scope="module")
def html(full_run: Run) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHION_RUNS", str(full_run.folder))
        return report(full_run)


def test_every_page_of_the_study_is_a_section(html: str) -> None:
    shown = re.findall(r'<section id="(\w+)">', html)
    assert shown == [page.name for page in available_pages() if page.section != LEFT_OUT]
    questions = re.findall(r"<h2>[^<]+</h2><p><strong>([^<]+)</strong></p>", html)
    assert len(questions) == len(shown)
    assert html.count('class="remember"') + html.count("class=remember") >= len(shown)


def test_charts_hold_their_data_and_pictures_are_inside(html: str) -> None:
    specs = [json.loads(spec) for spec in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html)]
    assert len(specs) == html.count('class="chart"') > 15
    assert all(spec["datasets"] and "title" not in spec for spec in specs)
    assert html.count("<p><strong>Accuracy, step by step</strong><br>n = ") == 1
    body = html[: html.index('<script type="module">')]
    assert len(re.findall(r'<img src="data:image/png;base64,', body)) == body.count("<img src") > 50
    assert "Figures beside the deck" in body


def test_nothing_is_fetched(html: str) -> None:
    sources = re.findall(r"""(?:src|href)=["']?([^"'\s>]+)""", html[: html.index('<script type="module">')])
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert "import(" not in html[html.index('<script type="module">') :]


def test_the_command_writes_it_or_says_why_not(
    html: str, full_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FASHION_RUNS", "")
    monkeypatch.setattr("portal.takeaway.report.report", lambda run: html)
    assert main(["report", "--run", str(full_run.folder), "--to", str(tmp_path / "out.html")]) == 0
    assert (tmp_path / "out.html").read_text() == html
    assert "holds the study" in capsys.readouterr().out
    (tmp_path / "file").write_text("")
    assert main(["report", "--run", str(full_run.folder), "--to", str(tmp_path / "file" / "out.html")]) == 2
    assert "choose another with --to" in capsys.readouterr().err


def test_the_portal_s_markdown_becomes_html() -> None:
    assert report_html.text("**a** < `b`  \n:small[:gray[c]] :material/info: d") == (
        "<strong>a</strong> &lt; <code>b</code><br>c d"
    )


def test_a_table_prints_numbers_plainly() -> None:
    table = report_html.table(pd.DataFrame({"n": [12345], "share": [0.123456], "none": [None]}), "Sizes")
    assert "<td>12,345</td><td>0.1235</td><td></td>" in table
    assert "<caption>Sizes</caption>" in table


def test_it_says_which_pages_it_leaves_out_and_why(html: str) -> None:
    said = html[html.index("Not in this report: ") :][:400]
    for page in available_pages():
        assert (page.section == LEFT_OUT) == (page.title in said.split(". They")[0])
    assert "python -m portal" in said
