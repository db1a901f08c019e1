"""`?hide=` and lecture mode's keys."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from artifacts.store import Run
from portal.core.navigation import available_pages
from portal.ui import view
from tests.portal.test_pages import open_page
from tests.portal.ui.test_closing import healthy


def labels(app: AppTest) -> list[str]:
    return [part.label for part in app.expander]


def test_each_part_can_be_hidden(only_run: Path) -> None:
    shown, bare = (
        open_page("results"),
        open_page("results", hide=",".join(view.PARTS)),
    )
    assert any(label.startswith("Exercises") for label in labels(shown)) and not labels(bare)
    assert shown.success and not bare.success
    assert any(" profile · " in each.value for each in shown.caption)
    assert not any(" profile · " in each.value for each in bare.caption)
    assert "Deck" in shown.table[0].value.columns and "Deck" not in bare.table[0].value.columns


@pytest.mark.parametrize("name", ["nothing_here", "x{} body{display:none}", "</style><script>"])
def test_an_unknown_name_is_one_sentence(only_run: Path, name: str) -> None:
    app = open_page("results", hide=name)
    assert sum("Nothing that can be hidden is called" in each.value for each in app.caption) == 1
    assert "<script" not in "".join(each.value for each in app.caption)


def test_no_page_brings_styles_or_scripts_of_its_own(only_run: Path) -> None:
    """Stock Streamlit: what a page looks like is the theme's."""
    assert not open_page("dataset", lecture="1", hide="sidebar").get("html")


def test_what_is_hidden_stays_so_on_the_next_page(only_run: Path) -> None:
    app = open_page("dataset", hide="exercises")
    app.query_params.clear()
    healthy(app.switch_page("../pages/errors.py").run())
    assert app.query_params["hide"] == "exercises"
    assert not any(label.startswith("Exercises") for label in labels(app))


def test_a_turned_page_shows_the_run_that_was_chosen(full_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice: on the second page the run stands in the address, which its picker alone may write."""
    monkeypatch.setenv("FASHION_RUNS", str(full_run.folder))  # beside the published one
    app = open_page("results", lecture="1")
    chosen = app.sidebar.selectbox(key="run").options[-1]
    healthy(app.sidebar.selectbox(key="run").select(chosen).run())
    for _ in range(2):
        healthy(app.button(key="turn_Forward").click().run())
        assert app.sidebar.selectbox(key="run").value == chosen


@pytest.mark.parametrize("name", ["overview", "epochs", "why_photos_fail"])
def test_two_keys_turn_the_pages_in_lecture_mode(only_run: Path, name: str) -> None:
    names = [page.name for page in available_pages()]
    turn = {button.key: button for button in open_page(name, lecture="1").button if "turn_" in (button.key or "")}
    assert [turn[key].proto.shortcut for key in ("turn_Back", "turn_Forward")] == ["b", "f"]
    assert turn["turn_Back"].disabled == (name == names[0])
    assert turn["turn_Forward"].disabled == (name == names[-1])
    assert not any("turn_" in (button.key or "") for button in open_page(name).button)


def test_the_key_opens_the_next_page(only_run: Path) -> None:
    app = open_page("dataset", lecture="1", hide="exercises")
    healthy(next(button for button in app.button if button.key == "turn_Forward").click().run())
    assert app.title[0].value == "Outliers"
    assert app.query_params["lecture"] == "1"


def test_a_page_that_kept_something_else_than_plain_values_would_fail_here() -> None:
    def keep() -> None:
        import streamlit as st

        st.session_state["kept"] = lambda: None

    assert AppTest.from_function(keep).run().exception
