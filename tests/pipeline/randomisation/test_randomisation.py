"""Domain randomization: right shapes and ranges, repeatable, and each step does to a garment what it says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.randomisation import NO_CLASS, choose, make_outliers, randomise
from pipeline.randomisation.draws import Draws, cut_out, enclosed, over, rotation, warp
from pipeline.randomisation.outliers import _hats, _shorts, _skirts
from pipeline.randomisation.pose import CANVAS, SHOES, is_any, lay, pose, spread
from pipeline.randomisation.surface import paint

SAMPLE = Path(__file__).parents[2] / "fixtures" / "fashion_mnist_sample.npz"


@pytest.fixture(scope="module")
def sample() -> tuple[Tensor, Tensor]:
    """256 training images (256, 1, 28, 28) in 0..1 and their labels."""
    with np.load(SAMPLE, allow_pickle=False) as arrays:
        images, labels = torch.tensor(arrays["images"]), torch.tensor(arrays["labels"])
    return images[:, None].float() / 255, labels.long()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def draws_for(images: Tensor) -> Draws:
    return Draws(generator(), len(images))


def width(cutouts: Tensor) -> Tensor:
    """(N,) columns that the mask reaches."""
    return (cutouts[:, 1].amax(1) > 0.5).sum(1)


def test_randomised_images_keep_shape_and_range(sample: tuple[Tensor, Tensor]) -> None:
    images, labels = sample
    randomised = randomise(images, labels, generator(), untouched=0)
    assert randomised.shape == images.shape
    assert randomised.isfinite().all() and randomised.min() >= 0 and randomised.max() <= 1
    coverage = (randomised > 0.1).float().mean((1, 2, 3))
    assert coverage.median() > 0.2 and (coverage > 0.02).float().mean() > 0.97


def test_the_same_generator_state_gives_the_same_images(sample: tuple[Tensor, Tensor]) -> None:
    first, again, other = (randomise(*sample, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_untouched_share_is_kept(sample: tuple[Tensor, Tensor], share: float) -> None:
    images, labels = sample
    same = (randomise(images, labels, generator(), untouched=share) == images).flatten(1).all(1).float().mean()
    assert abs(same.item() - share) < 0.1


def test_outliers_keep_shape_and_range(sample: tuple[Tensor, Tensor]) -> None:
    images, labels = sample
    made = make_outliers(images, labels, generator())
    assert made.shape == images.shape
    assert made.isfinite().all() and made.min() >= 0 and made.max() <= 1
    assert torch.equal(made, make_outliers(images, labels, generator()))


def test_outliers_come_mostly_from_trousers_and_dresses() -> None:
    labels = torch.arange(10).repeat_interleave(100)
    chosen = labels[choose(labels, 4000, generator())]
    assert is_any(chosen, (1, 3)).float().mean() == pytest.approx(10 / 18, abs=0.05)


def test_cut_out_keeps_white_parts_inside() -> None:
    image = torch.zeros(1, 1, 28, 28)
    image[..., 5:20, 5:20] = 0.8
    image[..., 10:13, 10:13] = 0  # a white print
    tone, mask = cut_out(image)[0]
    assert mask[5:20, 5:20].all() and mask.sum() == 15 * 15
    assert tone[11, 11] == 0


def test_a_gap_open_below_stays_open() -> None:
    legs = torch.zeros(1, 1, 28, 28)
    legs[..., 2:8, 8:20] = 1
    legs[..., 8:26, 8:12] = 1
    legs[..., 8:26, 16:20] = 1
    assert torch.equal(enclosed(legs), legs)


def test_warp_without_motion_is_the_identity(sample: tuple[Tensor, Tensor]) -> None:
    cutouts = cut_out(sample[0][:8])
    same = warp(cutouts, torch.eye(2).expand(8, 2, 2), torch.zeros(8, 2), 28)
    assert torch.allclose(same, cutouts, atol=1e-5)
    larger = warp(cutouts, torch.eye(2).expand(8, 2, 2), torch.zeros(8, 2), CANVAS)
    assert torch.allclose(larger[:, :, 14:42, 14:42], cutouts, atol=1e-5)


def test_warp_moves_and_turns_as_documented() -> None:
    dot = torch.zeros(1, 2, 28, 28)
    dot[..., 14, 20] = 1  # 6.5 right of the center, 0.5 below
    moved = warp(dot, torch.eye(2)[None], torch.tensor([[3.0, -2.0]]), 28)
    assert moved[0, 0, 12, 23] == pytest.approx(1, abs=1e-4)
    turned = warp(dot, rotation(torch.tensor([90.0])), torch.zeros(1, 2), 28)
    assert turned[0, 0, 20, 13] == pytest.approx(1, abs=1e-4)  # x becomes y: clockwise on a screen


def test_over_hides_what_lies_below() -> None:
    lower, upper = torch.full((1, 2, 4, 4), 0.5), torch.zeros(1, 2, 4, 4)
    upper[:, :, :2] = 1
    both = over(lower, upper)
    assert (both[:, :, :2] == 1).all() and (both[:, :, 2:] == 0.5).all()


def test_sleeves_spread_outwards(sample: tuple[Tensor, Tensor]) -> None:
    images, labels = sample
    pullovers = cut_out(images[labels == 2])
    posed = spread(pullovers, torch.full((len(pullovers),), 2), draws_for(pullovers))
    assert width(posed).float().mean() > width(pullovers).float().mean() + 5


def test_bags_lie_still(sample: tuple[Tensor, Tensor]) -> None:
    images, labels = sample
    bags = cut_out(images[labels == 8])
    posed = pose(bags, torch.full((len(bags),), 8), draws_for(bags))
    assert torch.allclose(posed[:, :, 14:42, 14:42], bags, atol=1e-5)


def test_shoes_come_in_pairs_too(sample: tuple[Tensor, Tensor]) -> None:
    images, labels = sample
    shoes = is_any(labels, SHOES)
    single = cut_out(images[shoes])
    posed = pose(single, labels[shoes], draws_for(single))
    growth = posed[:, 1].sum((1, 2)) / single[:, 1].sum((1, 2))
    assert 0.4 < (growth > 1.3).float().mean() < 1


def test_laid_garments_fill_the_frame(sample: tuple[Tensor, Tensor]) -> None:
    images, labels = sample
    draws = draws_for(images)
    laid = lay(pose(cut_out(images), labels, draws), labels, draws)
    rows, columns = laid[:, 1].amax(2) > 0.3, laid[:, 1].amax(1) > 0.3
    longest = torch.maximum(rows.sum(1), columns.sum(1))
    assert (longest >= 26).float().mean() > 0.85


def test_an_empty_image_survives() -> None:
    nothing = torch.zeros(12, 1, 28, 28)
    labels = torch.arange(10).repeat(2)[:12]
    assert randomise(nothing, labels, generator(), untouched=0).isfinite().all()
    assert make_outliers(nothing, labels, generator()).isfinite().all()


def test_paint_leaves_the_ground_black_far_from_the_garment() -> None:
    square = torch.zeros(64, 2, 28, 28)
    square[:, :, 12:16, 12:16] = 1
    painted = paint(square, torch.full((64,), NO_CLASS), draws_for(square))
    assert (painted[:, :, 0] == 0).all()
    assert (painted[:, 0, 13, 13] > 0).float().mean() > 0.8


def test_shorts_and_skirts_are_halves(sample: tuple[Tensor, Tensor]) -> None:
    cutouts = cut_out(sample[0])
    assert not _shorts(cutouts, draws_for(cutouts))[:, :, 18:].any()
    assert not _skirts(cutouts, draws_for(cutouts))[:, :, :8].any()


def test_hats_are_solid(sample: tuple[Tensor, Tensor]) -> None:
    images, _ = sample
    hats = _hats(images, draws_for(images))
    coverage = hats[:, 1].mean((1, 2))
    assert coverage.min() > 0.1 and coverage.max() < 0.95
    assert (hats[:, 0] <= hats[:, 1] + 1e-6).all()
