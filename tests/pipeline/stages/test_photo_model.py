"""Calibration and rejection of the photo model, and what its training sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pipeline.config import photo_recipe
from pipeline.models import registry
from pipeline.randomisation import NO_CLASS
from pipeline.stages.photo_model import calibration_error, log_prior, rejection, temperature
from pipeline.training.batches import randomised
from pipeline.training.loop import fit
from pipeline.training.trials import to_device
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
