"""Where is the garment? A mask for a photo on any ground, without a trained model.

Photos go through GrabCut (Rother et al., SIGGRAPH 2004), which learns the colors of ground and garment from the
picture itself, starting from one assumption: the picture's border shows the ground. Pictures on a plain ground need
only a threshold.
"""

import cv2
import numpy as np
import numpy.typing as npt

Rgb = npt.NDArray[np.uint8]  # (H, W, 3)
Mask = npt.NDArray[np.bool_]  # (H, W)

BORDER = 0.03  # share of the longest edge taken for ground
PLAIN_TOLERANCE = 14  # levels; JPEG ringing and a lens's vignette stay below it
PLAIN_SHARE = 0.97  # of the border, to call the ground plain: a hanger's hook or a sleeve may cross it
FLAT_DEVIATION = 2.5  # levels, at the median: a ground more even than this was made so, and is no wall in a room
FLAT_SHARE = 0.35  # of the border, to call a flat ground plain: the garment may touch all four sides
FLAT_SIDES = 0.1  # of two opposite sides, which a flat ground must cover: an overexposed patch lies in a corner
LEAST_TOLERANCE = 5  # levels; JPEG's noise stays below it on the flattest ground
CLEAR = 50  # levels from the ground; next to a pixel that differs more, a paler one is half ground
BORDER_COLOUR = 0.6  # a color this much denser in the border than inside starts as ground
GRABCUT_ROUNDS = 4
MIN_COVERAGE = 0.02  # of the picture; a smaller garment is taken for a failed search
SECOND_PIECE = 0.25  # of the largest piece: keeps both shoes of a pair, drops labels, plugs and other clutter
PHOTO_HOLE, PLAIN_HOLE = 0.01, 0.05  # of the garment; larger holes are filled only in its middle


def border_pixels(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The pixels of a frame BORDER wide: (N, C) for an image (H, W, C)."""
    ring = _ring(image.shape[:2])
    return image[ring]


def plain_ground(rgb: Rgb) -> tuple[int, int, int] | None:
    """The ground's color where nearly all of the border has it, or, of a flat ground, a good part; else None."""
    border = border_pixels(rgb)
    colour = _commonest(border)
    difference = _difference(border, colour)
    near = difference <= PLAIN_TOLERANCE
    if near.mean() < PLAIN_SHARE:
        flat = near.mean() >= FLAT_SHARE and np.median(difference[near]) <= FLAT_DEVIATION
        if not flat or not _at_opposite_sides(rgb, colour):
            return None
    red, green, blue = (int(level) for level in colour)
    return red, green, blue


def _commonest(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """The commonest color of pixels (N, 3): the median around the fullest cube of colors."""
    cubes = (pixels // PLAIN_TOLERANCE).astype(np.intp) @ (400, 20, 1)
    rough = np.median(pixels[cubes == np.bincount(cubes).argmax()], axis=0)
    return np.asarray(np.median(pixels[_difference(pixels, rough) <= PLAIN_TOLERANCE], axis=0), np.float64)


def _difference(pixels: npt.NDArray[np.uint8], colour: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How far pixels (..., 3) are from a color, in levels of the channel that differs most."""
    return np.asarray(np.abs(pixels - np.asarray(colour, np.float64)).max(axis=-1), np.float64)


def _at_opposite_sides(rgb: Rgb, colour: npt.ArrayLike) -> bool:
    top, bottom, left, right = (
        (_difference(side, colour) <= PLAIN_TOLERANCE).mean() for side in (rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1])
    )
    return bool(min(top, bottom) >= FLAT_SIDES or min(left, right) >= FLAT_SIDES)


def by_threshold(rgb: Rgb, ground: tuple[int, int, int]) -> Mask:
    """Whatever differs from a plain ground by more than the ground does from itself, so light parts on white stay.

    The garment may touch the border: only the ground's color is ground there.
    """
    difference = _difference(rgb, ground)
    found = difference > _tolerance(rgb, ground)
    square, clear = np.ones((3, 3), np.uint8), difference > CLEAR
    near_clear, near_ground = (cv2.dilate(part.astype(np.uint8), square) > 0 for part in (clear, ~found))
    mask = found & (clear | ~(near_clear & near_ground))
    body = _tidy(mask, PLAIN_HOLE)
    return body | _handles(mask & ~body, body)


def _tolerance(rgb: Rgb, ground: tuple[int, int, int]) -> float:
    """Levels within which the ground stays: twice the ninetieth percentile of what it strays in the border."""
    difference = _difference(border_pixels(rgb), ground)
    near = difference[difference <= PLAIN_TOLERANCE]
    spread = 2 * np.percentile(near, 90) if near.size else PLAIN_TOLERANCE
    return float(np.clip(spread, LEAST_TOLERANCE, PLAIN_TOLERANCE))


def by_grabcut(rgb: Rgb) -> Mask:
    """The garment in a photo; the whole picture where GrabCut finds none (it fills the frame, or is white on white)."""
    ring = _ring(rgb.shape[:2])
    if ring.all():
        return ring
    for start in (_unlike_border(rgb, ring), ~ring):
        mask = _tidy(_grabcut(rgb, ring, start), PHOTO_HOLE)
        if mask.mean() >= MIN_COVERAGE:
            return mask
    return np.ones(rgb.shape[:2], bool)


def _grabcut(rgb: Rgb, ring: Mask, start: Mask) -> Mask:
    """GrabCut from `start` as probable garment; the pixels of `ring` are held as ground."""
    marks = np.where(start, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    marks[ring] = cv2.GC_BGD
    if (marks == cv2.GC_PR_FGD).sum() < MIN_COVERAGE * marks.size:
        return np.zeros(rgb.shape[:2], bool)
    cv2.setRNGSeed(0)  # GrabCut starts from k-means: the same photo must get the same mask
    ground_model, garment_model = np.zeros((1, 65)), np.zeros((1, 65))
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    cv2.grabCut(bgr, marks, (0, 0, 0, 0), ground_model, garment_model, GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    return marks == cv2.GC_PR_FGD


def _unlike_border(rgb: Rgb, ring: Mask) -> Mask:
    """Pixels whose color is not mainly the border's: a floor seen between two legs is ground, far from any border."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).astype(np.intp)
    bins = ((lab[..., 1] // 8) * 32 + lab[..., 2] // 8) * 16 + lab[..., 0] // 16
    ground, inside = _histogram(bins[ring]), _histogram(bins[~ring])
    return (ground / (ground + inside + 1e-9))[bins] <= BORDER_COLOUR


def _histogram(bins: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Density over 32 x 32 x 16 bins of (a, b, L), smoothed over the neighboring bins."""
    counts = np.bincount(bins, minlength=32 * 32 * 16).astype(np.float32) / len(bins)
    over_ab = cv2.GaussianBlur(counts.reshape(32, 32, 16), (5, 5), 0.8)
    return cv2.GaussianBlur(over_ab.reshape(1024, 16), (5, 1), 0.8).ravel().astype(np.float32)


def _ring(shape: tuple[int, ...]) -> Mask:
    width = max(1, round(BORDER * max(shape)))
    ring = np.ones(shape, bool)
    ring[width:-width, width:-width] = False
    return ring


def _tidy(mask: Mask, small: float) -> Mask:
    """Remove threads and specks (a hanger's hook, a carpet's tufts), keep the largest pieces, fill `small` holes."""
    radius = max(1, round(0.008 * max(mask.shape)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    if count == 1:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = 1 + np.flatnonzero(areas >= SECOND_PIECE * areas.max())
    return _fill_holes(np.isin(labels, kept), small)


def _handles(rest: Mask, body: Mask) -> Mask:
    """Those pieces of `rest` that touch the body in two places: a handle or a strap does, a hook has a free end."""
    near = cv2.dilate(body.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, pieces = cv2.connectedComponents(rest.astype(np.uint8), connectivity=8)
    _, contacts = cv2.connectedComponents(near * rest, connectivity=8)
    _, first = np.unique(contacts, return_index=True)  # a pixel of each contact, and of label 0, which is none
    ends = np.bincount(pieces.ravel()[first[1:]], minlength=count)
    return rest & (ends >= 2)[pieces]


def _fill_holes(mask: Mask, small: float) -> Mask:
    """Fill enclosed holes of at most `small` of the mask's area, and any in its middle.

    A large hole in the middle is a print in the ground's color; at the sides it is the loop of an arm, on top a bag's
    handle.
    """
    _, labels, stats, centres = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    rows, columns = box(mask)
    first = np.array([columns.start, rows.start])
    extent = np.array([columns.stop, rows.stop]) - first
    corner, size = stats[:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP]], stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    enclosed = ((corner > first) & (corner + size < first + extent)).all(axis=1)
    central = (np.abs((centres - first) / extent - 0.5) < 0.2).all(axis=1)
    fits = stats[:, cv2.CC_STAT_AREA] <= small * mask.sum()
    filled = enclosed & (fits | central)
    filled[0] = False  # label 0 is the mask itself
    return mask | filled[labels]


def box(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns of the mask's bounding box; the whole array where the mask is empty."""
    if not mask.any():
        return slice(0, mask.shape[0]), slice(0, mask.shape[1])
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
