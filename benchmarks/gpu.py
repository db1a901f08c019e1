"""On a GPU: seconds an epoch of 50,000 images, with the step captured as a graph and without, against the two floors
that no program can go below.

The arithmetic floor is the FLOPs over the rate of a large bf16 product measured on this GPU: 2 a multiply-accumulate,
three times the forward pass for an SGD step, six times for SAM. The memory floor is the bytes over the measured rate of
a copy: each layer's output in bf16 written and read once forward, and read once backward with its gradient written and
read; twice that for SAM.
"""

import torch
from torch import Tensor, nn

from benchmarks.measure import print_table, rate_of
from benchmarks.training import FOUR_OPS, TASKS, Task, _Ours
from pipeline import data
from pipeline.models import inspection, registry

EPOCH = 50_000
PASSES_OVER_OUTPUTS = 5


def peak_flops(device: torch.device, side: int = 8192) -> float:
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    return max(rate_of(lambda: a @ b, 2 * side**3, device).wall for _ in range(20))


def peak_bandwidth(device: torch.device, size: int = 1 << 30) -> float:
    a = torch.empty(size, dtype=torch.uint8, device=device)
    b = torch.empty_like(a)
    return max(rate_of(lambda: b.copy_(a), 2 * size, device).wall for _ in range(20))


def output_values(model: nn.Module, image_size: int) -> int:
    """Values that the network's convolutions, BatchNorms and linear layers give for one image."""
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output.numel()

    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm1d | nn.BatchNorm2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        model.eval()(torch.zeros(1, 1, image_size, image_size))
    return total


def print_floors(rounds: int, seconds: float, batch: int, device: str) -> None:
    on, dataset, rows = torch.device(device), data.load(), []
    flops, bandwidth = peak_flops(on), peak_bandwidth(on)
    for architecture, optimizer in TASKS:
        mine = _Ours(Task(architecture, optimizer, batch, seconds, 1, device), dataset)
        epoch = EPOCH / max(mine.epoch(FOUR_OPS).wall for _ in range(rounds + 1))
        mine.trainers[FOUR_OPS].graph = None
        uncaptured = EPOCH / max(mine.epoch(FOUR_OPS).wall for _ in range(rounds + 1))
        network = registry.build(architecture, classes=10, image_size=28, seed=0)
        passes = 1 if optimizer == "SGD" else 2
        arithmetic = EPOCH * passes * 6 * inspection.count_macs(network, 28) / flops
        memory = EPOCH * passes * 2 * PASSES_OVER_OUTPUTS * output_values(network, 28) / bandwidth
        cells = [f"{value:.2f}" for value in (epoch, uncaptured, arithmetic, memory, epoch / max(arithmetic, memory))]
        rows.append((architecture if optimizer == "SGD" else f"{architecture} + {optimizer}", cells))
    print_table(
        f"{torch.cuda.get_device_name(on)}: seconds an epoch of {EPOCH:,} images, batches of {batch}; measured peaks "
        f"{flops / 1e12:.0f} TFLOP/s, {bandwidth / 1e9:.0f} GB/s",
        ["measured", "uncaptured", "arithmetic", "memory", "/ floor"],
        rows,
    )
