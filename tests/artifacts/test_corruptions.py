"""artifacts/corruptions.py: what each corruption does to pixels that are easy to follow; strength 0 is none."""

import numpy as np
import pytest

from artifacts.corruptions import CORRUPTIONS, Corruption, corrupt, lower_contrast, occlude, rotate, shift

SIZE = 28


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE), dtype=np.uint8)


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda each: each.name)
def test_strength_0_changes_nothing_and_more_changes_more(corruption: Corruption, images: np.ndarray) -> None:
    assert corruption.strengths[0] == 0
    assert list(corruption.strengths) == sorted(set(corruption.strengths))
    before = images.copy()
    np.testing.assert_array_equal(corruption.apply(images, 0), images)
    changed = [corruption.apply(images, strength) for strength in corruption.strengths[1:]]
    assert all(each.dtype == np.uint8 and each.shape == images.shape for each in changed)
    distance = [float(np.abs(each.astype(int) - images).mean()) for each in changed]
    assert distance[0] > 0 and distance[-1] >= distance[0]
    np.testing.assert_array_equal(images, before)  # the caller's images are left alone


def test_a_quarter_turn_is_exact_and_counter_clockwise(images: np.ndarray) -> None:
    np.testing.assert_array_equal(rotate(images, 90), np.rot90(images, axes=(1, 2)))


def test_a_shift_goes_right_and_leaves_black(images: np.ndarray) -> None:
    moved = shift(images, 3)
    np.testing.assert_array_equal(moved[:, :, 3:], images[:, :, :-3])
    assert not moved[:, :, :3].any()
    assert not shift(images, SIZE + 5).any()


def test_noise_has_its_deviation_and_is_the_same_twice() -> None:
    grey = np.full((8, SIZE, SIZE), 128, np.uint8)
    noise = next(each for each in CORRUPTIONS if each.name == "noise")
    noisy = noise.apply(grey, 20)
    assert noisy.std() == pytest.approx(20, rel=0.05)
    assert (noisy[0] != noisy[1]).any()
    np.testing.assert_array_equal(noisy, noise.apply(grey, 20))


def test_blur_spreads_a_point_evenly_and_keeps_its_light() -> None:
    blur = next(each for each in CORRUPTIONS if each.name == "blur")
    point = np.zeros((1, SIZE, SIZE), np.uint8)
    point[0, 14, 14] = 255
    blurred = blur.apply(point, 1.0)[0].astype(int)
    np.testing.assert_array_equal(blurred, blurred.T)
    assert blurred[14, 14] == round(255 * 0.3989**2)
    assert blurred.sum() == pytest.approx(255, rel=0.05)


def test_contrast_draws_greys_to_their_mean() -> None:
    half = np.zeros((1, SIZE, SIZE), np.uint8)
    half[:, :, 14:] = 200
    assert np.unique(lower_contrast(half, 50)).tolist() == [50, 150]
    assert np.unique(lower_contrast(half, 100)).tolist() == [100]


def test_the_black_square_sits_in_the_middle(images: np.ndarray) -> None:
    hidden = occlude(np.maximum(images, 1), 50) == 0
    assert hidden.sum(axis=(1, 2)).tolist() == [14 * 14] * 5
    assert hidden[:, 7:21, 7:21].all()


def test_corruptions_are_combined_in_their_order(images: np.ndarray) -> None:
    combined = corrupt(images, {"occlude": 50.0, "shift": 2.0, "blur": 0.0})
    np.testing.assert_array_equal(combined, occlude(shift(images, 2), 50))
    np.testing.assert_array_equal(corrupt(images, {}), images)
