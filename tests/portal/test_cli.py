"""`python -m portal predict` and `evaluate`: what they print, and their exit status."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artifacts.photo import KINDS
from artifacts.store import Run
from portal import cli
from portal.cli import main
from portal.core.navigation import ROOT
from portal.predict import answers
from tests.portal.tiny_run import TinyRun

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def photos(tiny: TinyRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three garments in two labels, and a nearly black picture under `hat`."""
    folder = tmp_path_factory.mktemp("photos")
    black = np.zeros((28, 28), np.uint8)
    black[14, 14] = 60
    for name, image in {
        "dress/1.png": tiny.images[0],
        "dress/2.png": tiny.images[1],
        "shirt/1.jpg": tiny.images[2],
        "hat/1.png": black,
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def no_photo_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return TinyRun(("zero", "one", "two")).write(tmp_path_factory.mktemp("other") / "study")


def files_in(photos: Path) -> list[str]:
    return [str(file) for file in sorted(photos.glob("*/*"))]


# ---------------------------------------------------------------------------------------------------------- predict


def test_json_is_one_object_a_line(full_run: Run, photos: Path, capsys: Capture) -> None:
    assert main(["predict", *files_in(photos), "--json", "--run", str(full_run.folder)]) == 0
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["file"] for row in rows] == files_in(photos)
    for row in rows:
        expected = answers.answer_bytes(full_run, Path(row["file"]).read_bytes())
        assert list(row) == ["file", "top", "probabilities", "rejected", "score"]
        assert list(row["probabilities"]) == list(full_run.manifest.classes)
        assert sum(row["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)
        assert row["top"] == max(row["probabilities"], key=row["probabilities"].get) == expected.top
        assert row["score"] == expected.score
    assert {Path(row["file"]).parent.name: row["rejected"] for row in rows} == {
        "dress": False,
        "hat": True,
        "shirt": False,
    }
    assert err == ""


def test_without_json_each_file_gets_its_verdict(full_run: Run, photos: Path, capsys: Capture) -> None:
    file = str(photos / "hat" / "1.png")
    assert main(["--run", str(full_run.folder), "predict", file]) == 0
    expected = answers.verdict(answers.answer_bytes(full_run, Path(file).read_bytes()))
    assert "none of the ten classes" in expected
    assert capsys.readouterr().out == f"{file}: {expected}\n"


def test_an_unreadable_file_does_not_stop_the_others(
    full_run: Run, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    good = str(photos / "dress" / "1.png")
    words = ["predict", str(tmp_path / "notes.txt"), str(tmp_path), str(tmp_path / "gone.png"), good]
    assert main([*words, "--run", str(full_run.folder)]) == 2
    out, err = capsys.readouterr()
    assert out.startswith(f"{good}: This looks like")
    notes, folder, gone = err.splitlines()
    assert notes == f"{tmp_path / 'notes.txt'}: This file is not a picture: send a {KINDS} file."
    assert "cannot be read (Is a directory)" in folder
    assert "cannot be read (No such file or directory)" in gone

    assert main([*words, "--json", "--run", str(full_run.folder)]) == 2
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [list(row) for row in rows[:3]] == [["file", "error"]] * 3
    assert "not a picture" in rows[0]["error"]
    assert rows[3]["file"] == good and "top" in rows[3]
    assert err == ""


def test_a_name_that_is_no_text_is_printed_all_the_same(full_run: Run, photos: Path, tmp_path: Path) -> None:
    """In a process of its own: pytest's stand-in for the terminal prints anything."""
    odd = tmp_path / os.fsdecode(b"\xff.png")
    shutil.copy(photos / "dress" / "1.png", odd)
    command = [sys.executable, "-m", "portal", "predict", odd, "--run", str(full_run.folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode().startswith(f"{tmp_path}/\N{REPLACEMENT CHARACTER}.png: This ")
    row = json.loads(subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, check=True).stdout)
    assert row["file"] == str(odd)


def test_no_more_of_a_huge_file_is_read_than_a_picture_may_have(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(200 * 1024**2)
    assert len(cli.read(tmp_path / "huge")) == 20 * 1024**2 + 1


def test_a_run_that_cannot_reject_says_so(no_photo_run: Run, photos: Path, capsys: Capture) -> None:
    assert main(["predict", files_in(photos)[0], "--json", "--run", str(no_photo_run.folder)]) == 0
    out, err = capsys.readouterr()
    row = json.loads(out)
    assert (row["rejected"], row["score"]) == (None, None)
    assert err.strip() == answers.NO_REJECTION


# --------------------------------------------------------------------------------------------------------- evaluate


def test_evaluate_prints_what_was_measured(full_run: Run, photos: Path, tmp_path: Path, capsys: Capture) -> None:
    tops = {file: answers.answer_bytes(full_run, Path(file).read_bytes()).top for file in files_in(photos)}
    [first, second, hat, shirt] = tops.values()
    other = next(name for name in full_run.manifest.classes if name != shirt)
    right = {"dress": sorted({first, second}), "shirt": [other], "hat": []}
    (tmp_path / "map.json").write_text(json.dumps(right))
    words = ["evaluate", str(photos), "--labels", str(tmp_path / "map.json"), "--run", str(full_run.folder)]
    assert main([*words, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    exact = printed.pop("exact")
    assert printed == {
        "labels": [
            {"name": "dress", "answers": right["dress"], "photos": 2, "right": 1.0, "rejected": 0.0},
            {"name": "hat", "answers": [], "photos": 1, "right": None, "rejected": 1.0},
            {"name": "shirt", "answers": [other], "photos": 1, "right": 0.0, "rejected": 0.0},
        ],
        "balanced_accuracy": 0.5,
        "rejection_auroc": 1.0,
    }
    assert hat in full_run.manifest.classes

    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:6] == ["dress", "2", "100.0", "%", "0.0", "%"]
    assert lines[2].split() == ["hat", "1", "-", "100.0", "%", "none", "of", "the", "classes"]
    assert lines[4:6] == ["Balanced accuracy: 0.500", "Rejection AUROC: 1.000"]
    assert exact["confusion"][other][exact["classes"].index(shirt)] >= 1
    assert lines[-1].startswith(f"Accuracy: {exact['accuracy']:.3f} on {exact['photos']} photos of ")


def test_evaluate_needs_no_map_for_common_names(full_run: Run, photos: Path, capsys: Capture) -> None:
    assert main(["evaluate", str(photos), "--json", "--run", str(full_run.folder)]) == 0
    labels = json.loads(capsys.readouterr().out)["labels"]
    assert {label["name"]: label["answers"] for label in labels} == {"dress": ["Dress"], "hat": [], "shirt": ["Shirt"]}


def test_evaluate_leaves_out_what_is_no_picture_and_says_so(
    full_run: Run, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "dress").mkdir()
    (tmp_path / "dress" / "1.png").write_bytes((photos / "dress" / "1.png").read_bytes())
    (tmp_path / "dress" / "2.png").write_bytes(b"")
    assert main(["evaluate", str(tmp_path), "--json", "--run", str(full_run.folder)]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["labels"][0]["photos"] == 1
    assert err.strip() == f"{tmp_path / 'dress' / '2.png'} is left out: This file is empty: choose a picture with " + (
        "something in it."
    )


def test_evaluate_tells_how_far_it_is(
    full_run: Run, photos: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "SECONDS_BETWEEN_NOTES", -1.0)
    assert main(["evaluate", str(photos), "--run", str(full_run.folder)]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "3 of 4 photos"


def test_evaluate_refuses_what_it_cannot_use(full_run: Run, photos: Path, tmp_path: Path, capsys: Capture) -> None:
    for words in (
        [str(tmp_path / "nowhere")],
        [str(tmp_path)],
        [str(photos), "--labels", str(tmp_path / "nowhere.json")],
    ):
        assert main(["evaluate", *words, "--run", str(full_run.folder)]) == 2
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1


# ------------------------------------------------------------------------------------------------------------- both


def test_a_folder_without_a_run_is_refused(photos: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["predict", files_in(photos)[0], "--run", str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err


def test_without_any_run_it_says_how_to_make_one(
    photos: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "find_runs", list)
    assert main(["predict", files_in(photos)[0]]) == 2
    assert "`python -m pipeline run-all`" in capsys.readouterr().err


def test_a_run_without_networks_names_the_command(tiny: TinyRun, photos: Path, tmp_path: Path, capsys: Capture) -> None:
    run = tiny.write(tmp_path / "study", without=("models/",))
    assert main(["predict", files_in(photos)[0], "--run", str(run.folder)]) == 2
    assert "make them with `python -m pipeline export`" in capsys.readouterr().err


def test_a_damaged_network_gives_a_sentence(tiny: TinyRun, photos: Path, tmp_path: Path, capsys: Capture) -> None:
    run = tiny.write(tmp_path / "study")
    (run.folder / "models" / "summary.json").write_text("{}")
    assert main(["predict", files_in(photos)[0], "--run", str(run.folder)]) == 2
    assert "changed or damaged" in capsys.readouterr().err


def test_both_work_without_torch_and_without_streamlit(full_run: Run, photos: Path) -> None:
    """In a process of its own, since other tests have imported both here."""
    script = f"""
import sys
for name in ("torch", "torchvision", "optuna", "sklearn", "pipeline", "streamlit", "altair"):
    sys.modules[name] = None
from portal.cli import main
run = ["--run", {str(full_run.folder)!r}]
assert main(["predict", {files_in(photos)[0]!r}, "--json", *run]) == 0
assert main(["evaluate", {str(photos)!r}, *run]) == 0
"""
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, *table = done.stdout.splitlines()
    assert json.loads(first)["top"] in full_run.manifest.classes
    assert any(line.startswith("Balanced accuracy: ") for line in table)
