"""Several hosts on one study: real processes, a real PostgreSQL server; whoever dies, nothing is lost or doubled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pytest
import torch
from optuna.trial import FrozenTrial, TrialState

from artifacts import store
from artifacts.store import Run
from pipeline import data
from pipeline.board import StageBoard
from pipeline.cli import RUNS
from pipeline.config import SplitConfig, recipe
from pipeline.execution.pool import Helper, Pool
from pipeline.execution.processes import Crew
from pipeline.storage import Server
from pipeline.support.errors import UserError
from pipeline.training.trials import TrialFolder, TrialSpec, Workplace, execute
from tests.pipeline.postgres import Postgres, binaries

ROOT = Path(__file__).resolve().parent.parent.parent
TRIALS = 12  # of stage augmentations in profile smoke

pytestmark = pytest.mark.timeout(600)  # six processes: on a busy machine their start alone takes a minute


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    folder = binaries()
    if folder is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    server = Postgres(folder)
    server.start()
    yield server
    server.remove()


@pytest.fixture
def name() -> Iterator[str]:
    run = f"test-{os.getpid()}-{time.monotonic_ns() % 10**6}"
    yield run
    shutil.rmtree(RUNS / run, ignore_errors=True)


def command(name: str, url: str, folder: Path) -> list[str]:
    """The first host's: stage augmentations on the tiny data set."""
    sizes = ["--train-images", "150", "--validation-images", "60", "--set", "augmentations.recipe.epochs=2"]
    small = ["--set", "augmentations.recipe.architecture=OwnBaseline1", "--profile", "smoke"]
    return ["augmentations", "--run", name, "--storage", url, "--grace", "8s", "--data", str(folder), *sizes, *small]


def helper(name: str, url: str, folder: Path) -> list[str]:
    return ["worker", "--run", name, "--storage", url, "--data", str(folder), "--idle", "120s"]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """A host of one core, so that each trains one trial at a time."""
    core = min(os.sched_getaffinity(0))
    return subprocess.Popen(
        ["taskset", "-c", str(core), sys.executable, "-m", "pipeline", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def trials(name: str, url: str) -> list[FrozenTrial]:
    storage = Server.parsed(url).open()
    study = f"{name}/augmentations"
    if study not in optuna.get_all_study_names(storage):
        return []
    return optuna.load_study(storage=storage, study_name=study).get_trials(deepcopy=False)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)


def spec_of(trial: FrozenTrial) -> TrialSpec:
    return store.decode(TrialSpec, trial.user_attrs["spec"].encode(), source="test")


def test_a_killed_workers_trial_is_queued_once_more_and_nothing_is_done_twice(
    database: Postgres, name: str, data_folder: Path, tmp_path: Path
) -> None:
    first, second = [start(helper(name, database.url, data_folder)) for _ in range(2)]
    own = start(command(name, database.url, data_folder))
    held: list[FrozenTrial] = []

    def first_trains() -> bool:
        mark = f"process {first.pid}"
        held[:] = [
            trial
            for trial in trials(name, database.url)
            if trial.state == TrialState.RUNNING and trial.user_attrs.get("host", "").endswith(mark)
        ]
        return bool(held)

    wait_for(first_trains, own)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    output, errors = own.communicate(timeout=400)
    assert own.returncode == 0, output + errors
    said, _ = second.communicate(timeout=200)
    assert second.returncode == 0 and "Left: the run is over." in said

    after = trials(name, database.url)
    complete = [trial for trial in after if trial.state == TrialState.COMPLETE]
    assert len(complete) == len({trial.user_attrs["key"] for trial in complete}) == TRIALS
    [failed] = [trial for trial in after if trial.state == TrialState.FAIL]
    assert failed.user_attrs["key"] == held[0].user_attrs["key"]
    assert len(after) == TRIALS + 1
    assert sum(str(second.pid) in trial.user_attrs["host"] for trial in complete) >= 1
    assert Run(RUNS / name / "study").verify() == []
    # The trial that was begun by one host and ended by another is what an unbroken training gives.
    spec = spec_of(failed)
    execute(spec, Workplace(data.load(data_folder), tmp_path / "again", torch.device("cpu")))
    again, there = TrialFolder(tmp_path / "again", spec.key), TrialFolder(RUNS / name / "work" / "trials", spec.key)
    assert all((again.weights()[key] == value).all() for key, value in there.weights().items())


def test_a_storage_that_goes_away_is_one_sentence_and_the_same_command_goes_on(
    database: Postgres, name: str, data_folder: Path
) -> None:
    work = RUNS / name / "work" / "trials"

    def finished() -> dict[str, int]:
        return {path.parent.name: path.stat().st_mtime_ns for path in work.glob("*/record.json")}

    own = start(command(name, database.url, data_folder))
    wait_for(lambda: len(finished()) >= 2, own)
    database.stop()
    try:
        _, errors = own.communicate(timeout=120)
    finally:
        database.start()  # the other tests have the same server
    before = finished()
    assert own.returncode == 2
    assert "The storage of the trials does not answer" in errors and "the same command goes on" in errors
    assert len(errors.strip().splitlines()) == 1 and 2 <= len(before) < TRIALS
    again = start(command(name, database.url, data_folder))
    output, errors = again.communicate(timeout=400)
    assert again.returncode == 0, output + errors
    assert before.items() <= finished().items()
    assert len(finished()) == TRIALS


# ------------------------------------------------------------------------------------------------- without processes


def helper_of(work: Path, database: Postgres, name: str, data_sha256: str = "data") -> Helper:
    return Helper(Crew(work, work, 1, None), Server.parsed(database.url), name, data_sha256, lambda line: None)


def test_a_run_folder_that_is_not_the_same_one_is_said(
    database: Postgres, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.board.FILES_SECONDS", 0.0)
    monkeypatch.setattr("pipeline.execution.pool.POLL_SECONDS", 0.01)
    Pool(tmp_path / name / "work", tmp_path, 1, None, Server.parsed(database.url))
    with pytest.raises(UserError, match="is not the one that run-all works in"):
        helper_of(tmp_path / "elsewhere" / "work", database, name).serve(idle=5)


def test_other_data_is_refused_and_the_trial_handed_back(database: Postgres, name: str, tmp_path: Path) -> None:
    pool = Pool(tmp_path / name / "work", tmp_path, 1, None, Server.parsed(database.url))
    spec = TrialSpec(recipe(), 0, "all", 64, SplitConfig(), "theirs", threads=1)
    queue = StageBoard(pool.storage, f"{name}/augmentations", [spec], [{"name": "a"}], pool.folder, shared=True)
    queue.tend({})
    with pytest.raises(UserError, match="give the same --data FOLDER"):
        helper_of(pool.work, database, name, "mine").serve(idle=5)
    queue.tend({})
    assert [trial.state for trial in trials(name, database.url)] == [TrialState.FAIL, TrialState.WAITING]


def test_a_host_that_never_spoke_is_taken_for_dead_once(database: Postgres, name: str, tmp_path: Path) -> None:
    """Killed between its claim and its first sign of life; two looks after the grace queue one trial more."""
    pool = Pool(tmp_path / name / "work", tmp_path, 1, None, Server.parsed(database.url, grace=2))
    spec = TrialSpec(recipe(), 0, "all", 64, SplitConfig(), "data", threads=1)
    queue = StageBoard(pool.storage, f"{name}/augmentations", [spec], [{"name": "a"}], pool.folder, shared=True)
    queue.tend({})
    [waiting] = queue.trials(TrialState.WAITING)
    assert pool.storage.set_trial_state_values(waiting._trial_id, TrialState.RUNNING)
    deadline = time.monotonic() + 60
    while not queue.trials(TrialState.FAIL):
        queue.tend({})
        assert time.monotonic() < deadline
        time.sleep(0.2)
    for _ in range(3):
        queue.tend({})
    assert [trial.state for trial in trials(name, database.url)] == [TrialState.FAIL, TrialState.WAITING]


def test_a_worker_without_a_run_leaves(database: Postgres, tmp_path: Path) -> None:
    assert "no run of that name" in helper_of(tmp_path, database, "never-made").serve(idle=0.1)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite:///study.db", "several hosts need a PostgreSQL server"),
        ("somewhere", "is no address of a database"),
    ],
)
def test_another_storage_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Server.parsed(url)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(UserError) as caught:
        Server.parsed("mysql://study:secret@db/study")
    assert "secret" not in str(caught.value)
