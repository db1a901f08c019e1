"""A whole smoke run: every stage writes what the contract says, a kill loses nothing, publishing is all or nothing."""

import dataclasses
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnxruntime
import optuna
import pytest
import torch
from optuna import visualization
from optuna.trial import TrialState
from rich.console import Console

from artifacts import contract, store
from artifacts.contract import (
    AblationSummary,
    ArchitecturesSummary,
    AugmentationsSummary,
    ChampionSummary,
    ConfirmSummary,
    ErrorsSummary,
    ExportSummary,
    FeatureMapsSummary,
    FinalSummary,
    ImprovementsSummary,
    LabelsSummary,
    PhotoSummary,
    RangeCut,
    SearchSummary,
    StageClock,
)
from artifacts.store import Run
from pipeline import data
from pipeline.config import PROFILES, SplitConfig
from pipeline.publish import publish, publish_unfinished
from pipeline.publish_photo import publish_photo_network
from pipeline.runner import RunFolder, Runner
from pipeline.search.study import write_file
from pipeline.stages import STAGES, named
from pipeline.support import machine
from pipeline.support.errors import UserError
from pipeline.training.trials import validated
from tests.interpreters import environment

ROOT = Path(__file__).resolve().parent.parent.parent


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", *arguments, "--profile", "smoke"]


@pytest.fixture(scope="module")
def smoke() -> Iterator[RunFolder]:
    """A finished smoke run on the real data."""
    name = f"test-{os.getpid()}"
    folder = RunFolder(ROOT / "runs" / name)
    result = subprocess.run(command("run-all", "--run", name), cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "about 1 minutes" in result.stdout.splitlines()[0]
    yield folder
    shutil.rmtree(folder.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def run(smoke: RunFolder) -> Run:
    return Run(smoke.study)


def test_every_file_is_listed_and_follows_the_contract(run: Run) -> None:
    assert run.verify() == []
    assert list(run.manifest.stages) and set(run.manifest.stages) == {stage.name for stage in STAGES}
    for path in run.manifest.files:
        if path.endswith(".npz"):
            run.arrays(path)
    for kind in contract.DOCUMENTS:
        if kind not in (contract.Manifest, contract.PhotoTraining):  # smoke has no photographs to train on
            run.document(kind)
    for search in ("coarse", "fine"):
        run.document(SearchSummary, SearchSummary.path(search))
    for stage in STAGES:
        assert run.document(StageClock, StageClock.path(stage.name)).seconds >= 0


def test_architectures_have_curves_and_predictions_of_every_epoch(run: Run) -> None:
    summary = run.document(ArchitecturesSummary)
    assert len(summary.results) == 7
    labels = run.arrays("data/validation.npz")["labels"]
    for result in summary.results:
        arrays = run.arrays(f"architectures/{result.name}.npz")
        accuracy = (arrays["val_predictions"] == labels).mean(axis=1)
        np.testing.assert_allclose(accuracy, result.fit.curves.val_accuracy, atol=1e-6)
        best = arrays["val_predictions"][result.fit.best_epoch - 1]
        probabilities = arrays["val_probabilities"].astype(np.float32)
        chosen = np.take_along_axis(probabilities, best[:, None].astype(int), axis=1)[:, 0]
        assert (chosen >= probabilities.max(1) - 2e-3).all()  # fp16 may break a tie
        assert sum(row.macs for row in result.layer_table) == result.macs


def test_trainsets_have_their_sizes_and_seeds(run: Run) -> None:
    summary = run.document(AugmentationsSummary)
    assert [each.id for each in summary.sets] == [1, 2, 3, 4, 5, 6]
    assert [each.size // summary.train_images for each in summary.sets] == [1, 2, 2, 2, 2, 2]
    assert all(len({fit.seed for fit in each.fits}) == each.val_accuracy.n == 2 for each in summary.sets)


def test_the_fine_ranges_are_what_the_top_trials_span(run: Run) -> None:
    coarse = run.document(SearchSummary, SearchSummary.path("coarse"))
    cut = run.document(RangeCut)
    top = [coarse.trials[number].values for number in cut.top_trials]
    ranks = [trial.rank for trial in coarse.trials]
    assert sorted(ranks, reverse=True)[: len(top)] == [ranks[number] for number in cut.top_trials]
    assert cut.after.lr == (min(v.lr for v in top), max(v.lr for v in top))
    fine = run.document(SearchSummary, SearchSummary.path("fine"))
    assert fine.ranges == cut.after
    assert all(cut.after.lr[0] <= trial.values.lr <= cut.after.lr[1] for trial in fine.trials)


def test_the_run_folder_holds_both_searches_as_optuna_studies(run: Run, smoke: RunFolder, tmp_path: Path) -> None:
    url = f"sqlite:///{smoke.work / 'trials.db'}"
    write_file(run, tmp_path / "written.db")
    for name in ("coarse", "fine"):
        study = optuna.load_study(study_name=name, storage=url)
        search = run.document(SearchSummary, SearchSummary.path(name))
        assert [trial.params for trial in study.trials] == [asdict(trial.values) for trial in search.trials]
        assert all(len(trial.params) == 5 and trial.intermediate_values for trial in study.trials)
        written = optuna.load_study(study_name=name, storage=f"sqlite:///{tmp_path / 'written.db'}")
        assert written.user_attrs == study.user_attrs
        for one, other in zip(study.trials, written.trials, strict=True):
            assert (one.state, one.values, one.intermediate_values) == (
                other.state, other.values, other.intermediate_values
            )  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["coarse", "fine"])
def test_optunas_own_charts_can_be_drawn(smoke: RunFolder, name: str) -> None:
    study = optuna.load_study(study_name=name, storage=f"sqlite:///{smoke.work / 'trials.db'}")
    names = {"lr", "weight_decay", "momentum", "last_layers", "optimizer"}
    history = visualization.plot_optimization_history(study)
    assert len(history.data[0].x) == len(study.get_trials(states=[TrialState.COMPLETE]))
    assert set(visualization.plot_param_importances(study).data[0].y) == names
    assert {axis.title.text for axis in visualization.plot_slice(study).select_xaxes()} == names
    assert names < set(visualization.plot_parallel_coordinate(study).layout.xaxis.ticktext)
    assert len(visualization.plot_intermediate_values(study).data) == len(study.trials)


def test_the_confirmed_winner_is_what_the_final_model_is_trained_by(run: Run) -> None:
    confirmed, summary = run.document(ConfirmSummary), run.document(FinalSummary)
    winner = confirmed.winner
    assert (summary.recipe.lr, summary.recipe.optimizer) == (winner.values.lr, winner.values.optimizer)
    assert winner.val_accuracy is not None and summary.val_accuracy == winner.val_accuracy.mean
    probabilities, labels = run.arrays("final/validation.npz")["probabilities"], run.arrays("data/validation.npz")
    right = (probabilities.argmax(1) == labels["labels"]).mean()
    assert right == pytest.approx(winner.fits[0].highest_val_accuracy, abs=0.011)  # fp16 may break a tie


def test_the_test_set_was_read_once_by_the_frozen_recipe(run: Run) -> None:
    summary = run.document(FinalSummary)
    reading, photo_reading = (each for each in run.manifest.test_reads if each.model != "champion")
    assert photo_reading.recipe_sha256 == run.document(PhotoSummary).recipe_sha256 != reading.recipe_sha256
    assert reading.recipe_sha256 == summary.recipe_sha256 == store.sha256(store.encode(summary.recipe))
    assert reading.images == summary.test_images == 200
    arrays, labels = run.arrays("final/test.npz"), run.arrays("data/test.npz")["labels"]
    assert (arrays["probabilities"].argmax(1) == labels).mean() == pytest.approx(summary.accuracy)
    by_seed = (arrays["predictions_by_seed"] == labels).mean(axis=1)
    np.testing.assert_allclose(by_seed, summary.accuracy_by_seed)
    assert sum(map(sum, summary.confusion)) == summary.test_images


def test_mistakes_are_all_there_most_confident_first(run: Run) -> None:
    mistakes, summary = run.arrays("errors/mistakes.npz"), run.document(ErrorsSummary)
    assert len(mistakes["index"]) == summary.mistakes == sum(pair.count for pair in summary.pairs)
    assert (np.diff(mistakes["confidence"]) <= 0).all()
    assert (mistakes["true"] != mistakes["predicted"]).all()


def test_every_filter_has_a_side_and_a_picture(run: Run) -> None:
    summary, arrays = run.document(FeatureMapsSummary), run.arrays("feature-maps/maps.npz")
    assert len(summary.filters) == len(arrays["filters"]) == 32
    assert arrays["label"][:2].tolist() == [9, 0]
    assert (arrays["maps"] >= 0).all()


def test_improvements_answer_each_question(run: Run) -> None:
    questions = {question.key: question for question in run.document(ImprovementsSummary).questions}
    assert [variant.recipe.batch_size for variant in questions["batch-size"].variants] == [512, 64, 32]
    assert [v.recipe.replication for v in questions["augmentation"].variants] == ["once", "every epoch"]
    assert [v.recipe.optimizer for v in questions["optimizer"].variants] == ["SGD", "SAM"]
    assert len(questions["amount"].comparisons) == 3
    assert all(variant.val_accuracy.n == 2 for question in questions.values() for variant in question.variants)


def test_the_champion_was_tested_once_and_its_file_answers_as_it_says(run: Run) -> None:
    summary = run.document(ChampionSummary)
    readings = [reading for reading in run.manifest.test_reads if reading.model == "champion"]
    assert [(each.recipe_sha256, each.seeds) for each in readings] == [(summary.recipe_sha256, len(summary.test.seeds))]
    test, predicted = run.arrays("data/test.npz"), run.arrays("champion/test.npz")["predictions_by_seed"]
    assert tuple((each == test["labels"]).mean() for each in predicted) == pytest.approx(summary.test.single)
    session = onnxruntime.InferenceSession(run.folder / summary.model.file)
    [logits] = session.run(["logits"], {"images": test["images"]})
    parity = next(each for each in summary.model.parity if each.precision == summary.model.precision)
    assert (logits.argmax(1) == predicted[0]).sum() == pytest.approx(parity.argmax_equal, abs=1)
    answers = run.arrays("champion/validation.npz")
    assert answers["val_predictions"].shape == (summary.recipe.epochs, summary.validation_images)


def test_the_ablation_holds_every_variant_and_the_student_against_the_champion(run: Run) -> None:
    summary = run.document(AblationSummary)
    first, *_, network, student = summary.question.variants
    assert (first.name, student.name, len(summary.question.variants)) == ("champion", summary.student, 12)
    assert (first.recipe.architecture, network.recipe.architecture) == ("OwnBaseline2", "PooledVGG")
    assert [each.second for each in summary.question.comparisons][-1] == summary.student
    assert (summary.train_images, summary.validation_images, summary.views.seeds) == (32, 100, (0,))
    assert not [reading for reading in run.manifest.test_reads if "ablation" in reading.model]


def test_suspected_labels_are_counted_and_pictured(run: Run) -> None:
    summary = run.document(LabelsSummary)
    suspects, issues = run.arrays("labels/suspects.npz"), run.arrays("labels/issues.npz")
    assert (summary.images, summary.folds) == (200, 2)
    assert len(issues["index"]) == summary.issues == sum(summary.issues_by_class)
    assert summary.mistakes_left == summary.mistakes - summary.issues
    assert suspects["index"].tolist() == issues["index"][: len(suspects["index"])].tolist()
    rows = np.arange(len(suspects["given"]))
    assert (np.diff(suspects["probabilities"][rows, suspects["given"]].astype(float)) >= 0).all()
    assert (suspects["given"] != suspects["suggested"]).all()
    validation = run.arrays("data/validation.npz")
    for row in issues["in_validation"]:
        number = issues["index"].tolist().index(run_index(run, row))
        assert (validation["images"][row] == suspects["images"][number]).all()


def run_index(run: Run, row: int) -> int:
    """The number in the training file of a row of data/validation.npz."""
    return int(validated(data.load(), SplitConfig(validated=100))[row])


def test_exported_models_answer_as_torch_does(run: Run) -> None:
    models = run.document(ExportSummary).models
    assert [model.role for model in models] == ["final", *["architecture"] * 7, "photo"]
    for model in models:
        parity = {each.precision: each for each in model.parity}
        assert parity["fp32"].max_logit_difference <= 1e-4
        assert parity["fp32"].argmax_equal >= 0.9999 * parity["fp32"].images
        assert parity[model.precision].bytes == run.manifest.files[model.file].bytes
    assert models[0].parity[0].images == 200


def test_the_photo_models_file_says_what_its_summary_says(run: Run) -> None:
    """Probabilities are the calibrated softmax of its logits; the threshold keeps the share that it was set for."""
    summary = run.document(PhotoSummary)
    session = onnxruntime.InferenceSession(run.folder / "models" / "photo.onnx")
    validation = run.arrays("data/validation.npz")
    logits, probabilities, rejection = session.run(
        ["logits", "probabilities", "rejection"], {"images": validation["images"]}
    )
    heated = np.exp(logits / summary.temperature)
    np.testing.assert_allclose(probabilities, heated / heated.sum(1, keepdims=True), atol=1e-4)
    accuracy = (logits.argmax(1) == validation["labels"]).mean()
    assert accuracy == pytest.approx(summary.validation_accuracy, abs=0.011)  # fp16 weights, 100 images
    assert (rejection <= summary.reject_above).mean() == pytest.approx(summary.kept_plain, abs=0.011)
    assert summary.kept_randomised == pytest.approx(0.95, abs=0.011)


def test_done_stages_are_skipped_and_the_manifest_stays(smoke: RunFolder) -> None:
    before = (smoke.study / "manifest.json").read_bytes()
    name = smoke.folder.name
    result = subprocess.run(command("run-all", "--run", name), cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.count("done before") == len(STAGES)
    assert (smoke.study / "manifest.json").read_bytes() == before


def test_a_truncated_artifact_is_named_and_made_again(smoke: RunFolder) -> None:
    path, good = smoke.study / "errors" / "summary.json", Run(smoke.study).manifest.files["errors/summary.json"]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(UserError, match=r"errors/summary.json is not what the manifest says"):
        publish(smoke.study, smoke.folder / "published")
    assert not (smoke.folder / "published").exists()
    name = smoke.folder.name
    result = subprocess.run(command("run-all", "--run", name), cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.count("done before") == len(STAGES) - 1
    assert store.record(path.read_bytes()) == good


def test_publishing_copies_the_whole_run(smoke: RunFolder) -> None:
    target = smoke.folder / "published"
    publish(smoke.study, target)
    publish(smoke.study, target)
    assert Run(target).verify() == []
    assert [path.name for path in smoke.folder.iterdir() if path.name.startswith(".publish")] == []


def test_killed_and_started_again_ends_in_the_same_artifacts(run: Run, smoke: RunFolder) -> None:
    """kill -9 of the whole process group in the middle of a stage's trials; the same command resumes."""
    name = f"{smoke.folder.name}-killed"
    folder = RunFolder(ROOT / "runs" / name)
    arguments = command("augmentations", "--run", name)
    try:
        first = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 120
        while len(list(folder.work.glob("trials/*/record.json"))) < 3:
            assert time.monotonic() < deadline and first.poll() is None
            time.sleep(0.05)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        subprocess.run(arguments, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=180)
        resumed = Run(folder.study).manifest
        paths = run.manifest.stages["augmentations"].files
        assert {path: resumed.files[path] for path in paths} == {path: run.manifest.files[path] for path in paths}
        names = json.loads((folder.study / "clock" / "augmentations.json").read_text())["trials"]
        assert len(names) == 12
    finally:
        shutil.rmtree(folder.folder, ignore_errors=True)


def test_another_data_set_runs_through_with_its_own_names(tmp_path: Path, smoke: RunFolder) -> None:
    from tests.pipeline.conftest import SAMPLE, write_data

    with np.load(SAMPLE, allow_pickle=False) as archive:
        keep = archive["labels"] < 4
        images, labels = np.tile(archive["images"][keep], (4, 1, 1)), np.tile(archive["labels"][keep], 4)
    folder = write_data(tmp_path / "four-kinds", images, labels, ("north", "east", "south", "west"))
    name = f"{smoke.folder.name}-other"
    other = RunFolder(ROOT / "runs" / name)
    try:
        # The slow test_other_data.py runs all stages.
        arguments = command(
            "errors", "--run", name, "--data", str(folder), "--train-images", "200", "--validation-images", "100"
        )
        result = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
        assert result.returncode == 0, result.stderr
        made = Run(other.study)
        assert made.manifest.classes == ("north", "east", "south", "west")
        assert made.manifest.data == "four-kinds"
        assert [report.name for report in made.document(FinalSummary).classes] == list(made.manifest.classes)
        assert made.verify() == []
    finally:
        shutil.rmtree(other.folder, ignore_errors=True)


# ---------------------------------------------------------------------------------------------- the same byte for byte

DIGESTS = ROOT / "tests" / "fixtures" / "smoke_digests.json"


def digests(run: Run) -> dict[str, str]:
    """The sha256 of every file of the run, and what its stages are made of; clocks and the machine are left out."""
    return {path: record.sha256 for path, record in run.manifest.files.items()} | {
        f"fingerprint of {name}": stage.fingerprint for name, stage in run.manifest.stages.items()
    }


def test_a_smoke_run_writes_the_bytes_that_it_wrote_before(run: Run) -> None:
    """Processors round differently, so there are digests for each that somebody wrote them down on."""
    here = f"{machine.describe().processor}, {torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}"
    known = json.loads(DIGESTS.read_text(encoding="utf-8"))
    if here not in known:
        pytest.skip(f"no digests of a smoke run on {here}: add them to {DIGESTS.name}")
    wanted, found = known[here], digests(run)
    assert {name: found.get(name) for name in wanted} == wanted


@pytest.fixture
def bare() -> dict[str, str]:
    """The environment of an interpreter, and of all processes it starts, without what Windows lacks."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent / "other_systems")}
    missing = "import os, signal, multiprocessing; assert not hasattr(os, 'fork') and not hasattr(signal, 'SIGALRM')\n"
    missing += "assert 'forkserver' not in multiprocessing.get_all_start_methods()\n"
    missing += "try: import fcntl\nexcept ImportError: print('bare')"
    code = subprocess.run([sys.executable, "-c", missing], env=environment, capture_output=True, text=True, check=True)
    assert code.stdout == "bare\n"
    return environment


@pytest.mark.timeout(900)
def test_a_run_without_what_windows_lacks_writes_the_same(run: Run, run_name: str, bare: dict[str, str]) -> None:
    words = command("run-all", "--run", run_name)
    done = subprocess.run(words, cwd=ROOT, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Run(ROOT / "runs" / run_name / "study").manifest.files == run.manifest.files


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_newer_python_runs_the_study(run_name: str, tmp_path: Path) -> None:
    """Some gigabytes of torch are downloaded for it."""
    python = environment("3.13", tmp_path / "venv", "-r", ROOT / "requirements.txt")
    words = [str(python), *command("run-all", "--run", run_name)[1:]]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {stage.name for stage in STAGES} == set(Run(ROOT / "runs" / run_name / "study").manifest.stages)


# ------------------------------------------------------------------------------------------------ taking stages over


def second_run(folder: Path, smoke: RunFolder, **changes: object) -> Runner:
    """Another smoke run, after it took over what it can from the first."""
    dataset, console = data.load(None), Console(file=io.StringIO())
    runner = Runner(RunFolder(folder), dataclasses.replace(PROFILES["smoke"](), **changes), dataset, console)
    runner.take_over(smoke.study, STAGES)
    return runner


def test_stages_that_stand_alone_are_taken_over_from_a_study(smoke: RunFolder, run: Run, tmp_path: Path) -> None:
    second = second_run(tmp_path, smoke)
    second.write_manifest()
    again = Run(second.folder.study)
    assert set(again.manifest.taken_over) == {"eda", "outliers", "ablation", "champion", "labels"}
    assert set(again.manifest.stages) == set(again.manifest.taken_over)
    assert again.verify() == []
    assert all(run.manifest.files[path] == record for path, record in again.manifest.files.items())
    assert again.manifest.test_reads == tuple(read for read in run.manifest.test_reads if read.model == "champion")
    assert "eda, outliers, ablation, champion, labels" in second.console.file.getvalue().replace("\n", " ")


def test_nothing_is_taken_over_with_other_settings_or_from_a_damaged_study(smoke: RunFolder, tmp_path: Path) -> None:
    assert not [stage for stage in STAGES if second_run(tmp_path / "seed", smoke, seed=1).state(stage)]
    damaged = RunFolder(tmp_path / "damaged")
    shutil.copytree(smoke.study, damaged.study)
    (damaged.study / "eda" / "summary.json").write_bytes(b"{}")
    taken = second_run(tmp_path / "second", damaged)
    assert taken.state(named("eda")) is None


def test_an_unfinished_runs_trials_are_taken_over(smoke: RunFolder, run: Run, tmp_path: Path) -> None:
    unfinished = tmp_path / "unfinished"
    count = publish_unfinished(smoke.work, unfinished)
    assert count == publish_unfinished(smoke.work, unfinished)  # replaces what it wrote
    second = second_run(tmp_path / "second", smoke)
    second.take_over_trials(unfinished)
    assert f"{count} finished trials" in " ".join(second.console.file.getvalue().split())
    second.run([named("augmentations"), named("tune-coarse"), named("tune-fine"), named("confirm")])
    assert not (second.folder.work / "trials").exists()
    again = Run(second.folder.study)
    for stage in ("augmentations", "tune-coarse", "tune-fine", "confirm"):
        assert again.manifest.stages[stage] == run.manifest.stages[stage]
        assert all(
            again.manifest.files[path] == run.manifest.files[path] for path in again.manifest.stages[stage].files
        )


def test_a_photo_network_trained_by_itself_takes_the_place_of_the_studys(
    smoke: RunFolder, run: Run, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    publish(smoke.study, study)
    second = second_run(tmp_path / "second", smoke, seed=1)
    with pytest.raises(UserError, match="no photo network to publish"):
        publish_photo_network(second.folder, second.dataset, 20, study)
    second.run([named("photo-model")])
    publish_photo_network(second.folder, second.dataset, 20, study)
    published, alone = Run(study), Run(second.folder.study)
    assert published.verify() == []
    assert published.document(PhotoSummary) == alone.document(PhotoSummary) != run.document(PhotoSummary)
    before, after = (each.document(ExportSummary).models for each in (run, published))
    assert [model for model in after if model.role != "photo"] == [model for model in before if model.role != "photo"]
    [photo] = (model for model in after if model.role == "photo")
    assert published.bytes(photo.file) != run.bytes(photo.file) and photo.parity[0].argmax_equal == 20
    assert published.manifest.test_reads == (*run.manifest.test_reads, *alone.manifest.test_reads)
    assert published.manifest.settings == ("photo-model: trained by itself, profile smoke",)
    publish_photo_network(second.folder, second.dataset, 20, study)  # again: nothing is said twice
    assert Run(study).manifest.test_reads == published.manifest.test_reads
    assert Run(study).manifest.settings == published.manifest.settings
