"""How garments lie in photos taken at home, copied onto Fashion-MNIST's shop pictures.

Shop pictures show sleeves hanging, legs together and one shoe from the side. At home sleeves lie spread, legs apart,
and shoes stand in pairs, seen from above at any angle. On photographs, copying these poses paid; noise did not.
"""

import torch
from torch import Tensor

from pipeline.randomisation.draws import SIDE, Draws, over, per_image, rotation, warp

CANVAS = 56  # pixels: room for a sleeve stretched out sideways
TROUSER, DRESS = 1, 3
TOPS = (0, 2, 3, 4, 6)  # T-shirt/top, Pullover, Dress, Coat, Shirt
SHOES = (5, 7, 9)  # Sandal, Sneaker, Ankle boot


def is_any(labels: Tensor, classes: tuple[int, ...]) -> Tensor:
    """(N,) booleans: the label is one of `classes`."""
    return torch.isin(labels, torch.tensor(classes, device=labels.device))


def pose(cutouts: Tensor, labels: Tensor, draws: Draws) -> Tensor:
    """Cut-outs (N, 2, 28, 28) to the same garments lying as at home, (N, 2, 56, 56); bags stay as they are."""
    shoes = is_any(labels, SHOES)
    clothes = ~shoes
    posed = cutouts.new_empty(len(cutouts), 2, CANVAS, CANVAS)
    posed[clothes] = spread(cutouts[clothes], labels[clothes], draws.of(clothes))
    posed[shoes] = _pair(cutouts[shoes], draws.of(shoes))
    return posed


def spread(cutouts: Tensor, labels: Tensor, draws: Draws) -> Tensor:
    """Turn what lies left and right of the body outwards: sleeves about the shoulders, legs about the waist."""
    trousers = labels == TROUSER
    sleeves = is_any(labels, TOPS) & draws.coin(torch.where(labels == DRESS, 0.4, 0.85))
    # Half the width of what stays: a sleeve is 5 to 9 pixels wide.
    body = torch.where(sleeves, SIDE / 2 - draws.uniform(5.5, 9), SIDE)
    body = torch.where(trousers, -1.0, body)
    hinge_x = torch.where(trousers, 0, body - 1).clamp(max=SIDE / 2)
    hinge_y = torch.where(trousers, -13.0, draws.uniform(-10, -6))  # waist, or somewhere on the shoulder
    columns = torch.arange(SIDE, device=cutouts.device) - (SIDE - 1) / 2
    middle = cutouts * (columns.abs() < body[:, None] + 1)[:, None, None, :]
    posed = torch.nn.functional.pad(middle, [(CANVAS - SIDE) // 2] * 4)
    for side, degrees in zip((-1, 1), _angles(trousers, draws), strict=True):
        limb = cutouts * (side * columns >= body[:, None])[:, None, None, :]
        turn = rotation(-side * degrees)
        hinge = torch.stack([side * hinge_x, hinge_y], 1)[:, :, None]
        posed = over(warp(limb, turn, (hinge - turn @ hinge)[:, :, 0], CANVAS), posed)
    return posed


def _angles(trousers: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
    """Degrees outwards, left and right: sleeves lie alike in three photos of four."""
    left, other = (draws.uniform(-8, 75) * draws.uniform(0.3, 1) for _ in range(2))
    right = torch.where(draws.coin(0.75), left + draws.uniform(-10, 10), other)
    leg = draws.uniform(-3, 16)
    return torch.where(trousers, leg, left), torch.where(trousers, leg + draws.uniform(-5, 5), right)


def _pair(cutouts: Tensor, draws: Draws) -> Tensor:
    """One shoe or a pair, from the side or from above; the angle on the floor comes later."""
    above = draws.coin(0.5)
    shoe, height = _centred(cutouts)
    # From above a shoe is about as wide as it is high from the side, and mirrored about its long axis.
    shoe = torch.where(per_image(above), torch.maximum(shoe, shoe.flip(2)), shoe)
    second = torch.where(per_image(draws.coin(0.3) & ~above), shoe.flip(3), shoe)
    apart = height * torch.where(above, draws.uniform(0.75, 1.3), draws.uniform(0.3, 1.2)) / 2
    along = torch.where(draws.coin(0.6), draws.uniform(-3, 3), 0)
    paired = draws.coin(0.7)
    first_angle = draws.uniform(-12, 12)
    place = torch.stack([along, -apart], 1) * paired[:, None]
    first = warp(shoe, rotation(first_angle), place, CANVAS)
    other = warp(second, rotation(first_angle + draws.uniform(-22, 22)), -place, CANVAS)
    return over(first, other * per_image(paired))


def _centred(cutouts: Tensor) -> tuple[Tensor, Tensor]:
    """Cut-outs with the mask moved to the middle row, and the mask's height (N,) in pixels."""
    rows = torch.arange(SIDE, device=cutouts.device)
    filled = cutouts[:, 1].amax(2) > 0.5
    top = torch.where(filled, rows, SIDE).amin(1)
    bottom = torch.where(filled, rows, -1).amax(1)
    shift = (SIDE - 1) / 2 - (top + bottom) / 2
    none = torch.zeros_like(shift)
    upright = torch.eye(2, device=cutouts.device).expand(len(cutouts), 2, 2)
    return warp(cutouts, upright, torch.stack([none, shift], 1), SIDE), (bottom - top + 1).clamp(min=4)


def lay(posed: Tensor, labels: Tensor, draws: Draws) -> Tensor:
    """Rotate, stretch and shear, then fit to 28 x 28 as photo preparation does: longest edge to 28 pixels, centered.

    Shoes lie at any angle, clothes nearly upright. Of tops wider than high, some are fitted by height, their sleeves
    cut off at the frame, as in preparation's second view; some garments come out a little too small or too large, as
    masks that miss a part do.
    """
    rotated = rotation(_floor_angle(labels, draws)) @ _stretch(labels, draws)
    low, high = _extent(posed, rotated)
    width, height = (high - low + 1).unbind(1)
    by_height = is_any(labels, TOPS) & draws.coin(0.35) & (height < width) & (width < 2.2 * height)
    edge = torch.where(by_height, height, torch.maximum(width, height)).clamp(min=4)
    misfit = draws.coin(0.1)
    scale = SIDE / edge * torch.where(misfit, draws.uniform(0.8, 1.15), 1)
    jitter = torch.stack([draws.normal(2), draws.normal(2)], 1) * misfit[:, None]
    return warp(posed, rotated * scale[:, None, None], jitter - (low + high) / 2 * scale[:, None], SIDE)


def _floor_angle(labels: Tensor, draws: Draws) -> Tensor:
    upright = torch.where(draws.coin(0.05), draws.uniform(-90, 90), draws.normal(6))
    return torch.where(is_any(labels, SHOES) & draws.coin(0.75), draws.uniform(-180, 180), upright)


def _stretch(labels: Tensor, draws: Draws) -> Tensor:
    """(N, 2, 2): width over height by about a fifth either way, tops a little wider than on a model, and some shear."""
    aspect = torch.exp(draws.normal(0.18) + 0.08 * is_any(labels, TOPS))
    none = torch.zeros_like(aspect)
    first = torch.stack([aspect.sqrt(), draws.normal(0.07)], 1)
    return torch.stack([first, torch.stack([none, 1 / aspect.sqrt()], 1)], 1)


def _extent(posed: Tensor, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Lowest and highest (x, y), each (N, 2), of the mask's pixels once moved by `matrix`; 0 for an empty mask."""
    line = torch.arange(CANVAS, device=posed.device) - (CANVAS - 1) / 2
    y, x = (grid.reshape(1, 1, -1) for grid in torch.meshgrid(line, line, indexing="ij"))
    moved = matrix[:, :, :1] * x + matrix[:, :, 1:] * y
    mask = posed[:, 1].flatten(1)[:, None] > 0.4
    low, high = moved.masked_fill(~mask, CANVAS * 2).amin(2), moved.masked_fill(~mask, -CANVAS * 2).amax(2)
    there = mask.any(2)
    return low * there, high * there
