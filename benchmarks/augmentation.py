"""Images augmented a second: this project, kornia, and torchvision one image at a time.

Each starts from the same uint8 images (noise: content does not change the time) and ends with float32 in 0 to 1, every
image with its own draw.
"""

from collections.abc import Callable

import torch
from kornia.augmentation import (
    ImageSequential,
    RandomErasing,
    RandomHorizontalFlip,
    RandomPerspective,
    RandomRotation,
)
from torch import Tensor, nn
from torchvision.transforms import transforms as torchvision_transforms

from benchmarks.measure import Contestant, alternate, print_table, rate_of
from pipeline.augmentation.sets import ALL_OPS, Augmentation

Augment = Callable[[Tensor], Tensor]
OP_NAMES = ("HorizontalFlip(0.8)", "Rotation(5)", "Perspective(0.115, 0.4)", "Erasing()")
TORCHVISION_IMAGES = 256  # a slice is enough: its time per image does not depend on the batch


def to_unit_range(images: Tensor) -> Tensor:
    return images.float() / 255


def ours(op_indices: list[int], device: torch.device) -> Augment:
    augmentation = Augmentation([ALL_OPS.ops[i] for i in op_indices])
    generator = torch.Generator(device).manual_seed(0)
    return lambda images: to_unit_range(augmentation.augment(images, generator))


def with_kornia(op_indices: list[int]) -> Augment:
    transforms: list[nn.Module] = [
        RandomHorizontalFlip(p=0.8, same_on_batch=False),
        RandomRotation(5.0, resample="nearest", align_corners=False, p=1.0, same_on_batch=False),
        RandomPerspective(0.115, p=0.4, same_on_batch=False),
        RandomErasing(p=0.5, same_on_batch=False),
    ]
    composed = ImageSequential(*(transforms[i] for i in op_indices))
    return lambda images: composed(to_unit_range(images))


def with_torchvision(op_indices: list[int]) -> Augment:
    transforms: list[nn.Module] = [
        torchvision_transforms.RandomHorizontalFlip(0.8),
        torchvision_transforms.RandomRotation(5),
        torchvision_transforms.RandomPerspective(0.115, 0.4),
        torchvision_transforms.RandomErasing(),
    ]
    composed = nn.Sequential(*(transforms[i] for i in op_indices))
    return lambda images: to_unit_range(torch.stack([composed(image) for image in images[:TORCHVISION_IMAGES]]))


def contestants(op_indices: list[int], images: Tensor) -> dict[str, Contestant]:
    """One call each on the batch `images`, uint8 (N, 1, S, S)."""
    ways = {
        "ours": (ours(op_indices, images.device), len(images)),
        "kornia": (with_kornia(op_indices), len(images)),
        "torchvision": (with_torchvision(op_indices), min(len(images), TORCHVISION_IMAGES)),
    }

    def contestant(way: Callable[[Tensor], Tensor], n: int) -> Contestant:
        return lambda: rate_of(lambda: way(images), n, images.device)

    return {name: contestant(way, n) for name, (way, n) in ways.items()}


def print_augmentation(rounds: int, batch: int, device: str) -> None:
    """The table on one CPU thread, as a trial has it, or on the GPU."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (batch, 1, 28, 28), dtype=torch.uint8, generator=generator).to(device)
    rows = []
    with torch.inference_mode():
        for title, op_indices in [*((name, [i]) for i, name in enumerate(OP_NAMES)), ("all four", [0, 1, 2, 3])]:
            result = alternate(contestants(op_indices, images), rounds)
            cells = [f"{result.median(name):,.0f}" for name in ("ours", "kornia", "torchvision")]
            cells += [f"{result.ratio('ours', name):.1f}" for name in ("kornia", "torchvision")]
            rows.append((title, cells))
    torch.set_num_threads(before)
    print_table(
        f"Augmentation, images/s, batches of {batch}, one thread (torchvision: one image at a time)",
        ["ours", "kornia", "torchvision", "/ kornia", "/ torchvision"],
        rows,
    )
