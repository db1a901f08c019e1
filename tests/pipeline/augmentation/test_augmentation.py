"""The batched ops against torchvision: the same parameters give the same picture, and the draws have its distribution.

Statistics are taken at fixed seeds with p-values of 0.001, so they fail for a wrong distribution and not by chance.
"""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision.transforms as T
import torchvision.transforms.functional as TF
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torchvision.transforms import InterpolationMode

from pipeline.augmentation.ops import Crop, Erasing, HorizontalFlip, Op, Perspective, Rotation, always
from pipeline.augmentation.sets import ALL_OPS, AUGMENTATION_SETS, Augmentation

SAMPLE = Path(__file__).parents[2] / "fixtures" / "fashion_mnist_sample.npz"
EVERY_OP: tuple[Op, ...] = (*ALL_OPS.ops, Crop(2))
INWARDS = torch.tensor([[1, 1], [-1, 1], [-1, -1], [1, -1]])  # torchvision's order: top-left, then clockwise


@pytest.fixture(scope="module")
def images() -> Tensor:
    """Returns 256 real training images, uint8 (256, 1, 28, 28)."""
    with np.load(SAMPLE, allow_pickle=False) as sample:
        return torch.from_numpy(sample["images"])[:, None]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def enlarged(images: Tensor, size: int) -> Tensor:
    return F.interpolate(images.float(), (size, size), mode="bilinear").round().byte()


def corner_points(offsets: Tensor, size: int) -> tuple[list[list[int]], list[list[list[int]]]]:
    """Returns the image's corners, and where each row of offsets (N, 4, 2) moves them."""
    end = size - 1
    corners = [[0, 0], [end, 0], [end, end], [0, end]]
    return corners, (torch.tensor(corners) + INWARDS * offsets).tolist()


# The same parameters, the same picture


def test_flip_is_torchvisions(images: Tensor) -> None:
    mirrored = HorizontalFlip().draw(len(images), 28, seeded())
    expected = [TF.hflip(image) if flip else image for image, flip in zip(images, mirrored, strict=True)]
    assert torch.equal(HorizontalFlip().apply(images, mirrored), torch.stack(expected))


@pytest.mark.parametrize("size", [28, 29, 32])
def test_rotation_is_torchvisions(images: Tensor, size: int) -> None:
    images = enlarged(images, size)
    degrees = Rotation(5).draw(len(images), size, seeded())
    expected = torch.stack(
        [
            TF.rotate(image, angle, InterpolationMode.NEAREST, fill=[0.0])
            for image, angle in zip(images, degrees.tolist(), strict=True)
        ]
    )
    # Of 200,000 places one or two may lie within float error of the middle between two pixels.
    assert (Rotation(5).apply(images, degrees) != expected).sum() <= 2


def assert_perspective_is_torchvisions(op: Perspective, images: Tensor, offsets: Tensor) -> None:
    start, ends = corner_points(offsets, images.shape[-1])
    expected = torch.stack(
        [
            TF.perspective(image, start, end, InterpolationMode.BILINEAR, fill=[0.0])
            for image, end in zip(images, ends, strict=True)
        ]
    )
    difference = (op.apply(images, offsets).int() - expected.int()).abs()
    assert difference.max() <= 1
    assert (difference > 0).float().mean() < 1e-3  # only values halfway between two integers


def test_all_256_perspectives_are_torchvisions(images: Tensor) -> None:
    offsets = (torch.arange(256)[:, None] >> torch.arange(8) & 1).view(256, 4, 2)
    assert_perspective_is_torchvisions(Perspective(0.115, 0.4), images, offsets)


def test_perspective_of_larger_images_is_torchvisions(images: Tensor) -> None:
    op = Perspective(0.115, p=1.0)
    offsets = op.draw(64, 64, seeded())
    assert offsets.max() == 3
    assert_perspective_is_torchvisions(op, enlarged(images[:64], 64), offsets)


def test_perspective_without_movement_changes_nothing(images: Tensor) -> None:
    still = torch.zeros(len(images), 4, 2, dtype=torch.int64)
    assert torch.equal(Perspective(0.115).apply(images, still), images)


def test_erasing_is_torchvisions(images: Tensor) -> None:
    boxes = Erasing().draw(len(images), 28, seeded())
    expected = [TF.erase(image, *box, v=torch.tensor(0)) for image, box in zip(images, boxes.tolist(), strict=True)]
    assert torch.equal(Erasing().apply(images, boxes), torch.stack(expected))


def test_crop_is_torchvisions(images: Tensor) -> None:
    windows = Crop(2).draw(len(images), 28, seeded())
    expected = [TF.crop(TF.pad(image, [2]), *window, 28, 28) for image, window in zip(images, windows, strict=True)]
    assert torch.equal(Crop(2).apply(images, windows), torch.stack(expected))


# The distribution of the draws


def uniform(values: Tensor, ends: int) -> bool:
    """Returns whether integers look uniform over 0 to ends - 1."""
    return chisquare(torch.bincount(values.flatten(), minlength=ends).numpy()).pvalue > 1e-3


@pytest.mark.parametrize(
    ("op", "p"),
    [(HorizontalFlip(0.8), 0.8), (Perspective(0.115, 0.4), 0.4 * 255 / 256), (Erasing(), 0.5), (Erasing(p=0.1), 0.1)],
)
def test_an_op_changes_images_with_its_probability(op: Op, p: float) -> None:
    n = 20_000
    drawn = op.draw(n, 28, seeded()).reshape(n, -1)
    changed = drawn[:, 2:].any(1) if isinstance(op, Erasing) else drawn.any(1)
    assert abs(changed.float().mean() - p) < 3.3 * math.sqrt(p * (1 - p) / n)


def test_angles_are_uniform() -> None:
    angles = Rotation(5).draw(20_000, 28, seeded())
    assert kstest(angles.numpy(), "uniform", args=(-5, 10)).pvalue > 1e-3


@pytest.mark.parametrize("size", [28, 32, 64])
def test_corners_move_as_far_as_torchvisions(size: int) -> None:
    offsets = Perspective(0.115, p=1.0).draw(5_000, size, seeded())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ends = torch.tensor([T.RandomPerspective.get_params(size, size, 0.115)[1] for _ in range(200)])
    theirs = (ends - torch.tensor(corner_points(torch.zeros(1, 4, 2, dtype=torch.int64), size)[0])) * INWARDS
    assert torch.equal(offsets.amin(0), theirs.amin(0))
    assert torch.equal(offsets.amax(0), theirs.amax(0))
    assert all(uniform(offset, int(offsets.max()) + 1) for offset in offsets.flatten(1).T)


def test_all_256_perspectives_are_equally_likely() -> None:
    offsets = Perspective(0.115, p=1.0).draw(50_000, 28, seeded()).flatten(1)
    assert uniform((offsets << torch.arange(8)).sum(1), 256)


@pytest.mark.parametrize("scale", [(0.02, 0.33), (0.8, 1.0)], ids=["default", "boxes that often do not fit"])
def test_boxes_have_torchvisions_distribution(scale: tuple[float, float]) -> None:
    ours = Erasing(p=1.0, scale=scale).draw(20_000, 28, seeded())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        whole = torch.ones(1, 28, 28)
        theirs = torch.tensor([T.RandomErasing.get_params(whole, scale, (0.3, 3.3), [0.0])[:4] for _ in range(4_000)])
    fitting, their_fitting = ours[ours[:, 2] > 0], theirs[theirs[:, 2] < 28]
    standard_error = 0.5 / math.sqrt(len(theirs))
    assert abs(len(fitting) / len(ours) - len(their_fitting) / len(theirs)) < 3.3 * standard_error
    for values, their_values in zip(box_statistics(fitting), box_statistics(their_fitting), strict=True):
        assert kstest(values.numpy(), their_values.numpy()).pvalue > 1e-3


def box_statistics(boxes: Tensor) -> list[Tensor]:
    """Returns what describes a box in one number each: its sides, area and shape, and where it lies."""
    top, left, height, width = boxes.unbind(1)
    return [top, left, height, width, height * width, height / width, top - (28 - height) / 2]


def test_crops_are_uniform() -> None:
    windows = Crop(2).draw(20_000, 28, seeded())
    assert uniform(windows[:, 0] * 5 + windows[:, 1], 25)


# Batches


@pytest.mark.parametrize("op", EVERY_OP, ids=lambda op: type(op).__name__)
def test_images_of_a_batch_do_not_share_a_draw(op: Op) -> None:
    drawn = op.draw(1000, 28, seeded()).reshape(1000, -1)
    expected_values = {HorizontalFlip: 2, Rotation: 990, Perspective: 180, Erasing: 450, Crop: 25}
    assert len(drawn.unique(dim=0)) >= expected_values[type(op)]


def test_copies_of_an_image_become_different_images(images: Tensor) -> None:
    copies = images[:1].expand(64, 1, 28, 28)
    augmented = ALL_OPS.augment(copies, seeded())
    assert len(augmented.unique(dim=0)) > 50  # with nearest pixels two small angles can give one picture


def test_a_seed_decides_everything(images: Tensor) -> None:
    generator = seeded(3)
    first = ALL_OPS.augment(images, generator)
    assert torch.equal(first, ALL_OPS.augment(images, seeded(3)))
    assert not torch.equal(first, ALL_OPS.augment(images, generator))


@given(n=st.integers(0, 4), size=st.integers(8, 40), seed=st.integers(0, 2**32), op=st.sampled_from(EVERY_OP))
@settings(deadline=None, max_examples=60)
def test_any_batch_keeps_its_shape_and_its_input(n: int, size: int, seed: int, op: Op) -> None:
    images = torch.randint(256, (n, 1, size, size), dtype=torch.uint8, generator=seeded(seed))
    before = images.clone()
    augmented = Augmentation([op]).augment(images, seeded(seed))
    assert augmented.shape == images.shape
    assert augmented.dtype == torch.uint8
    assert torch.equal(images, before)
    assert not op.apply(torch.zeros_like(images), op.draw(n, size, seeded(seed))).any()


def test_nothing_waits_for_a_value() -> None:
    """Fake tensors have no values: reading one on the host, or a shape that depends on one, raises."""
    images = torch.zeros(8, 1, 28, 28, dtype=torch.uint8)
    everything = Augmentation(EVERY_OP)
    everything.augment(images, seeded())  # the perspective table, which is built once, from real values
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        assert everything.augment(mode.from_tensor(images), seeded()).shape == images.shape


def test_images_of_another_kind_are_refused(images: Tensor) -> None:
    for wrong in (images / 255, images[:, 0], images[..., 1:]):
        with pytest.raises(ValueError, match="Cannot augment"):
            ALL_OPS.augment(wrong, seeded())


# The deck's trainsets


def test_the_decks_trainsets() -> None:
    titles = {number: trainset.title for number, trainset in AUGMENTATION_SETS.items()}
    assert list(AUGMENTATION_SETS) == [1, 2, 3, 4, 5, 6]
    words = {HorizontalFlip: "HorizontalFlip", Rotation: "Rotation", Perspective: "Perspective", Erasing: "Erasing"}
    for number, trainset in AUGMENTATION_SETS.items():
        expected = {word for word in words.values() if word in titles[number]}
        assert {words[type(op)] for op in trainset.ops} == expected
        assert not any(isinstance(op, Erasing) for op in trainset.ops[:-1])


def test_trainset_one_is_the_original(images: Tensor) -> None:
    assert torch.equal(AUGMENTATION_SETS[1].augment(images, seeded()), images)


@pytest.mark.parametrize("op", [HorizontalFlip(0.0), Perspective(0.115, 0.0), Erasing(p=0.0)])
def test_always_makes_an_op_certain(op: Op, images: Tensor) -> None:
    n = len(images)
    assert torch.equal(op.apply(images, op.draw(n, 28, seeded())), images)
    changed = always(op).draw(n, 28, seeded()).reshape(n, -1).any(1)
    assert changed.float().mean() > 0.98  # one perspective in 256 moves no corner
