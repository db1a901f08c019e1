"""The command line: wrong input gives one sentence on stderr and exit status 2, and nothing is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.support.errors import UserError

ROOT = Path(__file__).resolve().parent.parent.parent


def pipeline(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run-all", "--profile", "huge"], "There is no profile 'huge': choose one of full, standard, quick, smoke."),
        (["tune-everything"], "No such command"),
        (["run-all", "--profile", "smoke", "--data", "nowhere"], "The data folder nowhere does not exist"),
        (["run-all", "--profile", "smoke", "--budget", "soon"], "The budget 'soon' is no time"),
        (["run-all", "--profile", "smoke", "--fit", "soon"], "The budget 'soon' is no time"),
        (["run-all", "--profile", "smoke", "--run", "../else"], "The run name '../else' will not do"),
        (["status", "--run", "never-made"], "manifest.json cannot be read"),
        (["publish", "--run", "never-made"], "cannot be published"),
        (["verify", "nowhere"], "manifest.json cannot be read"),
        (["run-all", "--train-images", "many"], "valid integer"),
    ],
    ids=["profile", "stage", "data", "budget", "fit", "run name", "status", "publish", "verify", "number"],
)
def test_wrong_input_is_one_sentence_and_status_2(
    arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["pipeline", *arguments])
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_a_process_ends_as_the_command_does() -> None:
    result = pipeline("tune-everything")
    assert result.returncode == 2
    assert "No such command" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_every_stage_is_a_subcommand() -> None:
    result = pipeline("--help")
    assert result.returncode == 0
    for stage in cli.STAGES:
        assert f" {stage.name} " in result.stdout


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("9m", 540), ("2h", 7200), ("1.5m", 90)])
def test_budgets(text: str, seconds: float) -> None:
    assert cli.seconds_of(text) == seconds


def test_needs_come_before_the_stage() -> None:
    order = [stage.name for stage in cli.STAGES]
    for stage in cli.STAGES:
        assert all(order.index(need) < order.index(stage.name) for need in stage.needs)
    names = [stage.name for stage in cli.stages.with_needs("final")]
    assert names == ["augmentations", "tune-coarse", "tune-fine", "confirm", "final"]


def test_an_unwritable_run_folder_is_one_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(UserError, match="cannot be written"), cli.RunFolder(blocked / "run").locked():
        pytest.fail("The lock was taken.")


def test_a_second_process_on_one_run_is_refused_and_a_dead_owner_is_forgotten(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from pipeline.runner import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked(): print('mine', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "mine\n"
    folder = cli.RunFolder(tmp_path)
    with pytest.raises(UserError, match=f"Process {owner.pid} is working on"), folder.locked():
        pytest.fail("Two owners.")
    owner.kill()
    owner.wait()
    with folder.locked():
        assert (tmp_path / "work" / "owner").read_text() == str(os.getpid())
