"""portal/predict/steps.py: each step of preparation measured, and the file that the page on photos reads."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artifacts import photo, store
from artifacts.contract import ArtifactError, LabelAnswers, PhotoEvaluation, PhotoStep
from artifacts.photo.labels import Label, PhotoFolderError
from artifacts.store import Run
from portal.cli import main
from portal.predict import answers, naive
from portal.predict.evaluate import evaluate
from portal.predict.steps import LADDER, Measurement, right_share, standard_error
from tests.portal.tiny_run import TinyRun

Capture = pytest.CaptureFixture[str]
CLASSES = ("Dress", "Bag")


def scene(garment: int, ground: int, seed: int = 0) -> np.ndarray:
    """A block of one gray on a grainy ground of another, (60, 50, 3)."""
    picture = np.full((60, 50, 3), ground, np.float32)
    picture[12:48, 12:38] = garment
    grain = np.random.default_rng(seed).normal(0, 9, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four photos in three labels, one of them of no class."""
    place = tmp_path_factory.mktemp("photos")
    for name, picture in {
        "dress/1.png": scene(40, 200),
        "dress/2.png": scene(200, 90),
        "shirt/1.png": scene(120, 230),
        "hat/1.png": scene(10, 140),
    }.items():
        (place / name).parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(place / name)
    return place


def labels(folder: Path) -> list[Label]:
    right = {"dress": ("Dress",), "hat": (), "shirt": ("Shirt",)}
    return [Label(name, names, tuple(sorted((folder / name).iterdir()))) for name, names in right.items()]


def decoded(file: Path) -> np.ndarray:
    return photo.decode(file.read_bytes())


def measured(run: Run, folder: Path) -> PhotoEvaluation:
    return Measurement(run).document(labels(folder), decoded, source="blocks", license="none", measured="2026-01-02")


def test_every_step_counts_every_photo(full_run: Run, folder: Path) -> None:
    figures = measured(full_run, folder)
    assert [step.name for step in figures.steps] == [rung.name for rung in LADDER]
    assert figures.photos == 4
    assert figures.classes == full_run.manifest.classes
    for step in figures.steps:
        assert [sum(label.answers) for label in step.labels] == [2, 1, 1]
        assert (step.rejection_auroc is None) == (step.network == "final")
    assert figures.networks["photo"] == full_run.manifest.files["models/photo.onnx"].sha256


def test_the_last_step_is_what_a_visitor_gets(full_run: Run, folder: Path) -> None:
    last = measured(full_run, folder).steps[-1]
    same = evaluate(labels(folder), lambda file: answers.answer_bytes(full_run, file.read_bytes()))
    assert last.balanced_accuracy == same.balanced_accuracy
    assert last.rejection_auroc == same.rejection_auroc
    for row, score in zip(last.labels, same.labels, strict=True):
        assert right_share(row, full_run.manifest.classes) == score.right
        assert row.rejected == (score.rejected or 0) * score.photos


def test_an_earlier_photo_model_can_be_compared(full_run: Run, folder: Path, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "photos.json"
    words = ["evaluate", str(folder), "--steps", str(file), "--before", str(full_run.folder)]
    assert main([*words, "--run", str(full_run.folder)]) == 0
    figures = store.decode(PhotoEvaluation, file.read_bytes(), source="photos.json")
    assert [step.network for step in figures.steps][-2:] == ["earlier", "photo"]
    earlier, last = figures.steps[-2:]
    assert earlier.labels == last.labels and earlier.name != last.name  # the same network, under two names
    assert figures.networks["earlier"] == figures.networks["photo"]
    assert main([*words[:-1], str(tmp_path), "--run", str(full_run.folder)]) == 2
    assert "holds no run" in capsys.readouterr().err


def test_a_file_that_is_no_picture_counts_nowhere(full_run: Run, folder: Path) -> None:
    figures = Measurement(full_run).document(
        labels(folder),
        lambda file: None if file.parent.name == "hat" else decoded(file),
        source="",
        license="",
        measured="",
    )
    assert figures.photos == 3
    assert figures.steps[-1].rejection_auroc is None


def test_there_must_be_something_to_measure(full_run: Run, folder: Path, tmp_path: Path) -> None:
    hats = [label for label in labels(folder) if not label.right]
    with pytest.raises(PhotoFolderError, match="nothing to measure"):
        Measurement(full_run).document(hats, decoded, source="", license="", measured="")
    with pytest.raises(ArtifactError, match="no network for photos"):
        Measurement(TinyRun(("zero", "one")).write(tmp_path / "study"))


def test_shares_and_their_error() -> None:
    rows = (LabelAnswers("a", ("Dress",), (3, 1), None), LabelAnswers("b", ("Bag",), (2, 2), None))
    step = PhotoStep("x", "y", "final", (*rows, LabelAnswers("hat", (), (1, 0), None)), 0.625, None)
    assert [right_share(row, CLASSES) for row in step.labels] == [0.75, 0.5, None]
    assert standard_error(step, CLASSES) == pytest.approx(np.sqrt(0.75 * 0.25 / 4 + 0.5 * 0.5 / 4) / 2)
    assert right_share(LabelAnswers("empty", ("Bag",), (0, 0), None), CLASSES) is None


def test_naive_preparations_keep_the_ground() -> None:
    picture = scene(40, 200)
    plain, negated, padded = (each(picture, 28) for each in (naive.resized, naive.inverted, naive.padded))
    assert (plain.astype(int) + negated == 255).all()
    assert plain[:3].mean() > 150 > 100 > plain[14, 14]
    assert padded.shape == (28, 28) and padded[14, 14] > 150 > padded[:, 0].mean()  # a bright border: inverted
    dark = naive.padded(scene(200, 40), 28)
    assert dark[14, 14] > 150 > dark[:, 0].mean()  # a dark one: kept


def test_the_command_writes_numbers_only(full_run: Run, folder: Path, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "photos.json"
    words = ["evaluate", str(folder), "--steps", str(file), "--source", "blocks", "--license", "CC0"]
    assert main([*words, "--run", str(full_run.folder)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == len(LADDER) + 2
    figures = store.decode(PhotoEvaluation, file.read_bytes(), source="photos.json")
    assert (figures.source, figures.license, figures.photos) == ("blocks", "CC0", 4)
    assert ".png" not in file.read_text()
    assert main([*words, "--json", "--run", str(full_run.folder)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(file.read_text())


def test_a_file_that_cannot_be_written_gives_a_sentence(
    full_run: Run, folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "file").write_text("")
    words = ["evaluate", str(folder), "--steps", str(tmp_path / "file" / "photos.json")]
    assert main([*words, "--run", str(full_run.folder)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "cannot be written" in err and len(err.splitlines()) == 1
