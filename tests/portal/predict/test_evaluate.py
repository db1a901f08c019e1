"""portal/predict/evaluate.py: the scores of answers that are known."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from artifacts import deck, photo
from artifacts.photo.labels import Label
from portal.predict.answers import Answer
from portal.predict.evaluate import Evaluation, LabelScore, auroc, evaluate

CLASSES = tuple(score.name for score in deck.CLASS_SCORES)


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
    assert result.labels == (LabelScore("dress", ("Dress",), 1, 1.0, None), LabelScore("hat", (), 1, None, None))
    assert (result.balanced_accuracy, result.rejection_auroc) == (1.0, None)


def test_photos_of_one_known_class_give_accuracy_and_confusion() -> None:
    right = {"dress": ("Dress",), "bag": ("Bag",), "shoes": ("Sandal", "Sneaker", "Ankle boot"), "hat": ()}
    given = {
        "dress": [answer("Dress"), answer("Dress"), answer("Coat")],
        "bag": [answer("Dress"), None],
        "shoes": [answer("Sandal")],
        "hat": [answer("Bag")],
    }
    exact = scored(given, right).exact
    assert exact is not None
    assert (exact.photos, exact.accuracy, exact.classes) == (4, 0.5, CLASSES)
    assert exact.balanced_accuracy == pytest.approx((2 / 3 + 0) / 2)
    assert list(exact.confusion) == ["Dress", "Bag"]
    assert {CLASSES[i]: n for i, n in enumerate(exact.confusion["Dress"]) if n} == {"Dress": 2, "Coat": 1}
    assert scored({"shoes": [answer("Sandal")]}, {"shoes": right["shoes"]}).exact is None


def test_the_table_of_shoes_makes_a_wide_label_exact() -> None:
    table = json.loads((Path(photo.__file__).parent / "shoes.json").read_text())
    name, exact = next((file, kind) for file, kind in table.items() if kind == "Sneaker")
    label = Label("shoes", ("Sandal", "Sneaker", "Ankle boot"), (Path(name),))
    result = evaluate([label], lambda file: answer("Sandal"))
    assert (result.balanced_accuracy, result.exact and result.exact.accuracy) == (1.0, 0.0)
    assert result.exact is not None and list(result.exact.confusion) == [exact]


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
