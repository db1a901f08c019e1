"""Images augmented a second: this project, kornia, and torchvision one image at a time.

    python -m benchmarks.augmentation --threads 1 --batch-size 512

Each starts from the same uint8 images (noise: content does not change the time) and ends with float32 in 0 to 1, every
image with its own draw. The rounds of the three alternate, so that a busy machine slows all of them; the median counts.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version

import torch
from torch import Tensor, nn
from torchvision.transforms import transforms as torchvision_transforms

from pipeline.augmentation import ALL_OPS, Augmentation

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
    from kornia.augmentation import (
        ImageSequential,
        RandomErasing,
        RandomHorizontalFlip,
        RandomPerspective,
        RandomRotation,
    )

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


def measure(contestants: dict[str, Augment], images: Tensor, rounds: int) -> dict[str, float]:
    """Returns each contestant's images a second, from its median round; one round before them is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds + 1):
        for name, augment in contestants.items():
            started = time.perf_counter()
            n = len(augment(images))
            if images.is_cuda:
                torch.cuda.synchronize()
            seconds[name].append((time.perf_counter() - started) / n)
    return {name: 1 / statistics.median(times[1:]) for name, times in seconds.items()}


def machine(device: torch.device) -> str:
    """Returns what ran this, in words: the GPU, or the CPU with its number of cores."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.backends.cpu.get_cpu_capability()} CPU ({platform.machine()}), {os.cpu_count()} cores"


def installed(package: str) -> bool:
    try:
        return bool(version(package))
    except ImportError:
        return False


def print_table(images: Tensor, rounds: int, kornia_installed: bool) -> None:
    print(f"{'images/s':<26}{'ours':>12}{'kornia':>12}{'ratio':>8}{'torchvision':>14}{'ratio':>8}")
    everything = list(range(len(OP_NAMES)))
    for title, op_indices in [*((name, [i]) for i, name in enumerate(OP_NAMES)), ("all four", everything)]:
        contestants = {"ours": ours(op_indices, images.device), "torchvision": with_torchvision(op_indices)}
        if kornia_installed:
            contestants["kornia"] = with_kornia(op_indices)
        rate = measure(contestants, images, rounds)
        kornia = f"{rate['kornia']:>12,.0f}{rate['ours'] / rate['kornia']:>8.1f}" if kornia_installed else f"{'':>20}"
        torchvision = f"{rate['torchvision']:>14,.0f}{rate['ours'] / rate['torchvision']:>8.1f}"
        print(f"{title:<26}{rate['ours']:>12,.0f}{kornia}{torchvision}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    parser.add_argument("--batch-size", type=int, default=512, help="images a call (default 512, the deck's)")
    parser.add_argument("--rounds", type=int, default=20, help="rounds, of which the median counts (default 20)")
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"), help="cpu (default) or cuda")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    kornia_installed = installed("kornia")
    packages = ["torch", "torchvision", *(["kornia"] if kornia_installed else [])]
    print(machine(arguments.device))
    print(f"Threads {arguments.threads}, batches of {arguments.batch_size} images of 28x28, ", end="")
    print(", ".join(f"{package} {version(package)}" for package in packages))
    if not kornia_installed:
        print("kornia is not installed, so its columns are empty: pip install kornia")
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (arguments.batch_size, 1, 28, 28), dtype=torch.uint8, generator=generator)
    with torch.inference_mode():
        print_table(images.to(arguments.device), arguments.rounds, kornia_installed)


if __name__ == "__main__":
    main()
