"""Every page, from the entrypoint, with complete, missing, damaged and other people's artifacts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from artifacts.store import Run
from portal.core.navigation import PAGES, ROOT, available_pages
from tests.portal.tiny_run import TinyRun

NAMES = [page.name for page in available_pages()]
NEED_A_RUN = [name for name in NAMES if name != "overview"]


def open_page(name: str, **query: str) -> AppTest:
    """The page after its script has run; fails if the script raised."""
    app = AppTest.from_file(str(ROOT / "portal" / "app.py"), default_timeout=300)
    for key, value in query.items():
        app.query_params[key] = value
    if name != "overview":
        app.switch_page(f"../pages/{name}.py")
    app.run()
    assert not app.exception, app.exception[0].stack_trace
    return app


def sentences(app: AppTest) -> list[str]:
    """What the page says in place of an artifact."""
    return [element.value for element in (*app.info, *app.warning)]


@pytest.fixture(scope="module")
def other_data(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A complete run of other data: five classes of other names."""
    names = ("zero", "one", "two", "three", "four")
    return TinyRun(names).write(tmp_path_factory.mktemp("other") / "study")


def test_the_file_of_every_page_is_there() -> None:
    assert [page.name for page in PAGES] == NAMES
    assert len(NAMES) == len(list((ROOT / "pages").glob("*.py")))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_with_its_question_and_ends_with_what_to_remember(only_run: Path, name: str) -> None:
    app = open_page(name)
    assert app.title[0].value == next(page.title for page in PAGES if page.name == name)
    assert app.main.markdown[0].value.rstrip("*").endswith("?")
    assert app.success[0].value.startswith("**Remember:** ")
    assert not [text for text in sentences(app) if "python -m pipeline" in text]
    first = r".*\*\*Look first:\*\* .{1,99}[.?]  \n.*\*\*Then try:\*\* .{1,109}\."
    assert name == "overview" or re.fullmatch(first, app.main.markdown[1].value)
    links = {element.label.split(":")[0] for element in app.get("page_link")}
    assert {"Previous", "Next"} & links


@pytest.mark.parametrize("name", NEED_A_RUN)
def test_a_missing_artifact_gives_the_command_that_makes_it(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run = tiny.write(tmp_path / "study", without=("",))
    monkeypatch.setenv("FASHION_RUNS", str(run.folder))
    app = open_page(name)
    assert len(sentences(app)) == 1
    assert "make it with `python -m pipeline " in sentences(app)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_artifact_gives_a_sentence(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run = tiny.write(tmp_path / "study")
    for path in run.manifest.files:
        file = run.folder / path
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    monkeypatch.setenv("FASHION_RUNS", str(run.folder))
    said = sentences(open_page(name))
    assert said
    assert all("the file was changed or damaged; make it with" in text for text in said if "pipeline" in text)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_of_other_data_shows(other_data: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("FASHION_RUNS", str(other_data.folder))
    app = open_page(name)
    assert not [text for text in sentences(app) if "python -m pipeline" in text]
    words = " ".join(each.value for kind in ("markdown", "caption", "success") for each in app.get(kind))
    assert not [garment for garment in ("T-shirt/top", "Ankle boot", "Pullover") if garment in words]


def test_an_empty_run_still_has_an_overview(tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny.write(tmp_path / "study", without=("",))
    monkeypatch.setenv("FASHION_RUNS", str(run.folder))
    assert open_page("overview").success


def test_a_damaged_manifest_gives_a_sentence(tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny.write(tmp_path / "study")
    (run.folder / "manifest.json").write_text("{")
    monkeypatch.setenv("FASHION_RUNS", str(run.folder))
    assert "cannot be opened" in sentences(open_page("overview"))[0]


def test_without_any_run_the_portal_says_how_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.ui.elements.find_runs", list)
    assert "`python -m pipeline run-all`" in sentences(open_page("overview"))[0]


def test_the_url_picks_the_run(tiny: TinyRun, other_data: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.write(tmp_path / "first")
    (tmp_path / "second").symlink_to(other_data.folder)
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    assert "into 10 classes" in open_page("overview").main.markdown[0].value
    assert "into 5 classes" in open_page("overview", run="second").main.markdown[0].value
    assert "into 10 classes" in open_page("overview", run="unknown").main.markdown[0].value


def test_a_deep_link_restores_a_control(only_run: Path) -> None:
    assert open_page("dataset", dataset_class="Bag").selectbox(key="dataset_class").value == "Bag"
    assert open_page("dataset", dataset_class="Hat").selectbox(key="dataset_class").value == "T-shirt/top"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_short(name: str) -> None:
    lines = (ROOT / "pages" / f"{name}.py").read_text().splitlines()
    assert len(lines) <= 65  # "about 60"


def test_every_page_shows_without_torch(full_run: Run) -> None:
    """In a process of its own, since other tests have imported torch here."""
    script = f"""
import sys
for name in ("torch", "torchvision", "optuna", "pipeline"):
    sys.modules[name] = None
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("portal/app.py", default_timeout=60).run()
for name in {NEED_A_RUN!r}:
    assert not app.exception, app.exception[0].stack_trace
    app.switch_page(f"../pages/{{name}}.py").run()
assert not app.exception, app.exception[0].stack_trace
"""
    environment = {"FASHION_RUNS": str(full_run.folder), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
