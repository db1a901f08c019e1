"""What goes wrong outside the study's own code: networks that diverge, odd data, damaged work files, a full disk.
Each ends in a reason on record or one sentence with a documented exit status."""

import dataclasses
import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from artifacts import store
from artifacts.store import Run
from pipeline import cli, data
from pipeline.config import Config, EdaConfig, SplitConfig, recipe, smoke
from pipeline.runner import RunFolder, Runner
from pipeline.stages import eda, named
from pipeline.stages.context import Context
from pipeline.support import checksummed
from pipeline.support.errors import UserError
from pipeline.training import checkpoints, trials
from pipeline.training.loop import State
from pipeline.training.trial_folder import TrialFolder
from pipeline.training.trials import TrialSpec, Workplace, execute
from tests.permissions import bind_child, binding
from tests.pipeline.command_line import ROOT, command, one_sentence
from tests.pipeline.conftest import CLASS_NAMES, write_data

SMALL = recipe(batch_size=16, epochs=2, patience=2)
SMALL_RUN = ["--train-images", "160", "--validation-images", "60", "--set", "split.validated=60"]
SMALL_RUN += ["--set", "split.tested=100", "--set", "augmentations.train_images=48"]


@pytest.fixture
def place(data_folder: Path, tmp_path: Path) -> Workplace:
    return Workplace(data.load(data_folder), tmp_path / "trials", torch.device("cpu"))


def spec(place: Workplace, **changes: object) -> TrialSpec:
    split = SplitConfig(train_images=160, validation_images=60, validated=20)
    changed = dataclasses.replace(SMALL, **changes)  # type: ignore[arg-type]
    return TrialSpec(changed, 0, "train", 32, split, place.dataset.fingerprint, threads=1)


# ----------------------------------------------------------------------------------------------------------- diverging


def test_a_diverging_trial_fails_with_a_reason_and_is_not_tried_again(place: Workplace) -> None:
    wild = spec(place, lr=1e30, schedule="constant")
    record = execute(wild, place)
    assert record.fit is None
    assert "not finite in epoch 1" in record.reason
    before = (place.trials / wild.key / "record.json").stat().st_mtime_ns
    assert execute(wild, place) == record
    assert (place.trials / wild.key / "record.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(("lr", "optimizer"), [(1e6, "SGD"), (1e6, "SAM"), (1e12, "SGD")])
def test_whatever_the_learning_rate_nothing_that_is_not_finite_is_written(
    place: Workplace, lr: float, optimizer: str
) -> None:
    wild = spec(place, lr=lr, optimizer=optimizer)
    record = execute(wild, place)
    assert (record.fit is None) == bool(record.reason)
    content = checksummed.read(place.trials / wild.key / "record.json").decode()
    assert "NaN" not in content and "Infinity" not in content
    if record.fit is not None:
        folder = TrialFolder(place.trials, wild.key)
        assert all(torch.isfinite(value).all() for value in folder.weights().values())
        assert np.isfinite(folder.arrays()["val_probabilities"]).all()


# ----------------------------------------------------------------------------------------------------------- odd data


def test_data_of_one_class_trains_to_finite_numbers(tmp_path: Path, sample: tuple[np.ndarray, np.ndarray]) -> None:
    """Two classes on paper, seven images of eight of the first."""
    images, labels = sample[0], np.zeros(256, np.uint8)
    labels[::8] = 1
    folder = write_data(tmp_path / "one", images, labels, ("common", "rare"))
    place = Workplace(data.load(folder), tmp_path / "trials", torch.device("cpu"))
    fit = execute(spec(place), place).fit
    assert fit is not None
    assert all(math.isfinite(value) for values in dataclasses.astuple(fit.curves) for value in values)


def test_data_of_a_single_class_is_refused(tmp_path: Path, sample: tuple[np.ndarray, np.ndarray]) -> None:
    folder = write_data(tmp_path / "one", sample[0], np.zeros(256, np.uint8), ("only", "never"))
    with pytest.raises(UserError, match="fewer than two images of the class never"):
        data.load(folder)


@pytest.mark.parametrize(("train", "validation"), [(5, 60), (160, 5), (200, 100)])
def test_a_split_that_cannot_hold_every_class_is_one_sentence(place: Workplace, train: int, validation: int) -> None:
    small = SplitConfig(train_images=train, validation_images=validation)
    with pytest.raises(UserError, match=r"^The split asks for .*\.$"):
        trials.split_of(place.dataset, small)


# ------------------------------------------------------------------------------------------------- damaged work files


def flipped(content: bytes, offset: int) -> bytes:
    return content[:offset] + bytes([content[offset] ^ 1]) + content[offset + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "one bit": lambda content: flipped(content, len(content) * 2 // 3),
    "first byte": lambda content: flipped(content, 0),
}


@pytest.mark.parametrize("damage", ["truncated", "one bit"])
@pytest.mark.parametrize("name", ["record.json", "weights.safetensors", "validation.npz"])
def test_a_finished_trial_with_a_damaged_file_is_run_again_to_the_same_numbers(
    place: Workplace, name: str, damage: str
) -> None:
    one = spec(place, epochs=1)
    first = execute(one, place)
    path = place.trials / one.key / name
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert TrialFolder(place.trials, one.key).record() is None
    again = execute(one, place)
    assert (again.fit, again.files) == (first.fit, first.files)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_not_believed(place: Workplace, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One flipped bit in a weight would otherwise pass as a weight."""
    monkeypatch.setattr(checkpoints, "SECONDS_BETWEEN", 0.0)
    whole, begun = spec(place), time.time()
    short = dataclasses.replace(place, deadline=begun)
    with pytest.raises(trials.BudgetSpent):
        execute(whole, short)
    path = TrialFolder(place.trials, whole.key).checkpoint
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    seen: list[int] = []
    restore = checkpoints.Checkpoints.restore

    def watched(self: checkpoints.Checkpoints, state: State) -> None:
        restore(self, state)
        seen.append(state.epoch)

    monkeypatch.setattr(checkpoints.Checkpoints, "restore", watched)
    assert execute(whole, place).fit is not None
    assert seen == [0]


def test_a_record_of_another_trial_is_not_believed(place: Workplace) -> None:
    one, other = spec(place, epochs=1), spec(place, epochs=1, lr=0.01)
    for each in (one, other):
        execute(each, place)
    shutil.copy(place.trials / one.key / "record.json", place.trials / other.key / "record.json")
    assert TrialFolder(place.trials, other.key).record() is None


def test_a_record_from_before_there_were_seals_is_still_taken(place: Workplace) -> None:
    one = spec(place, epochs=1)
    record = dataclasses.replace(execute(one, place), files={})
    plain = json.loads(store.encode(record))
    del plain["files"]
    (place.trials / one.key / "record.json").write_text(json.dumps(plain))
    assert TrialFolder(place.trials, one.key).record() == record


# ------------------------------------------------------------------------------------------------------- stage states


def tiny_config() -> Config:
    return dataclasses.replace(
        smoke(),
        split=SplitConfig(train_images=160, validation_images=60, validated=60, tested=100),
        eda=EdaConfig(samples_per_class=3),
    )


@pytest.fixture
def finished_eda(data_folder: Path, tmp_path: Path) -> Runner:
    runner = Runner(RunFolder(tmp_path / "run"), tiny_config(), data.load(data_folder), Console(quiet=True))
    runner.run([named("eda")])
    return runner


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_stage_with_a_damaged_state_is_run_again(finished_eda: Runner, damage: str) -> None:
    eda = named("eda")
    path, good = finished_eda._state_path(eda), (finished_eda.folder.study / "manifest.json").read_bytes()
    assert finished_eda.state(eda) is not None
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert finished_eda.state(eda) is None
    finished_eda.run([eda])
    again = store.decode(store.Manifest, (finished_eda.folder.study / "manifest.json").read_bytes(), source="again")
    assert store.settled(again) == store.settled(store.decode(store.Manifest, good, source="first"))


def readings(runner: Runner) -> list[str]:
    return [f"reading {reading.seeds - 1}" for reading in Run(runner.folder.study).manifest.test_reads]


def test_no_reading_of_the_test_set_is_forgotten_when_its_stage_is_run_again(
    finished_eda: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With other settings, also after a kill in between; the same networks' answers are no new reading."""
    reads: list[str] = []

    def reading_stage(context: Context) -> None:
        eda.run(context)
        reads.append(f"reading {len(reads)}")
        context.put_reading_on_record("final", "0" * 64, seeds=len(reads))

    stage = dataclasses.replace(named("eda"), run=reading_stage, version=7)
    monkeypatch.setattr("pipeline.runner.STAGES", (stage,))
    finished_eda.run([stage])
    assert readings(finished_eda) == ["reading 0"]
    (finished_eda.folder.study / "eda" / "summary.json").unlink()
    finished_eda.run([stage])
    assert (len(reads), readings(finished_eda)) == (2, ["reading 0"])
    other = dataclasses.replace(finished_eda.config, eda=EdaConfig(samples_per_class=4))
    changed = Runner(finished_eda.folder, other, finished_eda.dataset, Console(quiet=True))

    def stopped(context: Context) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        changed.run([dataclasses.replace(stage, run=stopped)])
    assert changed.state(stage) is None and finished_eda.state(stage) is None
    changed.run([stage])
    assert readings(changed) == ["reading 0", "reading 2"]


def test_a_reading_stays_on_record_when_its_stage_is_killed_after_it_and_then_changed(
    finished_eda: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed_after_reading(context: Context) -> None:
        context.put_reading_on_record("final", "0" * 64, seeds=1)
        raise KeyboardInterrupt

    def reading_stage(context: Context) -> None:
        eda.run(context)
        context.put_reading_on_record("final", "0" * 64, seeds=2)

    finished_eda._state_path(named("eda")).unlink()
    stage = dataclasses.replace(named("eda"), run=killed_after_reading, version=7)
    monkeypatch.setattr("pipeline.runner.STAGES", (stage,))
    with pytest.raises(KeyboardInterrupt):
        finished_eda.run([stage])
    assert finished_eda.state(stage) is None
    other = dataclasses.replace(finished_eda.config, eda=EdaConfig(samples_per_class=4))
    changed = Runner(finished_eda.folder, other, finished_eda.dataset, Console(quiet=True))
    changed.run([dataclasses.replace(stage, run=reading_stage)])
    assert readings(changed) == ["reading 0", "reading 1"]


def test_a_reading_before_a_kill_is_the_one_on_record_when_the_stage_goes_on(
    finished_eda: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same networks' answers, read again after a resume, are no second reading."""
    seeds = iter((1, 2))
    interrupted = True

    def reading_stage(context: Context) -> None:
        eda.run(context)
        context.put_reading_on_record("final", "0" * 64, seeds=next(seeds))
        if interrupted:
            raise KeyboardInterrupt

    stage = dataclasses.replace(named("eda"), run=reading_stage, version=7)
    monkeypatch.setattr("pipeline.runner.STAGES", (stage,))
    with pytest.raises(KeyboardInterrupt):
        finished_eda.run([stage])
    interrupted = False
    finished_eda.run([stage])
    assert readings(finished_eda) == ["reading 0"]


# ------------------------------------------------------------------------------------------------- the command itself


def test_a_second_run_is_refused_at_once_and_takes_over_when_the_first_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "RUNS", tmp_path)
    code = (
        "import sys, time; from pathlib import Path; from pipeline.runner import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked(): print('mine', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "both")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None and owner.stdout.readline() == "mine\n"
    monkeypatch.setattr(sys, "argv", ["pipeline", "eda", "--profile", "smoke", "--run", "both"])
    before, begun = signal.getsignal(signal.SIGTERM), time.monotonic()
    with pytest.raises(SystemExit) as refused:
        cli.main()
    assert time.monotonic() - begun < 1.0
    assert refused.value.code == 2
    assert f"Process {owner.pid} is working on" in one_sentence(capsys.readouterr().err)
    owner.kill()
    owner.wait()
    begun = time.monotonic()
    with RunFolder(tmp_path / "both").locked():
        assert time.monotonic() - begun < 1.0
    signal.signal(signal.SIGTERM, before)


def test_a_full_disk_is_one_sentence_and_the_run_goes_on_with_room(run_name: str) -> None:
    """No file may grow beyond 150 kB, which 1,000 test images do: the disk is full in the middle of a write."""

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    eda = [*command(run_name, "eda"), "--set", "split.tested=1000"]
    full = subprocess.run(eda, cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=small_files)
    assert full.returncode == 2
    assert "free space or choose another folder, then run again" in one_sentence(full.stderr)
    assert not list((ROOT / "runs" / run_name).rglob("*.part"))
    assert subprocess.run(eda, cwd=ROOT, capture_output=True, check=False).returncode == 0


# -------------------------------------------------------------------------------------------------- not to be written


def status_of(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """The command's exit status, in this process."""
    monkeypatch.setattr(sys, "argv", ["pipeline", *arguments])
    before = signal.getsignal(signal.SIGTERM)
    try:
        cli.main()
    except SystemExit as left:
        return int(left.code or 0)
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


@pytest.mark.parametrize("place", [".", "work", "work/stages", "study", "study/eda"])
def test_a_folder_that_may_not_be_written_is_one_sentence_and_the_run_goes_on_when_it_may(
    place: str,
    data_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli, "RUNS", tmp_path)
    folder = tmp_path / "mine" / place
    folder.mkdir(parents=True)
    arguments = ["eda", "--profile", "smoke", "--run", "mine", "--data", str(data_folder), *SMALL_RUN]
    folder.chmod(0o555)
    with binding():
        assert status_of(arguments, monkeypatch) == 2
    sentence = one_sentence(capsys.readouterr().err)
    assert str(tmp_path / "mine") in sentence and "Permission denied" in sentence
    assert "choose another" in sentence and "space" not in sentence
    assert not list(tmp_path.rglob("*.part"))
    folder.chmod(0o755)
    with binding():
        assert status_of(arguments, monkeypatch) == 0


@pytest.fixture(scope="module")
def garments(tmp_path_factory: pytest.TempPathFactory, sample: tuple[np.ndarray, np.ndarray]) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "garments", *sample, CLASS_NAMES)


@pytest.fixture(scope="module")
def undisturbed(garments: Path) -> Iterator[bytes]:
    """What the run leaves whose files stay."""
    name = f"test-faults-{os.getpid()}-undisturbed"
    subprocess.run([*command(name, "augmentations"), "--data", str(garments), *SMALL_RUN], cwd=ROOT, check=True)
    yield manifest_of(name)
    shutil.rmtree(ROOT / "runs" / name)


def manifest_of(name: str) -> bytes:
    run = store.Run(ROOT / "runs" / name / "study")
    assert run.verify() == []
    return store.settled(run.manifest)


VANISHES: dict[str, Callable[[Path], object]] = {
    "deleted": lambda path: path.unlink(),
    "overwritten": lambda path: path.write_bytes(b"no list any more" * 500),
    "emptied": lambda path: os.truncate(path, 0),
    "unreadable": lambda path: path.chmod(0),
    "folder-locked": lambda path: path.parent.chmod(0o555),
}


@pytest.mark.slow
@pytest.mark.timeout(2_400)
@pytest.mark.parametrize("how", VANISHES)
def test_a_stages_list_of_trials_that_vanishes_in_mid_run_loses_no_trial(
    how: str, run_name: str, garments: Path, undisturbed: bytes
) -> None:
    """Whether the run ends well or with a sentence, what it leaves is the same."""
    arguments = [*command(run_name, "augmentations"), "--data", str(garments), *SMALL_RUN]
    words = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(arguments, preexec_fn=bind_child, **words)  # type: ignore[call-overload]
    work, deadline = ROOT / "runs" / run_name / "work", time.monotonic() + 600
    try:
        while not list(work.glob("trials/*/record.json")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        VANISHES[how](work / "stages" / "augmentations.trials.json")
        _, errors = process.communicate(timeout=600)
    finally:
        process.kill()
    print(f"{how}: status {process.returncode}, {errors.strip()}")
    assert process.returncode in (0, 2)
    assert process.returncode == 0 or one_sentence(errors)
    (work / "stages").chmod(0o755)
    done = {path: path.stat().st_mtime_ns for path in work.glob("trials/*/record.json")}
    subprocess.run(arguments, check=True, preexec_fn=bind_child, **words)  # type: ignore[call-overload]
    assert manifest_of(run_name) == undisturbed
    assert {path: path.stat().st_mtime_ns for path in done} == done
