"""Calibration and rejection of the photo model, and what its training sees."""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from artifacts.photo.labels import Label
from pipeline.config import SplitConfig, photo_recipe
from pipeline.data import FASHION_MNIST_NAMES
from pipeline.models import registry
from pipeline.photographs import Photographs as Given
from pipeline.photographs import Prepared
from pipeline.randomisation import NO_CLASS, Photographs
from pipeline.stages import photo_training
from pipeline.stages.photo_model import calibration_error, log_prior, rejection, temperature
from pipeline.training import loop
from pipeline.training.batches import Batches, Images, randomised
from pipeline.training.loop import fit
from pipeline.training.trials import TrialSpec, to_device, to_draw
from tests.pipeline.made_up import epoch_of

CPU = torch.device("cpu")


def test_temperature_undoes_overconfidence() -> None:
    generator = torch.Generator().manual_seed(0)
    true = torch.randn(4000, 10, generator=generator)
    labels = torch.distributions.Categorical(logits=true).sample()
    assert temperature(3 * true, labels) == pytest.approx(3, rel=0.1)
    assert calibration_error(true.softmax(1), labels) < 0.03 < calibration_error((3 * true).softmax(1), labels)


def test_rejection_weighs_the_last_logit_against_all_others_together() -> None:
    logits = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    expected = logits[:, 2] - torch.log(torch.exp(logits[:, :2]).sum(1))
    assert torch.allclose(rejection(logits), expected)


def test_the_prior_is_the_mean_answer_to_pictures_of_no_class() -> None:
    logits = torch.full((4, NO_CLASS + 1), -20.0)
    logits[:3, 8] = logits[3, 2] = 20.0
    logits[:, NO_CLASS] = 100.0  # the eleventh output has no part in it
    prior = log_prior(logits)
    assert prior.shape == (NO_CLASS,)
    assert prior[8].exp() == pytest.approx(0.75) and prior[2].exp() == pytest.approx(0.25)
    assert (logits[0, :NO_CLASS] - prior).argmax() == 8  # a sure answer stays
    unsure = torch.zeros(NO_CLASS)
    unsure[8] = 1.0
    assert (unsure - prior).argmax() != 8  # one that any unclear picture gets does not


def test_batches_hold_a_fifth_of_outliers_drawn_anew_each_epoch(sample: tuple[np.ndarray, np.ndarray]) -> None:
    train = to_device(*sample, CPU)
    first, again, later = (epoch_of(train, photo_recipe(batch_size=50), epoch) for epoch in (0, 0, 1))
    for x_N1SS, labels in first:
        assert x_N1SS.shape == (60, 1, 28, 28)
        assert (labels == NO_CLASS).sum() == 10
        assert x_N1SS.min() >= 0 and x_N1SS.max() <= 1
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(first, again, strict=True))
    assert not torch.equal(first[0][0], later[0][0])


def test_the_network_has_one_output_more_and_learns(sample: tuple[np.ndarray, np.ndarray]) -> None:
    train = to_device(*sample, CPU)
    model = registry.build("PhotoNet", classes=10, image_size=28, seed=0, dropout=0.2)
    recipe = photo_recipe(batch_size=32, epochs=6, ema=0.9, lr=0.003)
    fitted = fit(model, train, randomised(train, 0), recipe, 0)
    assert fitted.val_probabilities.shape == (256 + 51, 11)
    assert fitted.fit.curves.train_loss[-1] < fitted.fit.curves.train_loss[0]


# ------------------------------------------------------------------------------------------------------- photographs


def photographs_of(train: Images) -> Photographs:
    """The sample's images as photographs, each with two right classes: its own and the next one."""
    right = torch.zeros(len(train), NO_CLASS + 1, dtype=torch.bool)
    right[torch.arange(len(train)), train.labels] = True
    right[torch.arange(len(train)), (train.labels + 1) % NO_CLASS] = True
    views = train.images.expand(-1, 4, -1, -1)
    return Photographs(views, right, torch.ones(len(train)), views[:8])


def test_photographs_join_a_batch_and_leave_the_rest_of_it_alone(sample: tuple[np.ndarray, np.ndarray]) -> None:
    plain = to_device(*sample, CPU)
    train = dataclasses.replace(plain, photographs=photographs_of(plain))
    recipe = photo_recipe(batch_size=50)
    batches = Batches(train, recipe, 0, classes=10)
    x_N1SS, targets = epoch_of(train, recipe, 0)[0]
    expected, labels = epoch_of(plain, recipe, 0)[0]
    assert len(targets) == len(x_N1SS) == batches.targets == 60 + 25 + 10
    assert torch.equal(x_N1SS[:60], expected) and torch.equal(targets[:60].float().argmax(1), labels)
    assert targets.dtype == torch.bool and targets[60:85].sum(1).eq(2).all() and targets[85:, NO_CLASS].all()


def test_a_partial_label_asks_for_all_right_classes_together() -> None:
    logits = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    single = torch.eye(4, dtype=torch.bool)[labels]
    expected = F.cross_entropy(logits, labels, label_smoothing=0.1)
    assert torch.allclose(loop._loss(logits, single, 0.1), expected, atol=1e-6)
    both = single | torch.eye(4, dtype=torch.bool)[(labels + 1) % 4]
    together = (logits.softmax(1) * both).sum(1).log().neg().mean()
    assert torch.allclose(loop._loss(logits, both, 0.0), together, atol=1e-6)
    predicted = logits.argmax(1)
    assert loop._hits(predicted, both) == sum(bool(row[top]) for row, top in zip(both, predicted, strict=True))
    assert loop._hits(predicted, single) == loop._hits(predicted, labels)


def test_the_loss_on_photographs_falls(sample: tuple[np.ndarray, np.ndarray]) -> None:
    plain = to_device(*sample, CPU)
    train = dataclasses.replace(plain, photographs=photographs_of(plain))
    model = registry.build("PhotoNet", classes=10, image_size=28, seed=0, dropout=0.2)
    recipe = photo_recipe(batch_size=32, epochs=2, ema=0.9, lr=0.003)
    fitted = fit(model, train, randomised(plain, 0), recipe, 0)
    losses = fitted.fit.curves.train_loss
    assert losses[-1] < losses[0] < 10


def test_photographs_are_part_of_a_trials_key_only_where_there_are_some(context_spec: TrialSpec) -> None:
    with_some = dataclasses.replace(context_spec, photographs="abc")
    assert with_some.key != context_spec.key
    plain = {**dataclasses.asdict(context_spec), "version": loop.VERSION}
    for name in ("fold", "ranks", "teachers", "start", "photographs"):
        del plain[name]
    assert context_spec.key == hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:20]


@pytest.fixture
def context_spec() -> TrialSpec:
    return TrialSpec(photo_recipe(), 0, "train", 100, SplitConfig(), "data", 1)


def test_each_labels_tenth_is_held_back_and_says_how_well_photographs_are_answered(tmp_path: Path) -> None:
    labels = tuple(
        Label(name, right, tuple(tmp_path / name / f"{number}.jpg" for number in range(11)))
        for name, right in {"pants": ("Trouser",), "shoes": ("Sandal", "Sneaker"), "hat": ()}.items()
    )
    given = Given("made up", "", "", labels, "0" * 64)
    black = np.zeros((4, 28, 28), np.uint8)
    found = [Prepared(black, (black,)), None, *[Prepared(black, ())] * 31]
    arrays = photo_training._arrays(given, FASHION_MNIST_NAMES, found)
    assert arrays["held"].sum() == 6 and len(arrays["views"]) == 32
    assert len(arrays["crops"]) == 0  # the only crop is of a photograph that is held back
    drawn = to_draw(arrays)
    assert len(drawn.views) == 26 and drawn.weights.min() > 0
    probabilities = torch.eye(10)[torch.tensor([1, 1, 7, 0, 3, 3])]  # pants right twice, shoes once
    score = torch.tensor([0.0, 1.0, 2.0, 3.0, 5.0, 4.0])
    right = torch.from_numpy(arrays["right"][arrays["held"]])
    limit = photo_training.threshold(score, right, 0.95)
    document = photo_training.summary(given, arrays, (probabilities, score), limit)
    assert (document.photographs, document.unreadable, document.held, document.held_garments) == (26, 1, 6, 4)
    assert document.labels == {"pants": 8, "shoes": 9, "hat": 9}
    assert document.balanced_accuracy == pytest.approx(0.75) and document.rejection_auroc == 1.0
    assert document.kept == pytest.approx(0.75) and 2 < limit < 3
