"""Prepared photographs drawn for a batch: repeatable, in range, and with the right targets."""

import torch
from torch import Tensor

from pipeline.randomisation import NO_CLASS, Photographs, draw
from pipeline.randomisation.draws import Draws
from pipeline.randomisation.photographs import vary


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def made_up(crops: int = 4) -> Photographs:
    """Four photographs of one gray level each, 60, 120, 180, 240, of classes 0 to 3, the second never drawn."""
    levels = torch.tensor([60, 120, 180, 240], dtype=torch.uint8)
    views = torch.zeros(4, 2, 28, 28, dtype=torch.uint8)
    views[:, :, 4:24, 4:24] = levels.view(4, 1, 1, 1)
    right = torch.eye(NO_CLASS + 1, dtype=torch.bool)[:4]
    return Photographs(views, right, torch.tensor([1.0, 0.0, 1.0, 1.0]), views[:1].repeat(crops, 1, 1, 1))


def test_crops_come_last_and_are_none() -> None:
    images, right = draw(made_up(), 300, 50, generator())
    assert images.shape == (350, 1, 28, 28) and right.shape == (350, NO_CLASS + 1)
    assert images.min() >= 0 and images.max() <= 1
    assert right.sum(1).eq(1).all() and right[300:, NO_CLASS].all() and not right[:300, NO_CLASS].any()
    assert right[:300, 0].any() and not right[:, 1].any()


def test_draws_repeat_and_differ() -> None:
    first, again, other = (draw(made_up(), 8, 2, generator(seed))[0] for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_shares_of_a_batch() -> None:
    assert made_up().share(128) == (64, 25)
    assert made_up(crops=0).share(128) == (64, 0)


def test_a_varied_garment_stays_on_black() -> None:
    images: Tensor = torch.zeros(200, 1, 28, 28)
    images[:, :, 8:20, 8:20] = 0.6
    varied = vary(images, Draws(generator(), 200))
    assert varied[:, :, 0, 0].max() == 0
    area = (varied > 0.05).flatten(1).sum(1).float() / 144
    assert 0.7 < area.median() < 1.3
    assert varied.amax((1, 2, 3)).std() > 0.05
