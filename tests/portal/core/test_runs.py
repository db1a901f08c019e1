"""Finding runs, and the commands that make what is missing."""

from pathlib import Path

import pytest

from artifacts.arrays import ARRAYS
from artifacts.contract import DOCUMENTS, Manifest, SearchSummary, StageClock
from pipeline.stages import STAGES
from portal.core.runs import RunPlace, command_for, find_runs, is_deck_data, runs_in, stage_of
from tests.permissions import binding
from tests.portal.tiny_run import TinyRun


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    return folder


@pytest.fixture(autouse=True)
def no_chosen_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASHION_RUNS", raising=False)


def test_no_folder_no_runs(tmp_path: Path) -> None:
    assert find_runs(tmp_path) == []
    assert runs_in(tmp_path / "nowhere") == []


@pytest.mark.parametrize("hidden", ["runs", "runs/hers", "runs/hers/study"])
def test_what_may_not_be_read_is_left_out(tmp_path: Path, hidden: str) -> None:
    """A run of another user's, say, in a folder that the portal is given."""
    published, hers, mine = (make(tmp_path / place) for place in ("artifacts/study", "runs/hers/study", "runs/mine"))
    (tmp_path / hidden).chmod(0)
    with binding():
        found = [place.folder for place in find_runs(tmp_path)]
    (tmp_path / hidden).chmod(0o755)
    assert found == ([published] if hidden == "runs" else [published, mine])
    assert [place.folder for place in find_runs(tmp_path)] == [published, hers, mine]


def test_the_published_run_comes_first(tmp_path: Path) -> None:
    places = [make(tmp_path / "runs" / name / "study") for name in ("b", "a")]
    published = make(tmp_path / "artifacts" / "study")
    (tmp_path / "runs" / "unfinished").mkdir()
    assert find_runs(tmp_path) == [
        RunPlace("published", published),
        RunPlace("a", places[1]),
        RunPlace("b", places[0]),
    ]


def test_a_chosen_run_comes_before_all_and_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "artifacts" / "study")
    chosen = make(tmp_path / "runs" / "mine" / "study")
    monkeypatch.setenv("FASHION_RUNS", str(chosen))
    assert [place.name for place in find_runs(tmp_path)] == ["mine", "published"]


def test_runs_of_one_name_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "runs" / "quick" / "study")
    monkeypatch.setenv("FASHION_RUNS", str(make(tmp_path / "elsewhere" / "quick")))
    assert [place.name for place in find_runs(tmp_path)] == ["quick", "quick-2"]


def test_a_folder_of_runs_can_be_chosen(tmp_path: Path) -> None:
    make(tmp_path / "x")
    make(tmp_path / "y" / "study")
    assert [place.name for place in runs_in(tmp_path)] == ["x", "y"]


def test_every_command_names_a_stage() -> None:
    paths = [kind.PATH for kind in DOCUMENTS if kind is not Manifest]  # type: ignore[attr-defined]
    stages = {stage_of(path) for path in (*paths, *(path.replace("*", "x") for path in ARRAYS))}
    assert stages <= {stage.name for stage in STAGES}


def test_commands_of_files_that_share_a_folder() -> None:
    assert command_for(SearchSummary.path("coarse")) == "python -m pipeline tune-coarse"
    assert command_for(SearchSummary.path("fine")) == "python -m pipeline tune-fine"
    assert command_for("models/OwnBaseline1.onnx") == "python -m pipeline export"
    assert command_for(StageClock.path("final")) == "python -m pipeline final"


def test_other_classes_are_not_the_decks(tiny: TinyRun) -> None:
    manifest = tiny.manifest({})
    assert is_deck_data(manifest)
    assert not is_deck_data(TinyRun(("a", "b", "c")).manifest({}))
