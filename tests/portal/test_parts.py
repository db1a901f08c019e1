"""Parts of a page that are drawn anew alone: what is in them, and what is taken away after they changed."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st

from portal.takeaway import page_record
from tests.portal.test_pages import open_page


@pytest.mark.parametrize(
    ("page", "control", "charts"), [("epochs", "epochs_", 2), ("disagreement", "disagreement_", 1)]
)
def test_the_slider_stands_in_a_part_of_its_own(
    only_run: Path, monkeypatch: pytest.MonkeyPatch, page: str, control: str, charts: int
) -> None:
    inside: list[tuple[int, int]] = []

    def fragment(draw: Callable[[], None]) -> Callable[[], None]:
        def drawn(*args: object) -> None:
            record = page_record.current()
            begun = len(record.figures) if record else 0
            draw(*args)
            inside.append((begun, len(record.figures) if record else 0))

        return drawn

    monkeypatch.setattr(st, "fragment", fragment)
    app = open_page(page)
    begun, ended = inside[0]
    assert ended - begun == charts
    assert len(app.get("vega_lite_chart")) >= charts
    sliders = [*app.slider, *app.select_slider]
    assert sliders and all(slider.key.startswith(control) for slider in sliders)


def test_in_lecture_mode_the_whole_page_runs(only_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fragments: list[object] = []
    monkeypatch.setattr(st, "fragment", lambda draw: fragments.append(draw) or draw)
    open_page("epochs")
    assert len(fragments) == 1
    open_page("epochs", lecture="1")
    assert len(fragments) == 1


def test_a_part_that_runs_again_replaces_what_it_showed() -> None:
    record = page_record.begin("page")
    frames = {name: pd.DataFrame({"n": [number]}) for number, name in enumerate("abcde")}
    page_record.note(page_record.Table("a", frames["a"]))
    with page_record.part(record, "part"):
        page_record.note(page_record.Table("b", frames["b"]))
    page_record.note(page_record.Table("c", frames["c"]))
    page_record.end()
    page_record.note(page_record.Table("lost", frames["a"]))
    for names in ("de", "d", "", "be"):
        with page_record.part(record, "part"):
            for name in names:
                page_record.note(page_record.Table(name, frames[name]))
        assert [table.name for table in record.tables] == ["a", *names, "c"]
    assert page_record.current() is None
