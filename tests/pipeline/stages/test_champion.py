"""The champion's parts: mixed batches, teachers, and an ablation whose variants differ by one thing each."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from artifacts.contract import Recipe
from pipeline import data
from pipeline.config import SplitConfig, champion_recipe
from pipeline.stages.ablation import CHAMPION, variants
from pipeline.stages.champion import Round
from pipeline.stages.views import Answers
from pipeline.training.batches import Images, _cutmix, with_replication
from pipeline.training.trial_folder import TrialFolder
from pipeline.training.trials import TrialSpec, Workplace, execute, to_device
from tests.pipeline.made_up import epoch_of


def small(**changes: object) -> Recipe:
    return champion_recipe(**{"architecture": "OwnBaseline1", "batch_size": 32, "epochs": 2, **changes})


@pytest.fixture
def train(sample: tuple[np.ndarray, np.ndarray]) -> Images:
    return to_device(*sample, torch.device("cpu"))


def test_half_of_the_batches_are_mixed_and_targets_are_the_shares_of_pixels(train: Images) -> None:
    """Images of ones beside images of zeros: the share of its own pixels that an image keeps is its label's share."""
    images = torch.zeros(40, 1, 28, 28, dtype=torch.uint8)
    images[::2] = 1
    labels = torch.arange(40) % 2
    mixed = 0
    for seed in range(200):
        changed, targets = _cutmix(images, labels, 2, torch.Generator().manual_seed(seed))
        own = torch.where(labels == 0, changed.float().mean((1, 2, 3)), 1 - changed.float().mean((1, 2, 3)))
        torch.testing.assert_close(own, targets.gather(1, labels[:, None])[:, 0])
        torch.testing.assert_close(targets.sum(1), torch.ones(40))
        mixed += bool((changed != images).any())
    assert 70 <= mixed <= 120


def test_mixed_batches_are_drawn_anew_and_again_the_same(train: Images) -> None:
    plan = small(replication="mixed")
    first, again, later = (epoch_of(train, plan, epoch) for epoch in (0, 0, 1))
    assert all(torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(first, again, strict=True))
    assert any(not torch.equal(a[0], b[0]) for a, b in zip(first, later, strict=True))
    assert all(targets.shape == (32, 10) for _, targets in first)


def test_half_of_a_target_is_the_teachers(train: Images) -> None:
    taught = dataclasses.replace(train, taught=torch.full((len(train), 10), 0.1))
    targets = taught.targets(torch.arange(5))
    torch.testing.assert_close(targets.max(1).values, torch.full((5,), 0.55))
    assert torch.equal(targets.argmax(1), train.labels[:5])
    doubled = with_replication(taught, small(replication="once"), 0)
    assert doubled.taught is not None and len(doubled.taught) == len(doubled) == 2 * len(train)


def test_a_student_learns_from_its_teachers_and_has_a_key_of_its_own(data_folder: Path, tmp_path: Path) -> None:
    dataset = data.load(data_folder)
    place = Workplace(dataset, tmp_path / "trials", torch.device("cpu"))
    split = SplitConfig(train_images=150, validation_images=50, validated=50)
    alone = TrialSpec(small(), 0, "train", 150, split, dataset.fingerprint, threads=1)
    execute(alone, place)
    student = dataclasses.replace(alone, teachers=(alone.key,))
    record = execute(student, place)
    assert student.key != alone.key and record.fit is not None
    curves = [TrialFolder(place.trials, spec.key).record().fit.curves for spec in (alone, student)]  # type: ignore[union-attr]
    assert curves[0].train_loss != curves[1].train_loss


def test_a_second_round_goes_on_from_the_first_ones_weights(data_folder: Path, tmp_path: Path) -> None:
    """At a learning rate of nearly nothing, what comes out is what went in."""
    dataset = data.load(data_folder)
    place = Workplace(dataset, tmp_path / "trials", torch.device("cpu"))
    split = SplitConfig(train_images=150, validation_images=50, validated=50)
    first = Round(
        TrialSpec(small(), 0, "train", 150, split, dataset.fingerprint, threads=1),
        [TrialSpec(small(), seed, "all", 200, split, dataset.fingerprint, threads=1) for seed in (0, 1)],
    )
    second = first.after()
    assert second.on_train.start == first.on_train.key and not second.on_train.teachers
    assert [spec.start for spec in second.published] == [spec.key for spec in first.published]
    execute(first.on_train, place)
    still = dataclasses.replace(second.on_train, recipe=small(lr=1e-12, ema=0.0))
    execute(still, place)
    before, after = (TrialFolder(place.trials, key).weights() for key in (first.on_train.key, still.key))
    torch.testing.assert_close(before["classifier.weight"], after["classifier.weight"])


def test_without_teachers_a_trial_keeps_the_key_that_it_had_before_there_were_any() -> None:
    spec = TrialSpec(champion_recipe(dropout=0.3), 0, "all", 60_000, SplitConfig(), "0" * 64, threads=1)
    assert {"teachers", "start"} <= dataclasses.asdict(spec).keys() and spec.key == "eb07c534bd69e867053d"


def test_each_variant_differs_from_the_champion_in_one_thing() -> None:
    recipes = variants(champion_recipe(epochs=6))
    champion = dataclasses.asdict(recipes[CHAMPION])
    for name, recipe in recipes.items():
        differs = {key for key, value in dataclasses.asdict(recipe).items() if value != champion[key]}
        equal_compute = {"epochs", "patience"} if name in ("drawn once", "with SAM") else set()
        assert len(differs - equal_compute) == (0 if name == CHAMPION else 1), name
        assert recipe.patience == recipe.epochs


def test_views_are_means_of_probabilities() -> None:
    """Two networks on three images: each is wrong once, together they are right."""
    labels = np.array([0, 1, 1])
    one = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32)
    two = np.array([[0.55, 0.45], [0.6, 0.4], [0.1, 0.9]], np.float32)
    answers = Answers([one, two], [one, two], labels)
    assert [round(answers.accuracy([each]), 3) for each in (one, two)] == [0.667, 0.667]
    assert answers.accuracy([one, two]) == 1.0
