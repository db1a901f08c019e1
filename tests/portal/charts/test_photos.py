"""Charts of why photos fail: what is drawn, and the sentences beside them."""

import dataclasses

import numpy as np
import pytest

from artifacts.contract import LabelAnswers, PhotoEvaluation, PhotoStep, PhotoTraining
from portal.charts import check_titled, photos

CLASSES = ("Dress", "Coat", "Bag")


def step(name: str, network: str, dress: tuple[int, ...], coat: tuple[int, ...], hat: int | None) -> PhotoStep:
    """A step whose photos are 10 dresses, 20 coats and 4 hats; `hat` of the hats are rejected."""
    rows = (
        LabelAnswers("dress", ("Dress",), dress, None if hat is None else 0),
        LabelAnswers("hat", (), (0, 0, 4), hat),
        LabelAnswers("outwear", ("Coat",), coat, None if hat is None else 1),
    )
    accuracy = (dress[0] / 10 + coat[1] / 20) / 2
    return PhotoStep(name, f"What {name} does.", network, rows, accuracy, None if hat is None else 0.9)  # type: ignore[arg-type]


@pytest.fixture
def figures() -> PhotoEvaluation:
    steps = (
        step("Resized", "final", (0, 0, 10), (0, 1, 19), None),
        step("Found", "final", (5, 1, 4), (2, 12, 6), None),
        step("Evened", "final", (4, 2, 4), (2, 12, 6), None),
        step("Photo model", "photo", (8, 1, 1), (1, 18, 1), 3),
    )
    return PhotoEvaluation("photos.zip", "CC0", "2026-01-02", 34, CLASSES, {"final": "a", "photo": "b"}, steps)


def test_steps_are_drawn_in_their_order_with_an_interval(figures: PhotoEvaluation) -> None:
    frame = photos.step_frame(figures)
    assert list(frame["step"]) == ["1. Resized", "2. Found", "3. Evened", "4. Photo model"]
    assert list(frame["network"]) == ["final model"] * 3 + ["photo model"]
    assert ((frame["low"] <= frame["accuracy"]) & (frame["accuracy"] <= frame["high"])).all()
    chart = photos.step_chart(frame, figures)
    check_titled(chart)
    spec = chart.to_dict()
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["bar", "rule", "text"]
    assert "34 photographs (photos.zip)" in " ".join(spec["title"]["subtitle"])


def test_the_sentences_name_the_largest_gain_and_every_loss(figures: PhotoEvaluation) -> None:
    assert photos.step_sentence(figures) == ("Accuracy rises from 2 % to 85 %. The step “Found” gains most: 52 points.")
    assert photos.lost_sentence(figures).startswith("“Evened” lowers the accuracy of the network used there")
    better = PhotoEvaluation("", "", "", 34, CLASSES, {}, figures.steps[:2])
    assert photos.lost_sentence(better) == "No step lowers the accuracy."


def test_labels_of_no_class_have_no_bar(figures: PhotoEvaluation) -> None:
    frame = photos.label_frame(figures.steps[1], CLASSES)
    assert list(frame["label"]) == ["dress", "outwear"]
    assert list(frame["right"]) == [0.5, 0.6]
    chart = photos.label_chart(figures.steps[1], figures)
    check_titled(chart)
    rows = next(iter(chart.to_dict()["datasets"].values()))
    assert [row["last"] for row in rows] == [0.8, 0.9]


def test_every_answer_is_counted_and_what_is_right_framed(figures: PhotoEvaluation) -> None:
    frame = photos.answer_frame(figures.steps[0], CLASSES)
    assert frame["photos"].sum() == 34
    assert list(frame[frame["right"]]["class"]) == ["Dress", "Coat"]
    check_titled(photos.answer_chart(figures.steps[0], figures))
    assert photos.answer_sentence(figures.steps[0], CLASSES) == (
        "97 % of all photographs are predicted as Bag, whatever they show."
    )
    assert photos.answer_sentence(figures.steps[3], CLASSES) == (
        "The most frequent wrong prediction is Bag: 6 of 34 photographs."
    )


def test_rejection_is_told_where_it_was_measured(figures: PhotoEvaluation) -> None:
    assert photos.rejection_sentence(figures).startswith(
        "Of 4 photographs that show none of the classes (hat), 3 are rejected."
    )
    without = PhotoEvaluation("", "", "", 34, CLASSES, {}, figures.steps[:1])
    assert photos.rejection_sentence(without) == ""


def test_other_networks_are_noticed(figures: PhotoEvaluation) -> None:
    assert photos.same_networks(figures, {"final": "a", "photo": "b", "ResNet": "c"})
    assert not photos.same_networks(figures, {"final": "a", "photo": "c"})
    assert not photos.same_networks(figures, {"final": "a"})


def test_the_ground_is_all_that_changes() -> None:
    images = np.array([[[0, 255], [10, 20]]], np.uint8)
    assert photos.light_ground(images).tolist() == [[[255, 0], [245, 235]]]
    sentence = photos.ground_sentence(np.array([0, 1, 2]), np.array([0, 1, 1]), np.array([2, 2, 2]))
    assert sentence.startswith("2 of 3 originals are classified correctly, but only 1 after inversion")


def test_what_the_photo_model_learned_from_is_said() -> None:
    training = PhotoTraining("a collection", "1196151", "CC0", "0" * 64, 90, {"hat": 90}, 8, 0, 10, 9, 0.8, 0.97, 0.95)
    said = photos.trained_on(training)
    assert "90 photographs (a collection, commit 1196151, license: CC0)" in said
    own = photos.trained_on(dataclasses.replace(training, source="my class", commit="", license=""))
    assert "90 photographs (my class)" in own
    assert "Fashion-MNIST only" in photos.trained_on(None)
