"""Optimizers: SGD with Nesterov momentum, alone or inside SAM or ASAM (Foret et al. 2021; Kwon et al. 2021).

On a GPU all that a trial may choose (rate, momentum, decay, rho) lies there as tensors, so that one captured step
serves every trial of its shape: see `pipeline.training.loop.Trainer.restart`.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from artifacts.contract import Recipe

CHOSEN = ("lr", "momentum", "weight_decay", "rho")


def are_tensors(device: torch.device) -> bool:
    """Whether the hyper-parameters lie on the device, where a captured step can read them."""
    return device.type == "cuda"


def filled(old: float | Tensor, value: float) -> float | Tensor:
    """The number, in the tensor if there is one."""
    return old.fill_(value) if isinstance(old, Tensor) else value


class TensorSGD(torch.optim.Optimizer):
    """`torch.optim.SGD` with Nesterov momentum, whose rate, momentum and decay may be tensors.

    Torch's own takes only the rate as one. Momentum begins at zero, which gives the same first step.
    """

    def __init__(self, params: Any, lr: float, momentum: float, weight_decay: float) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        for group in self.param_groups:
            for parameter in group["params"]:
                self.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step by the gradients that are there."""
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            velocities = [self.state[parameter]["momentum_buffer"] for parameter in parameters]
            gradients = torch._foreach_mul(parameters, group["weight_decay"])
            torch._foreach_add_(gradients, [parameter.grad for parameter in parameters])
            torch._foreach_mul_(velocities, group["momentum"])
            torch._foreach_add_(velocities, gradients)
            ahead = torch._foreach_mul(velocities, group["momentum"])
            torch._foreach_add_(ahead, gradients)
            torch._foreach_mul_(ahead, group["lr"])
            torch._foreach_sub_(parameters, ahead)


def build(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's; weight decay is L2 on every weight, as in the deck, and the rate is set anew at every step."""
    device = next(model.parameters()).device
    options: dict[str, Any] = {"lr": recipe.lr, "momentum": recipe.momentum, "weight_decay": recipe.weight_decay}
    base: type[torch.optim.Optimizer] = TensorSGD
    if not are_tensors(device):
        base, options = torch.optim.SGD, {**options, "nesterov": True, "foreach": True}
    if recipe.optimizer == "SGD":
        optimizer = base(model.parameters(), **options)
    else:
        from pytorch_optimizer import SAM  # takes most of a second, which a process that trains nothing does without

        optimizer = SAM(model.parameters(), base, rho=recipe.rho, adaptive=recipe.optimizer == "ASAM", **options)
    if are_tensors(device):
        for group in optimizer.param_groups:
            group |= {name: torch.tensor(group[name], device=device) for name in CHOSEN if name in group}
    return optimizer


def start_again(optimizer: torch.optim.Optimizer, recipe: Recipe) -> None:
    """As if built anew by another recipe's numbers, in the same tensors."""
    for group in optimizer.param_groups:
        for name in CHOSEN:
            if name in group:
                group[name] = filled(group[name], getattr(recipe, name))
    for kept in optimizer.state.values():
        kept["momentum_buffer"].zero_()


def learning_rate(recipe: Recipe, progress: float) -> float:
    """The rate at `progress` in 0..1 of all steps: up linearly for the first fifth, then a cosine down to zero."""
    if recipe.schedule == "constant":
        return recipe.lr
    warm = 0.2
    if progress < warm:
        return recipe.lr * max(progress / warm, 0.04)
    return recipe.lr * 0.5 * (1 + math.cos(math.pi * (progress - warm) / (1 - warm)))
