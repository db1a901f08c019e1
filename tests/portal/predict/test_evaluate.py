"""portal/predict/evaluate.py: labels of a folder, and the scores of answers that are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from artifacts import deck
from portal.predict.answers import Answer
from portal.predict.evaluate import Evaluation, EvaluationError, Label, LabelScore, auroc, evaluate, labels_in
from tests.permissions import binding

CLASSES = tuple(score.name for score in deck.CLASS_SCORES)


def folder_with(place: Path, *names: str) -> Path:
    """A folder with one file in a subfolder of each name."""
    for name in names:
        (place / name).mkdir(parents=True)
        (place / name / "1.jpg").write_bytes(b"")
    return place


def map_file(place: Path, content: object) -> Path:
    file = place / "map.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def refusal(folder: Path, labels_file: Path | None = None) -> str:
    with pytest.raises(EvaluationError) as caught:
        labels_in(folder, CLASSES, labels_file)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ----------------------------------------------------------------------------------------------------------- labels


def test_common_names_and_the_classes_own_need_no_map(tmp_path: Path) -> None:
    names = ("dress", "longsleeve", "outwear", "pants", "shirt", "shoes", "t-shirt", "hat", "shorts", "skirt")
    found = {label.name: label.right for label in labels_in(folder_with(tmp_path / "a", *names), CLASSES)}
    assert found == {
        "dress": ("Dress",),
        "longsleeve": ("Pullover",),
        "outwear": ("Coat",),
        "pants": ("Trouser",),
        "shirt": ("Shirt",),
        "shoes": ("Sandal", "Sneaker", "Ankle boot"),
        "t-shirt": ("T-shirt/top",),
        "hat": (),
        "shorts": (),
        "skirt": (),
    }
    own = labels_in(folder_with(tmp_path / "b", "Ankle boot", "sneaker", "T-shirt_top", "BAG"), CLASSES)
    assert {label.name: label.right for label in own} == {
        "Ankle boot": ("Ankle boot",),
        "BAG": ("Bag",),
        "T-shirt_top": ("T-shirt/top",),
        "sneaker": ("Sneaker",),
    }


def test_a_map_says_what_is_right(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "photos", "feet", "head")
    labels = labels_in(folder, CLASSES, map_file(tmp_path, {"feet": ["Sandal", "Bag"], "head": [], "unused": []}))
    assert [(label.name, label.right) for label in labels] == [("feet", ("Sandal", "Bag")), ("head", ())]


def test_hidden_files_and_files_beside_the_folders_are_left_out(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "shirt", ".cache")
    (folder / "README.md").write_text("")
    (folder / "shirt" / ".DS_Store").write_bytes(b"")
    [label] = labels_in(folder, CLASSES)
    assert [file.name for file in label.files] == ["1.jpg"]


def test_a_missing_or_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "is not a folder" in refusal(tmp_path / "nowhere")
    assert "holds no folders" in refusal(tmp_path)
    (tmp_path / "shirt").mkdir()
    assert "holds no photos" in refusal(tmp_path)


@pytest.mark.parametrize("hidden", ["", "hat"])
def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path, hidden: str) -> None:
    folder = folder_with(tmp_path / "photos", "hat")
    (folder / hidden).chmod(0)
    with binding():
        assert refusal(folder) == f"{folder / hidden} cannot be read (Permission denied): allow this user to read it."
    (folder / hidden).chmod(0o755)


def test_a_folder_without_right_answers_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "photos", "gloves")
    assert "for the folder gloves" in refusal(folder)
    assert "map.json does not name the classes" in refusal(folder, map_file(tmp_path, {"hat": []}))


def test_common_names_are_unknown_to_a_run_of_other_classes(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="for the folder pants"):
        labels_in(folder_with(tmp_path, "pants"), ("zero", "one"))


@pytest.mark.parametrize("content", ["{", "[]", {"hat": "Bag"}, {"hat": None}, {"hat": [1]}])
def test_a_bad_map_is_refused(tmp_path: Path, content: object) -> None:
    folder = folder_with(tmp_path / "photos", "hat")
    assert "is no map of folders to lists of classes" in refusal(folder, map_file(tmp_path, content))


def test_a_map_that_is_missing_or_names_unknown_classes_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "photos", "hat")
    assert "cannot be read" in refusal(folder, tmp_path / "nowhere.json")
    assert "names Hat, Scarf: this run knows only T-shirt/top" in refusal(
        folder, map_file(tmp_path, {"hat": ["Scarf", "Bag"], "b": ["Hat"]})
    )


# ----------------------------------------------------------------------------------------------------------- scores


def answer(top: str, score: float | None = None) -> Answer:
    """An answer whose threshold is 0."""
    probabilities = np.array([0.9 if name == top else 0.01 for name in CLASSES], np.float32)
    return Answer(CLASSES, probabilities, score, None if score is None else 0.0, "photo")


def scored(given: dict[str, list[Answer | None]], right: dict[str, tuple[str, ...]]) -> Evaluation:
    """The evaluation of these answers, one a file."""
    labels = [Label(name, right[name], tuple(Path(name) / str(i) for i in range(len(given[name])))) for name in given]
    return evaluate(labels, lambda file: given[file.parent.name][int(file.name)])


def test_each_label_counts_the_same_and_rejection_does_not_make_an_answer_wrong() -> None:
    result = scored(
        {
            "shoes": [answer("Sandal", 1.0), answer("Sneaker", -1.0), answer("Bag", -1.0), answer("Ankle boot", -2.0)],
            "dress": [answer("Shirt", -3.0)],
            "hat": [answer("Bag", 0.5), answer("Bag", -2.5)],
        },
        {"shoes": ("Sandal", "Sneaker", "Ankle boot"), "dress": ("Dress",), "hat": ()},
    )
    assert result.labels == (
        LabelScore("shoes", ("Sandal", "Sneaker", "Ankle boot"), 4, 0.75, 0.25),
        LabelScore("dress", ("Dress",), 1, 0.0, 0.0),
        LabelScore("hat", (), 2, None, 0.5),
    )
    assert result.balanced_accuracy == pytest.approx(0.375)
    # Of the ten pairs of a garment and a hat, the hat scores higher in 4 + 1.
    assert result.rejection_auroc == pytest.approx(0.5)


def test_what_could_not_be_read_counts_nowhere() -> None:
    result = scored(
        {"dress": [answer("Dress", -1.0), None], "shirt": [None]}, {"dress": ("Dress",), "shirt": ("Shirt",)}
    )
    assert result.labels[0] == LabelScore("dress", ("Dress",), 1, 1.0, 0.0)
    assert result.labels[1] == LabelScore("shirt", ("Shirt",), 0, None, None)
    assert result.balanced_accuracy == 1.0
    assert result.rejection_auroc is None


def test_a_run_that_cannot_reject_has_no_auroc() -> None:
    result = scored({"dress": [answer("Dress")], "hat": [answer("Bag")]}, {"dress": ("Dress",), "hat": ()})
    assert result == Evaluation(
        (LabelScore("dress", ("Dress",), 1, 1.0, None), LabelScore("hat", (), 1, None, None)), 1.0, None
    )


def test_without_garments_there_is_no_accuracy() -> None:
    assert scored({"hat": [answer("Bag", 1.0)]}, {"hat": ()}).balanced_accuracy is None


def test_the_auroc_is_that_of_scikit_learn_ties_included() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        negatives, positives = rng.integers(0, 6, 30) / 2, rng.integers(1, 8, 17) / 2
        expected = roc_auc_score([0] * 30 + [1] * 17, np.concatenate([negatives, positives]))
        assert auroc(negatives.tolist(), positives.tolist()) == pytest.approx(expected)


def test_the_auroc_needs_both_sides() -> None:
    assert auroc([], [1.0]) is None
    assert auroc([1.0], []) is None
