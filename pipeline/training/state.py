"""What a training holds between two steps, and what it leaves."""

import copy
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from artifacts.contract import Curves, Fit, Recipe
from pipeline.training import optimizers


@dataclass
class State:
    """What a checkpoint holds: enough to resume after any epoch with the same numbers."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    averaged: nn.Module | None
    best: dict[str, Tensor]
    epoch: int = 0
    best_epoch: int = 0
    step: int = 0
    curves: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in Curves.__annotations__})
    predictions: list[Tensor] = field(default_factory=list)
    replica: nn.Module | None = None  # in a process group: the model, with gradients averaged over the ranks
    average_weight: float | Tensor = 0.0  # of the model in the moving average, at the step to come

    @property
    def evaluated(self) -> nn.Module:
        """The weights that are judged and kept: their moving average if there is one."""
        return self.averaged or self.model

    def tensors(self) -> list[Tensor]:
        """All that a captured step changes."""
        modules = [self.model] if self.averaged is None else [self.model, self.averaged]
        values = [value for module in modules for value in module.state_dict(keep_vars=True).values()]
        return [*values, *(self.optimizer.state[each]["momentum_buffer"] for each in self.model.parameters())]

    def set_rates(self, recipe: Recipe, progress: float) -> None:
        """For the step to come: the learning rate, and the model's weight in the average, whose memory is short at
        first. A GPU's captured step reads them from the tensors that are filled here."""
        for group in self.optimizer.param_groups:
            group["lr"] = optimizers.filled(group["lr"], optimizers.learning_rate(recipe, progress))
        weight = 1.0 - min(recipe.ema, (1 + self.step) / (10 + self.step))
        self.average_weight = optimizers.filled(self.average_weight, weight)


@dataclass(frozen=True)
class Fitted:
    """The best epoch's weights by validation accuracy (the last epoch's without validation data), and how they came."""

    weights: dict[str, Tensor]
    fit: Fit
    val_predictions: Tensor  # uint8 (epochs, N)
    val_probabilities: Tensor  # float32 (N, classes), of `weights`


def fresh_state(model: nn.Module, recipe: Recipe) -> State:
    averaged = copy.deepcopy(model).requires_grad_(False) if recipe.ema else None
    state = State(model, optimizers.build(model, recipe), averaged, best={})
    if optimizers.are_tensors(device := next(model.parameters()).device):
        state.average_weight = torch.zeros((), device=device)
    return state


@torch.no_grad()
def average(averaged: nn.Module, model: nn.Module, weight: float | Tensor) -> None:
    """Exponential moving average of weights and statistics; `weight` is that of the model."""
    mine: list[Tensor] = list(averaged.parameters())
    theirs: list[Tensor] = list(model.parameters())
    if isinstance(weight, Tensor):
        torch._foreach_lerp_(mine, theirs, weights=[weight] * len(mine))
    else:
        torch._foreach_lerp_(mine, theirs, weight)
    for mean, value in zip(averaged.buffers(), model.buffers(), strict=True):
        mean.copy_(value) if not mean.is_floating_point() else mean.lerp_(value, weight)
