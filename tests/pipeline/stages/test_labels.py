"""Folds are parts of the images that their trial does not see, and suspected labels are counted from their answers."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline import data
from pipeline.config import PROFILES, SplitConfig, recipe, small_recipe
from pipeline.stages import labels
from pipeline.training import loop
from pipeline.training.trial_folder import TrialFolder
from pipeline.training.trials import Fold, TrialSpec, Workplace, execute, held_out, indices, validated

FOLDS = 3


@pytest.fixture
def dataset(data_folder: Path) -> data.Dataset:
    return data.load(data_folder)


def spec(number: int, train_images: int = 220) -> TrialSpec:
    split = SplitConfig(train_images=200, validation_images=40)
    small = small_recipe(epochs=2, batch_size=32)
    return TrialSpec(small, 0, "all", train_images, split, "data", 1, Fold(number, FOLDS))


def test_trials_without_a_fold_keep_the_key_they_had_before_there_were_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "VERSION", 1)
    before = TrialSpec(recipe(), 0, "train", 1000, SplitConfig(), "abc", 1)
    assert before.key == "9ee08cf6b6ba05bf7e39"
    assert len({before.key, *(dataclasses.replace(before, fold=Fold(n, 2)).key for n in range(2))}) == 3


def test_every_image_is_held_out_once_and_never_trained_on_in_its_fold(dataset: data.Dataset) -> None:
    parts = [held_out(dataset, spec(number)) for number in range(FOLDS)]
    assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts)) == 220
    for number, part in enumerate(parts):
        trained, validation = indices(dataset, spec(number))
        assert not np.isin(part, trained).any()
        assert len(trained) + len(part) == 220
        assert len(validation) == 0
        counts = np.bincount(dataset.train_labels[part], minlength=10)
        assert counts.max() - counts.min() <= 3


def test_the_folds_hold_the_studys_validation_images_and_as_many_as_asked_for(dataset: data.Dataset) -> None:
    for asked, there in ((220, 220), (60, 60), (1000, 240), (30, 30)):
        shared = np.concatenate([held_out(dataset, spec(number, asked)) for number in range(FOLDS)])
        assert len(shared) == there
        held = np.isin(validated(dataset, spec(0).split), shared)
        assert held.all() or asked < 40


def test_a_folds_trial_answers_for_its_held_out_images_and_goes_on_as_any_trial(
    dataset: data.Dataset, tmp_path: Path
) -> None:
    place = Workplace(dataset, tmp_path, torch.device("cpu"))
    record = execute(spec(1), place)
    assert record.fit is not None
    probabilities = TrialFolder(tmp_path, spec(1).key).arrays()["val_probabilities"]
    assert probabilities.shape == (len(held_out(dataset, spec(1))), 10)
    np.testing.assert_allclose(probabilities.sum(axis=1, dtype=np.float32), 1, atol=5e-3)
    assert execute(spec(1), place) == record


def answers() -> labels.OutOfFold:
    """400 images of four classes, answered surely and rightly but for five whose label was moved to the next class."""
    rng = np.random.default_rng(0)
    true = np.repeat(np.arange(4), 100)
    probabilities = np.full((400, 4), 0.02) + rng.random((400, 4)) * 0.01
    probabilities[np.arange(400), true] = 1.0
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    given = true.copy()
    given[:5] = 1
    return labels.OutOfFold(np.arange(400, dtype=np.uint32), given.astype(np.uint8), probabilities.astype(np.float32))


def test_moved_labels_are_suspected_and_counted() -> None:
    found = labels.suspected(answers())
    assert set(found) and set(found) <= {0, 1, 2, 3, 4}
    of_given = answers().probabilities[found, 1]
    assert (np.diff(of_given) >= 0).all()
    summary = labels.summarise(PROFILES["smoke"]().labels, 4, answers(), np.arange(5))
    assert (summary.issues, summary.issues_by_class) == (5, (0, 5, 0, 0))
    assert [(pair.true, pair.predicted, pair.count) for pair in summary.pairs] == [(1, 0, 5)]
    assert (summary.accuracy, summary.accuracy_without) == (395 / 400, 1.0)
    assert (summary.mistakes, summary.mistakes_left) == (5, 0)
    assert summary.method.startswith("cleanlab 2")


def test_without_a_suspect_there_is_nothing_to_count() -> None:
    clean = dataclasses.replace(answers(), labels=answers().probabilities.argmax(axis=1).astype(np.uint8))
    found = labels.suspected(clean)
    summary = labels.summarise(PROFILES["smoke"]().labels, 4, clean, found)
    assert (summary.issues, summary.pairs, summary.accuracy_without) == (0, (), 1.0)
