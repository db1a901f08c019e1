"""What stands below every page: exercises and take-away, and how lecture mode hides answers."""

import ast
import io
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from portal.core.navigation import ROOT, available_pages
from portal.takeaway import files
from portal.takeaway.page_record import PageRecord
from portal.ui.exercises import exercises_of
from tests.portal.test_pages import open_page
from tests.portal.tiny_run import TinyRun

NAMES = [page.name for page in available_pages()]


def healthy(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].stack_trace
    return app


def buttons(app: AppTest, label: str = "Show the answer") -> list:
    return [button for button in app.button if button.label == label]


@pytest.mark.parametrize("name", NAMES)
def test_all_that_a_page_draws_can_be_taken_away(only_run: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    records: list[PageRecord] = []
    monkeypatch.setattr("portal.ui.closing.closing", records.append)
    app = open_page(name)
    record = records[-1]
    assert record.page == name
    assert len(record.figures) == len(app.get("vega_lite_chart"))
    assert len(record.tables) == len(app.dataframe) + len(app.table)
    assert record.commands
    assert all(command.startswith("python -m pipeline ") for command in record.commands)
    for figure in record.figures:
        assert files.svg(figure).startswith(b"<svg")
        assert files.frames_of(figure)
    for frame in (*(table.frame for table in record.tables), *map(files.frames_of, record.figures)):
        for each in frame if isinstance(frame, list) else [frame]:
            assert len(pd.read_parquet(io.BytesIO(files.parquet(each)))) == len(each)


@pytest.mark.parametrize("name", NAMES)
def test_pages_show_tables_in_the_way_that_notes_them(name: str) -> None:
    text = (ROOT / "pages" / f"{name}.py").read_text()
    assert "st.dataframe(" not in text, "use ui.table"
    assert "st.table(" not in text, "use ui.small_table"
    assert "st.altair_chart(" not in text, "use ui.chart"


def test_until_it_is_opened_nothing_is_offered(only_run: Path) -> None:
    app = open_page("dataset")
    assert not app.radio
    assert not app.download_button
    assert [part.label for part in app.expander][-2:] == [
        "Exercises (3)",
        "Take away: link, command, notebook, data, charts",
    ]


def test_the_take_away_has_link_commands_and_files(only_run: Path) -> None:
    app = open_page("dataset", take_away="true", dataset_class="Bag")
    link, commands = (code.value for code in app.code)
    assert link.endswith("?dataset_class=Bag")
    assert commands == "python -m pipeline eda"
    labels = [button.label for button in app.download_button]
    assert labels.count("PNG") == labels.count("SVG") == 3
    assert labels.count("CSV") == labels.count("Parquet") == 3 + 1


def test_a_page_that_stops_offers_nothing(tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny.write(tmp_path / "study", without=("",))
    monkeypatch.setenv("FASHION_RUNS", str(run.folder))
    assert not open_page("dataset").expander


def test_a_wrong_answer_says_what_was_misunderstood(only_run: Path) -> None:
    app = open_page("dataset", exercises="true")
    first = exercises_of("dataset")[0]
    right, wrong = (next(choice for choice in first.choices if choice.right is one) for one in (True, False))
    healthy(app.radio[0].set_value(wrong.text).run())
    assert any("Not so." in each.value and wrong.because in each.value for each in app.markdown)
    healthy(app.radio[0].set_value(right.text).run())
    assert any("Right." in each.value and right.because in each.value for each in app.markdown)


def test_lecture_mode_hides_answers_until_they_are_asked_for(only_run: Path) -> None:
    app = open_page("dataset", lecture="1", exercises="true")
    assert app.sidebar.toggle[0].value
    assert not app.success
    hidden = len(buttons(app))
    assert hidden == 3 + 1  # charts, and what to remember
    assert [button.proto.shortcut for button in buttons(app)] == ["a", "", "", ""]
    right = next(choice for choice in exercises_of("dataset")[0].choices if choice.right)
    healthy(app.radio[0].set_value(right.text).run())
    assert not any("Right." in each.value for each in app.markdown)
    while buttons(app):
        healthy(buttons(app)[0].click().run())
    assert app.success
    assert any("Right." in each.value for each in app.markdown)


def test_lecture_mode_goes_along_to_the_next_page(only_run: Path) -> None:
    app = open_page("dataset", lecture="1")
    app.query_params.clear()  # as the browser does with what no widget is bound to
    healthy(app.switch_page("../pages/errors.py").run())
    assert app.query_params["lecture"] == "1"
    assert buttons(app)


def test_the_switch_writes_the_address(only_run: Path) -> None:
    app = open_page("dataset")
    assert "lecture" not in app.query_params
    healthy(app.sidebar.toggle[0].set_value(True).run())
    assert app.query_params["lecture"] == "1"
    assert not app.success
    healthy(app.sidebar.toggle[0].set_value(False).run())
    assert "lecture" not in app.query_params
    assert app.success


def test_charts_are_larger_in_lecture_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.ui import lecture
    from tests.portal.takeaway.test_files import figure

    monkeypatch.setattr(lecture, "st", SimpleNamespace(query_params={"lecture": "1"}))
    config = lecture.enlarged(figure()).to_dict()["config"]
    assert config["axis"]["labelFontSize"] == 16
    assert "width < " in config["axisX"]["labelFontSize"]["expr"]  # a phone is too narrow for large labels
    monkeypatch.setattr(lecture, "st", SimpleNamespace(query_params={}))
    assert "labelFontSize" not in str(lecture.enlarged(figure()).to_dict())


# Answers of one's own, which a link must not hand on, and what belongs to one's own pictures.
PERSONAL = {"portal/ui/closing", "portal/ui/lecture", "portal/ui/quiz", "portal/ui/label_court", "portal/ui/photo"}
CONTROLS = {"selectbox", "slider", "segmented_control", "radio", "toggle", "checkbox", "number_input", "pagination"}
CONTROLS |= {"pills", "multiselect", "text_input", "select_slider"}


@pytest.mark.parametrize("file", [*ROOT.glob("pages/*.py"), *ROOT.glob("portal/ui/*.py")], ids=lambda file: file.stem)
def test_every_control_is_in_the_address(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CONTROLS:
            bound = any(word.arg == "bind" for word in node.keywords)
            assert bound or file.relative_to(ROOT).with_suffix("").as_posix() in PERSONAL, f"line {node.lineno}"
