"""Pixels to 28x28: the data set's own pictures pass unharmed, garments are found on any ground, choices are obeyed."""

import io
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from artifacts.photo import Choices, Preparation, decode, prepare, views
from artifacts.photo.garment import by_grabcut, plain_ground

Rgb = npt.NDArray[np.uint8]
SAMPLE = Path(__file__).parents[2] / "fixtures" / "fashion_mnist_sample.npz"


@pytest.fixture(scope="module")
def own_images() -> npt.NDArray[np.uint8]:
    with np.load(SAMPLE, allow_pickle=False) as sample:
        return np.asarray(sample["images"])


def saved(grey: npt.NDArray[np.uint8], kind: str, scale: int = 1) -> bytes:
    picture, buffer = Image.fromarray(grey), io.BytesIO()
    enlarged = picture.resize((28 * scale, 28 * scale), Image.Resampling.BICUBIC) if scale > 1 else picture
    enlarged.save(buffer, kind)
    return buffer.getvalue()


def shirt_mask(side: int = 200) -> npt.NDArray[np.bool_]:
    """A T-shirt's outline: a body and two sleeves."""
    mask = np.zeros((side, side), np.uint8)
    right = [(140, 40), (180, 75), (160, 95), (140, 80), (140, 165)]
    outline = right + [(200 - x, y) for x, y in reversed(right)]
    cv2.fillPoly(mask, [np.array(outline) * side // 200], 1)
    return mask.astype(bool)


def scene(garment: tuple[int, int, int], ground: tuple[int, int, int], noise: float = 12.0) -> Rgb:
    """The T-shirt in one color on a floor of another, with the grain that cloth and floors have."""
    flat = np.where(shirt_mask()[..., None], garment, ground).astype(np.float32)
    grain = np.random.default_rng(0).normal(0, noise, flat.shape)
    return np.clip(flat + grain, 0, 255).astype(np.uint8)


def overlap(mask: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    """Intersection over union, after bringing `truth` to the mask's size."""
    same = cv2.resize(truth.astype(np.uint8), mask.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(bool)
    return float((mask & same).sum() / (mask | same).sum())


def test_own_png_passes_bit_for_bit(own_images: npt.NDArray[np.uint8]) -> None:
    for image in own_images:
        preparation = prepare(decode(saved(image, "PNG")))
        assert preparation.facts.passed_through
        assert (views(preparation) == image).all() and len(views(preparation)) == 1


@pytest.mark.parametrize(("kind", "scale"), [("JPEG", 1), ("PNG", 7), ("PNG", 10), ("JPEG", 10)])
def test_own_images_pass_nearly_unchanged(own_images: npt.NDArray[np.uint8], kind: str, scale: int) -> None:
    for image in own_images[::4]:
        preparation = prepare(decode(saved(image, kind, scale)))
        assert preparation.facts.passed_through
        assert np.abs(preparation.image.astype(int) - image).mean() < 10


@pytest.mark.parametrize(
    ("garment", "ground"),
    [
        ((40, 60, 150), (190, 160, 120)),
        ((235, 235, 235), (120, 80, 50)),
        ((30, 30, 30), (200, 200, 205)),
        ((170, 30, 30), (60, 60, 70)),
    ],
)
def test_grabcut_finds_the_garment(garment: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    assert overlap(by_grabcut(scene(garment, ground)), shirt_mask()) > 0.9


def test_floor_in_the_loop_of_an_arm_is_ground_and_a_print_is_garment() -> None:
    photo = scene((190, 160, 120), (190, 160, 120))
    cloth = scene((40, 60, 150), (40, 60, 150))
    photo[40:160, 30:170] = cloth[40:160, 30:170]
    photo[80:130, 40:65] = photo[5:55, 5:30]  # floor seen at the side
    photo[80:120, 85:115] = photo[5:45, 5:35]  # the same color in the middle
    mask = by_grabcut(photo)
    assert mask[85:115, 90:110].all()
    assert not mask[85:125, 45:60].any()


def test_garment_filling_the_frame_is_kept_whole() -> None:
    texture = np.random.default_rng(1).integers(90, 110, (64, 64, 3), dtype=np.uint8)
    assert prepare(texture).mask.any()


@pytest.mark.parametrize("shape", [(8, 400), (400, 8), (8, 8), (9, 64)])
def test_odd_shapes_survive(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for ground in ("auto", "photo", "light", "dark", "none"):
        assert prepare(noise, Choices(ground=ground)).image.shape == (28, 28)


@pytest.mark.parametrize("level", [0, 127, 255])
def test_empty_pictures_survive(level: int) -> None:
    assert prepare(np.full((60, 80, 3), level, np.uint8)).image.shape == (28, 28)


@pytest.mark.parametrize(("ground", "name"), [((255, 255, 255), "light"), ((0, 0, 0), "dark")])
def test_plain_grounds_need_no_grabcut(ground: tuple[int, int, int], name: str) -> None:
    flat = np.where(shirt_mask()[..., None], (90, 140, 60), ground).astype(np.uint8)
    assert plain_ground(flat) == ground
    preparation = prepare(flat)
    assert preparation.facts.ground == name
    assert overlap(preparation.mask, shirt_mask()) > 0.95


def bag(ground: int, colour: int) -> tuple[Rgb, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """A bag with a thin handle on a plain ground with a little grain, and the masks of its body and its handle."""
    body, loop = np.zeros((190, 192), np.uint8), np.zeros((190, 192), np.uint8)
    cv2.rectangle(body, (30, 80), (160, 170), 1, -1)
    cv2.ellipse(loop, (95, 80), (35, 60), 0, 180, 360, 1, 2)
    loop[body == 1] = 0
    flat = np.full((190, 192, 3), ground, np.float64)
    flat[(body | loop) == 1] = colour
    grain = np.random.default_rng(0).normal(0, 1, flat.shape)
    return np.clip(flat + grain, 0, 255).round().astype(np.uint8), body == 1, loop == 1


@pytest.mark.parametrize(("ground", "colour"), [(250, 60), (250, 236), (8, 120), (8, 20)])
def test_handle_is_kept_on_a_plain_ground_and_what_shows_below_it_is_ground(ground: int, colour: int) -> None:
    photo, body, handle = bag(ground, colour)
    mask = prepare(photo).mask
    assert mask[body].mean() > 0.98 and mask[handle].mean() > 0.9
    assert not mask[40:70, 80:110].any()


def test_hook_with_a_free_end_is_dropped() -> None:
    photo, body, handle = bag(250, 60)
    photo[:79, :95] = 250  # half of the handle: what is left of it has a free end
    mask = prepare(photo).mask
    assert mask[body].mean() > 0.98 and mask[handle].mean() < 0.1


def test_light_part_is_kept_on_a_light_ground() -> None:
    photo, body, _ = bag(250, 60)
    photo[80:120, 30:161] = 240
    assert prepare(photo).mask[body].mean() > 0.98


@pytest.mark.parametrize("ground", [250, 8])
@pytest.mark.parametrize("side", range(4))
def test_garment_may_touch_the_border_of_a_plain_ground(ground: int, side: int) -> None:
    photo, body, handle = bag(ground, 90)
    cut = (np.s_[:150], np.s_[100:], np.s_[:, :150], np.s_[:, 40:])[side]
    preparation = prepare(np.ascontiguousarray(photo[cut]))
    assert preparation.facts.ground == ("light" if ground > 128 else "dark")
    assert preparation.mask[body[cut]].mean() > 0.98
    assert overlap(preparation.mask, (body | handle)[cut]) > 0.95


def test_garment_may_fill_the_frame_of_a_plain_ground() -> None:
    mask = shirt_mask()[40:165, 20:180]  # touches all four sides
    flat = np.where(mask[..., None], 90, 250).astype(np.uint8).repeat(3, axis=2)
    assert overlap(prepare(flat).mask, mask) > 0.97


def test_overexposed_corner_is_no_plain_ground() -> None:
    photo = scene((40, 60, 150), (190, 160, 120))
    photo[:190, 190:] = photo[:10, 60:] = 255
    assert plain_ground(photo) is None


def prepared_shop_picture(**choices: object) -> Preparation:
    flat = np.where(shirt_mask()[..., None], (60, 60, 60), (255, 255, 255)).astype(np.uint8)
    return prepare(flat, Choices(**choices))


def test_image_follows_the_data_sets_convention() -> None:
    image = prepared_shop_picture().image
    assert image.dtype == np.uint8 and image.shape == (28, 28)
    assert image[:, 0].any() and image[:, -1].any()  # the longest edge is the width here, and fills it
    assert not image[0].any() and not image[-1].any()  # centered on black
    assert image[14, 14] > 150  # a dark garment is bright


def test_invert_choice() -> None:
    negated, kept = prepared_shop_picture(invert="yes"), prepared_shop_picture(invert="no")
    assert negated.image[14, 14] > kept.image[14, 14] > 0
    assert len(views(negated)) == len(views(prepared_shop_picture())) // 2  # a visitor's choice leaves one shade


def test_a_photo_is_asked_about_as_it_is_and_smaller_both_mirrored_too() -> None:
    preparation = prepared_shop_picture()
    upright, asked = np.stack(preparation.variants), views(preparation)
    assert asked.shape == (4 * len(upright), 28, 28) and asked.dtype == np.uint8
    whole, smaller, mirrored, both = np.split(asked, 4)
    assert (whole == upright).all() and (mirrored == upright[:, :, ::-1]).all() and (both == smaller[:, :, ::-1]).all()
    height = [np.flatnonzero(image.max(axis=1) > 40).size for image in (whole[0], smaller[0])]
    assert height[1] == pytest.approx(0.85 * height[0], abs=1.5)


def test_crop_choice_looks_at_a_part() -> None:
    photo = np.concatenate([scene((40, 60, 150), (190, 160, 120)), np.zeros((200, 200, 3), np.uint8)], axis=1)
    preparation = prepare(photo, Choices(crop=(0.0, 0.0, 0.5, 1.0)))
    assert overlap(preparation.mask, shirt_mask()) > 0.9


@pytest.mark.parametrize(
    "wrong",
    [{"ground": "blue"}, {"invert": "maybe"}, {"crop": (0.5, 0.0, 0.4, 1.0)}, {"crop": (0.0, 0.0, 1.2, 1.0)}],
)
def test_wrong_choices_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Choices(**wrong)


def test_steps_tell_the_way_and_end_with_the_image() -> None:
    preparation = prepare(scene((40, 60, 150), (190, 160, 120)))
    assert [step.name for step in preparation.steps] == ["Picture", "Garment", "Trim", "Gray and negate", "28 x 28"]
    assert all(step.caption.endswith(".") and step.image.dtype == np.uint8 for step in preparation.steps)
    assert (preparation.steps[-1].image == preparation.image).all()
    assert 0.2 < preparation.facts.coverage < 0.5


def test_views_begin_with_the_image_and_hold_mirror_images() -> None:
    preparation = prepare(scene((40, 60, 150), (190, 160, 120)))
    stack = views(preparation)
    half = len(stack) // 2
    assert (stack[0] == preparation.image).all()
    assert (stack[half:] == stack[:half, :, ::-1]).all()
    assert stack.shape[1:] == (28, 28)


def test_the_same_photo_gives_the_same_image() -> None:
    photo = scene((40, 60, 150), (190, 160, 120), noise=30)
    assert (prepare(photo).image == prepare(photo).image).all()
