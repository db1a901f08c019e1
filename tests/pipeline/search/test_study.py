"""pipeline/search/study.py: a search recorded as an Optuna study, whole after kills, or written from a finished run."""

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from artifacts import contract as c
from artifacts.store import Run
from pipeline import config as profiles
from pipeline.search import storage
from pipeline.search.spaces import draw
from pipeline.search.study import SearchStudy, write_file
from pipeline.support.errors import UserError
from tests.pipeline.made_up import fit_with
from tests.portal.tiny_run import TinyRun

PARAMETERS = {"lr", "weight_decay", "momentum", "last_layers", "optimizer"}


def search_of(*trials: c.TrialResult) -> c.SearchSummary:
    ranges = profiles.COARSE_RANGES
    return c.SearchSummary("coarse", "halving", profiles.DECK_RECIPE, 100, 100, ranges, trials, 0, rungs=(1, 2))


def drawn(count: int) -> list[c.TrialResult]:
    return [c.TrialResult(number, draw(profiles.COARSE_RANGES, number), None) for number in range(count)]


def halved() -> list[c.TrialResult]:
    """One trial that left after the first rung, one that finished the last, and one that diverged on each rung."""
    first, second, third, fourth = drawn(4)
    return [
        dataclasses.replace(first, fit=fit_with(0.5, 1)),
        dataclasses.replace(second, fit=fit_with(0.8, 2), earlier=(fit_with(0.6, 1),)),
        dataclasses.replace(third, reason="The loss was not finite."),
        dataclasses.replace(fourth, reason="The loss was not finite.", earlier=(fit_with(0.7, 1),)),
    ]


def content(place: Path, name: str = "coarse") -> list[tuple[Any, ...]]:
    """All that a study holds but its dates."""
    study = optuna.load_study(study_name=name, storage=f"sqlite:///{place}")
    return [(t.number, t.state, t.values, t.params, t.intermediate_values, t.user_attrs) for t in study.trials]


def record(place: Path, trials: Sequence[c.TrialResult], fingerprint: str = "a") -> None:
    with storage.opened(place) as database:
        study = SearchStudy(database, "coarse", search_of(*drawn(4)), fingerprint)
        study.finish(trials)


def test_states_values_and_epochs_are_what_they_mean(tmp_path: Path) -> None:
    record(tmp_path / "trials.db", halved())
    pruned, complete, failed, failed_later = content(tmp_path / "trials.db")
    assert pruned[1:3] == (TrialState.PRUNED, [0.5])
    assert complete[1:3] == (TrialState.COMPLETE, [0.8])
    assert complete[4] == {1: 0.6, 2: 0.4, 3: 0.8}  # steps go on over the rungs
    assert failed[1:3] == (TrialState.FAIL, None) and failed[5] == {"reason": "The loss was not finite."}
    assert failed_later[1] == TrialState.FAIL and failed_later[4] == {1: 0.7}
    assert all(set(trial[3]) == PARAMETERS for trial in (pruned, complete, failed, failed_later))


def test_before_a_result_a_trial_runs_with_its_parameters(tmp_path: Path) -> None:
    record(tmp_path / "trials.db", [])
    assert {trial[1] for trial in content(tmp_path / "trials.db")} == {TrialState.RUNNING}
    assert [trial[3] for trial in content(tmp_path / "trials.db")] == [dataclasses.asdict(t.values) for t in drawn(4)]


@pytest.mark.parametrize("writes", [1, 8, 15])
def test_a_killed_search_that_is_resumed_neither_loses_nor_doubles_a_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    """The process ends before its n-th write to the study; then the same search is recorded again."""
    record(tmp_path / "unbroken.db", halved())
    left = iter(range(writes))

    class Killed(BaseException):
        pass

    def counted(write: Any) -> Any:
        def counting(*arguments: Any, **words: Any) -> Any:
            if next(left, None) is None:
                raise Killed
            return write(*arguments, **words)

        return counting

    with monkeypatch.context() as patch:
        for name in (
            "create_new_trial", "set_trial_intermediate_value", "set_trial_user_attr", "set_trial_state_values"
        ):  # fmt: skip
            patch.setattr(storage.RDBStorage, name, counted(getattr(storage.RDBStorage, name)))
        patch.setattr(storage.RDBStorage, "_create_new_trial", counted(storage.RDBStorage._create_new_trial))
        with suppress(Killed):
            record(tmp_path / "killed.db", halved())
    record(tmp_path / "killed.db", halved())
    record(tmp_path / "killed.db", halved())
    assert content(tmp_path / "killed.db") == content(tmp_path / "unbroken.db")


def test_other_settings_begin_a_new_study(tmp_path: Path) -> None:
    record(tmp_path / "trials.db", halved(), "a")
    record(tmp_path / "trials.db", [], "b")
    assert {trial[1] for trial in content(tmp_path / "trials.db")} == {TrialState.RUNNING}


def test_on_a_server_a_study_of_other_settings_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path / "trials.db", halved(), "a")
    with storage.opened(tmp_path / "trials.db") as database:
        monkeypatch.setattr(database.engine.dialect, "name", "postgresql")
        with pytest.raises(UserError, match="another study 'coarse': choose another --run"):
            SearchStudy(database, "coarse", search_of(*drawn(4)), "b")
    assert len(content(tmp_path / "trials.db")) == 4


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("postgresql://me:secret@127.0.0.1:1/study", r"postgresql://me:\*\*\*@127.0.0.1:1/study cannot be used"),
        ("nonsense", "URL cannot be used"),
        ("sqlite:////nowhere/at/all.db", "unable to open database file"),
    ],
)
def test_a_storage_that_cannot_be_used_is_one_sentence(place: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as raised, storage.opened(place):
        pytest.fail("It was opened.")
    assert "secret" not in str(raised.value) and len(str(raised.value).splitlines()) == 1


def test_a_storage_that_is_lost_is_one_sentence(tmp_path: Path) -> None:
    sentence = r"cannot be used .*delete it and run again; finished trials are not lost"
    with pytest.raises(UserError, match=sentence), storage.opened(tmp_path / "trials.db") as database:
        study = SearchStudy(database, "coarse", search_of(*drawn(4)), "a")
        (tmp_path / "trials.db").write_bytes(b"no database any more" * 400)
        database.engine.dispose()
        study.finish(halved())


def test_a_finished_runs_searches_are_written_as_the_run_recorded_them(tmp_path: Path) -> None:
    run = TinyRun().write(tmp_path / "study")
    assert write_file(run, tmp_path / "searches.db") == 12
    for name in ("coarse", "fine"):
        search = run.document(c.SearchSummary, c.SearchSummary.path(name))
        with storage.opened(tmp_path / "live.db") as database:
            study = SearchStudy(database, name, search, "")
            for trial in reversed(search.trials):
                study.report(trial)
            study.finish(search.trials)
        assert content(tmp_path / "searches.db", name) == content(tmp_path / "live.db", name)


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.db").write_text("mine")
    with pytest.raises(UserError, match="exists: choose another file"):
        write_file(TinyRun().write(tmp_path / "study"), tmp_path / "mine.db")
    assert (tmp_path / "mine.db").read_text() == "mine"


def test_a_run_without_a_search_is_a_sentence(tmp_path: Path) -> None:
    run: Run = TinyRun().write(tmp_path / "study", without=("tuning",))
    with pytest.raises(c.ArtifactError, match="The run has no search"):
        write_file(run, tmp_path / "searches.db")
