"""Label placement in scatter plots: no label covers another label or a mark."""

from collections.abc import Mapping, Sequence

import numpy as np

LABEL = (16.0, 12.0)  # pixels of a two-digit number: width, height
MARK = 10.0  # pixels of a mark
STRETCH = 2.5  # how much wider a plot is on a desktop than on a phone
CELL = 4  # pixels: the grid on which free places are looked for
LIFT = 11.0  # pixels from a mark's middle up to its label's


def with_room(x_N: np.ndarray, y_N: np.ndarray) -> np.ndarray:
    """Whether each point can have its label above it, bool (N,); positions in pixels, y downwards.

    Greedy in the order given: a label is left out if it would touch another point's mark or a label kept before.
    """
    points = np.stack([x_N, y_N], axis=1)
    labels = points - (0, LIFT)
    kept: list[int] = []
    for number, label in enumerate(labels):
        others = np.delete(points, number, axis=0)
        touches = (np.abs(others - label) < (np.array(LABEL) + MARK) / 2).all(axis=1).any()
        covers = any((np.abs(labels[other] - label) < LABEL).all() for other in kept)
        if not touches and not covers:
            kept.append(number)
    return np.isin(np.arange(len(points)), kept)


def beside(ends_N3: np.ndarray, widths_N: Sequence[float], marks_M4: np.ndarray, reach: int = 5) -> np.ndarray:
    """Where each label's middle stands so that it touches no mark and no other label, float (N, 2); NaN for no room.

    `ends_N3` are x, top, and bottom of what is labeled: a label is above or below it, at most `reach` lines away, the
    nearest free place first. Marks are boxes: left, top, right, bottom. Positions are in pixels of the narrowest plot:
    in a wider one everything moves apart.
    """
    taken = [*np.asarray(marks_M4, dtype=float).reshape(-1, 4)]
    places = np.full((len(ends_N3), 2), np.nan)
    for number, ((x, top, bottom), width) in enumerate(zip(ends_N3, widths_N, strict=True)):
        away = [LABEL[1] * (0.7 + line) for line in range(reach)]
        for middle in (y for step in away for y in (top - step, bottom + step)):
            box = np.array([x - width / 2, middle - LABEL[1] / 2, x + width / 2, middle + LABEL[1] / 2])
            if not any(_touch(box, other) for other in taken):
                taken.append(box)
                places[number] = x, middle
                break
    return places


def _touch(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((one[:2] < other[2:]).all() and (other[:2] < one[2:]).all())


def near_group(
    points_N2: np.ndarray, groups_N: np.ndarray, widths: Mapping[str, float], plot: tuple[int, int]
) -> dict[str, tuple[float, float]]:
    """A free place for each group's label, as near as possible to the middle of the group's points.

    Positions are in pixels of a plot of `plot` (width, height); a group without room for its label is left out.
    """
    count = np.zeros((plot[1] // CELL + 1, plot[0] // CELL + 1), dtype=int)
    rows, columns = (points_N2[:, ::-1] // CELL).astype(int).T
    np.add.at(count, (rows, columns), 1)
    free, places = count == 0, {}
    for name, width in widths.items():
        own = points_N2[groups_N == name]
        if len(own) and (place := _nearest_room(free, width, np.median(own, axis=0))):
            row, column, height, across = place
            free[row : row + height, column : column + across] = False
            places[name] = ((column + across / 2) * CELL, (row + height / 2) * CELL)
    return places


def _nearest_room(free: np.ndarray, width: float, goal: np.ndarray) -> tuple[int, int, int, int] | None:
    """Row, column, height, and width, in cells, of the free box of a label's size whose middle is nearest to `goal`.

    A step sideways counts more than one up or down, since a wide screen stretches it.
    """
    height, across = -(-(int(LABEL[1]) + MARK) // CELL), -(-(int(width) + MARK) // CELL)
    height, across = int(height), int(across)
    if free.shape[0] < height or free.shape[1] < across:
        return None
    room = np.lib.stride_tricks.sliding_window_view(free, (height, across)).all(axis=(2, 3))
    rows, columns = np.nonzero(room)
    if not len(rows):
        return None
    middles = np.stack([columns + across / 2, rows + height / 2], axis=1) * CELL
    best = int(np.linalg.norm((middles - goal) * (STRETCH, 1), axis=1).argmin())
    return int(rows[best]), int(columns[best]), height, across
