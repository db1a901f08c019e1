"""A trial's checkpoint: the training state in one checksummed safetensors file."""

import json
import time
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from artifacts.contract import ArtifactError
from pipeline.support import checksummed
from pipeline.support.errors import BudgetSpent
from pipeline.training import data_parallel
from pipeline.training.loop import State

SECONDS_BETWEEN = 15.0  # an epoch's end writes a checkpoint if the last one is at least this old
FACTS = "facts"  # a checkpoint's tensor that holds all that is no tensor, as JSON


class Checkpoints:
    """Writes the training state to one checksummed safetensors file, and reads it back."""

    def __init__(self, path: Path, deadline: float | None) -> None:
        self.path = path
        self.deadline = deadline
        self.begun = self.written = time.monotonic()
        self.before = 0.0  # seconds of work in earlier processes

    def seconds(self) -> float:
        """Seconds of work on the trial, in this process and in those before it."""
        return self.before + time.monotonic() - self.begun

    def keep(self, state: State) -> None:
        """Write the state if the last checkpoint is old enough; write it and raise BudgetSpent when time is over."""
        over = self.deadline is not None and time.time() >= self.deadline
        over = data_parallel.any_says(over, next(state.model.parameters()).device)
        if data_parallel.rank() == 0 and (over or time.monotonic() - self.written >= SECONDS_BETWEEN):
            tensors, facts = _pack(state)
            facts["seconds"] = self.seconds()
            tensors[FACTS] = torch.frombuffer(bytearray(json.dumps(facts).encode()), dtype=torch.uint8)
            checksummed.write(self.path, save(tensors))
            self.written = time.monotonic()
        if over:
            raise BudgetSpent

    def restore(self, state: State) -> None:
        """Fill the fresh state from the checkpoint; a missing or damaged one means a start from the beginning."""
        try:
            tensors = load(checksummed.read(self.path))
        except (OSError, ArtifactError, SafetensorError):
            return
        facts = json.loads(tensors.pop(FACTS).numpy().tobytes())
        _unpack(state, tensors, facts)
        self.before = facts["seconds"]


def _pack(state: State) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    tensors = {f"model.{name}": value for name, value in state.model.state_dict().items()}
    if state.averaged is not None:
        tensors |= {f"averaged.{name}": value for name, value in state.averaged.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in state.best.items()}
    for number, parameter in enumerate(state.model.parameters()):
        tensors[f"momentum.{number}"] = state.optimizer.state[parameter]["momentum_buffer"]
    if state.predictions:
        tensors["predictions"] = torch.stack(state.predictions)
    facts: dict[str, Any] = {
        "epoch": state.epoch,
        "best_epoch": state.best_epoch,
        "step": state.step,
        "curves": state.curves,
    }
    return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}, facts


def _unpack(state: State, tensors: dict[str, torch.Tensor], facts: dict[str, Any]) -> None:
    def part(prefix: str) -> dict[str, torch.Tensor]:
        return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}

    state.model.load_state_dict(part("model."))
    if state.averaged is not None:
        state.averaged.load_state_dict(part("averaged."))
    device = next(state.model.parameters()).device
    state.best = {name: value.to(device) for name, value in part("best.").items()}
    for number, parameter in enumerate(state.model.parameters()):
        # The optimiser keeps the parameter's own memory format, so the buffer must have it too; and a captured step
        # goes on with the buffer that it knows.
        buffer = state.optimizer.state[parameter].setdefault("momentum_buffer", torch.empty_like(parameter))
        buffer.copy_(tensors[f"momentum.{number}"])
    if "predictions" in tensors:
        state.predictions = list(tensors["predictions"])
    state.epoch, state.best_epoch, state.step = facts["epoch"], facts["best_epoch"], facts["step"]
    state.curves = facts["curves"]
