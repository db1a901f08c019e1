"""An RGB picture to 28x28 as Fashion-MNIST's makers did it, one named step at a time.

The data set's recipe (Xiao, Rasul and Vollgraf 2017, section 2): trim, longest edge to 28 pixels, sharpen, extend to a
square, negate, gray. A photo needs one step before it, finding the garment, since only a shop picture has a plain
ground to trim.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from artifacts.photo import garment
from artifacts.photo.garment import Mask, Rgb

Grey = npt.NDArray[np.uint8]  # (H, W)

GROUNDS = ("auto", "photo", "light", "dark", "none")
INVERTS = ("auto", "yes", "no")
WORKING_EDGE = 192  # pixels: GrabCut's time grows with the area, and the result is 28 pixels wide
# Grey levels of the garment once evened out: a black coat shows its folds, a white shirt stands out from the ground.
MEAN, DEVIATION, FLOOR = 150, 40, 64
GAIN = (0.5, 3.0)  # limits of the change in contrast: more would only show the camera's noise
SHARPEN = 0.5  # share of the detail that the Gaussian takes away, added on top
SMALLER = 0.85  # share of the size in the second half of the views, chosen on photographs (docs/decisions.md)
WIDEST = 2.2  # width over height up to which the middle square shows a garment's body; beyond, shoes and bags
GREY_TOLERANCE = 8  # levels between a pixel's channels, to call a picture gray


@dataclass(frozen=True)
class Choices:
    """What a visitor may set. `crop` is (left, top, right, bottom) in shares of the width and height."""

    ground: str = "auto"
    invert: str = "auto"
    crop: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.ground not in GROUNDS or self.invert not in INVERTS:
            raise ValueError(f"ground must be one of {GROUNDS} and invert one of {INVERTS}")
        if self.crop is not None:
            left, top, right, bottom = self.crop
            if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
                raise ValueError("crop must be left < right and top < bottom, all from 0 to 1")


@dataclass(frozen=True)
class Step:
    """One picture of the strip: uint8, (H, W, 3) or (H, W)."""

    name: str
    caption: str
    image: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Facts:
    """What was decided on the way. `coverage` is the garment's share of the picture."""

    ground: str
    inverted: bool
    passed_through: bool
    coverage: float


@dataclass(frozen=True)
class Preparation:
    """A picture's way to `image`, uint8 (size, size), garment bright on black; `mask` (H, W) belongs to the first step.

    `variants` are `image` and other readings of the same garment that a classifier may average over.
    """

    steps: tuple[Step, ...]
    image: Grey
    mask: Mask
    facts: Facts
    variants: tuple[Grey, ...]


def prepare(rgb: Rgb, choices: Choices = Choices(), size: int = 28) -> Preparation:
    """Prepare a decoded picture, uint8 (H, W, 3), for a network of `size` x `size` gray inputs."""
    cropped = _crop(rgb, choices.crop)
    photo = _shrink(cropped)
    ground = _ground(photo) if choices.ground == "auto" else choices.ground
    if ground == "own":
        return _pass_through(cropped, size, choices)
    mask = _find(photo, ground)
    inverted = choices.invert == "yes" or (choices.invert == "auto" and not (ground == "dark" and _is_grey(photo)))
    tone = _tone(photo, mask, inverted)
    image = _fit(tone, mask, size)
    tones = [tone, _tone(photo, mask, not inverted)] if choices.invert == "auto" else [tone]
    variants = tuple(_fit(shade, mask, size, whole) for whole in (True, False) for shade in tones)
    steps = (
        Step("Picture", "As sent, upright and reduced.", photo),
        Step("Garment", _FOUND[ground], _cut_out(photo, mask)),
        Step("Trim", "Empty edges removed.", _trim(_cut_out(photo, mask), mask)),
        Step("Gray and negate" if inverted else "Gray", _TONE[inverted], _trim(tone, mask)),
        Step(f"{size} x {size}", f"Longest edge to {size} pixels, sharpened, centered on black.", image),
    )
    return Preparation(steps, image, mask, Facts(ground, inverted, False, float(mask.mean())), variants)


_FOUND = {
    "photo": "GrabCut separates the garment from the colors of the border.",
    "light": "Everything that differs from the light background.",
    "dark": "Everything that differs from the dark background.",
    "none": "The garment fills the whole picture.",
}
_TONE = {
    True: "Negated as in Fashion-MNIST; brightness and contrast normalized.",
    False: "Not negated; brightness and contrast normalized.",
}


def views(preparation: Preparation) -> npt.NDArray[np.uint8]:
    """What a network is asked about a photo, uint8 (V, size, size): every variant in four ways (`around`).

    The mean is steadier than one answer: on photos, light and dark say little (lamps, cameras), and spread sleeves
    make the body small. Fashion-MNIST's own pictures stay alone: its shoes all point to the left, so a mirror image
    only confuses (it cost a point of test accuracy).
    """
    upright = np.stack(preparation.variants)
    return upright if preparation.facts.passed_through else around(upright)


def around(upright: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Images uint8 (V, S, S) as they are and at SMALLER of their size, and the mirror images of both: (4V, S, S)."""
    middle = (upright.shape[1] - 1) / 2
    shrink = cv2.getRotationMatrix2D((middle, middle), 0, SMALLER)
    smaller = [cv2.warpAffine(image, shrink, image.shape, flags=cv2.INTER_LINEAR) for image in upright]
    both = np.concatenate([upright, np.stack(smaller)])
    return np.concatenate([both, both[:, :, ::-1]])


def uneven(preparation: Preparation) -> Grey:
    """The same garment negated and fitted alike, its tones left as they are: shows what evening them out changes."""
    if preparation.facts.passed_through:
        return preparation.image
    negated = 255 - cv2.cvtColor(preparation.steps[0].image, cv2.COLOR_RGB2GRAY)
    tone = np.where(preparation.mask, negated, 0).astype(np.uint8)
    return _fit(tone, preparation.mask, len(preparation.image))


def _crop(rgb: Rgb, crop: tuple[float, float, float, float] | None) -> Rgb:
    if crop is None:
        return rgb
    height, width = rgb.shape[:2]
    left, right = int(crop[0] * width), max(int(crop[0] * width) + 1, round(crop[2] * width))
    top, bottom = int(crop[1] * height), max(int(crop[1] * height) + 1, round(crop[3] * height))
    return rgb[top:bottom, left:right]


def _shrink(rgb: Rgb) -> Rgb:
    scale = WORKING_EDGE / max(rgb.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(rgb)
    height, width = (max(1, round(edge * scale)) for edge in rgb.shape[:2])
    return cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _is_grey(rgb: Rgb) -> bool:
    spread = rgb.max(axis=2).astype(np.int16) - rgb.min(axis=2)
    return bool(np.percentile(spread, 99) <= GREY_TOLERANCE)


def _ground(photo: Rgb) -> str:
    """Which of GROUNDS the picture shows, or "own" for one that is Fashion-MNIST's already: square, gray, on black."""
    height, width = photo.shape[:2]
    border = garment.border_pixels(photo).max(axis=1)
    if height == width and _is_grey(photo) and (border <= 24).mean() > max(0.2, 2 * (border >= 231).mean()):
        return "own"
    plain = garment.plain_ground(photo)
    if plain is None:
        return "photo"
    if min(plain) >= 200:
        return "light"
    return "dark" if max(plain) <= 40 else "photo"


def _find(photo: Rgb, ground: str) -> Mask:
    if ground == "photo":
        return garment.by_grabcut(photo)
    if ground == "none":
        return np.ones(photo.shape[:2], bool)
    plain = garment.plain_ground(photo)
    if plain is None:
        level = np.percentile(garment.border_pixels(photo), 75 if ground == "light" else 25, axis=0)
        plain = int(level[0]), int(level[1]), int(level[2])
    mask = garment.by_threshold(photo, plain)
    return mask if mask.any() else np.ones(photo.shape[:2], bool)


def _pass_through(photo: Rgb, size: int, choices: Choices) -> Preparation:
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    inverted = choices.invert == "yes"
    grey = 255 - grey if inverted else grey
    # Sampled at the pixels' centers, not averaged: it undoes an enlargement, and the data set's makers did so too.
    image = cv2.resize(grey, (size, size), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    shown = _shrink(photo)  # what is kept of a large picture is as small as a photo's steps
    mask = _shrink(grey.astype(np.uint8, copy=False)) > 24
    steps = (
        Step("Picture", "As sent.", shown),
        Step(f"{size} x {size}", "Gray, square, and on black: already in Fashion-MNIST's format.", image),
    )
    return Preparation(steps, image, mask, Facts("own", inverted, True, float(mask.mean())), (image,))


def _tone(photo: Rgb, mask: Mask, inverted: bool) -> Grey:
    """Gray levels of the garment, brought to MEAN and DEVIATION and FLOOR at least; black outside."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = 255 - grey if inverted else grey
    inside = grey[mask]
    gain = np.clip(DEVIATION / max(float(inside.std()), 1.0), *GAIN)
    even = np.clip(MEAN + gain * (grey - inside.mean()), FLOOR, 255)
    return np.where(mask, even, 0).astype(np.uint8)


def _cut_out(photo: Rgb, mask: Mask) -> Rgb:
    return np.where(mask[..., None], photo, np.uint8(255))


def _trim(image: npt.NDArray[np.uint8], mask: Mask) -> npt.NDArray[np.uint8]:
    return image[garment.box(mask)]


def _fit(tone: Grey, mask: Mask, size: int, whole: bool = True) -> Grey:
    """Longest edge to `size`, sharpened by a Gaussian of radius 1 as the data set's makers did, centered on black.

    Not `whole`: of a garment wider than high, such as a pullover with its sleeves spread, the middle square at full
    height.
    """
    trimmed = _trim(tone, mask)
    height, width = trimmed.shape
    if not whole and height < width < WIDEST * height:
        left = (width - height) // 2
        trimmed = trimmed[:, left : left + height]
    scale = size / max(trimmed.shape)
    height, width = (max(1, round(edge * scale)) for edge in trimmed.shape)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.zeros((size, size), np.float32)
    top, left = (size - height) // 2, (size - width) // 2
    square[top : top + height, left : left + width] = cv2.resize(trimmed, (width, height), interpolation=interpolation)
    sharp = square + SHARPEN * (square - cv2.GaussianBlur(square, (0, 0), 1.0))
    return np.clip(sharp, 0, 255).round().astype(np.uint8)
