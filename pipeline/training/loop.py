"""The only training loop: every network of the study is trained by `fit`, the autoencoder apart (it has no labels).

Read it from the top: `fit` trains epoch by epoch and validates after each, an epoch is a loop over batches, `step` is
what happens to one. Nothing is read back to the host within an epoch. Each epoch draws from generators seeded by
(seed, epoch) alone, so that a run resumed from a checkpoint reaches the same numbers.
"""

import copy
import dataclasses
import math
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from artifacts.contract import Curves, Fit, Recipe
from pipeline.support.errors import Diverged
from pipeline.support.seeding import derive
from pipeline.training import cuda_graph, data_parallel, optimizers
from pipeline.training.batches import Batches, Images, mixed_classes, normalise, with_replication
from pipeline.training.state import Fitted, State, average, fresh_state

VERSION = 1  # raise it when the numbers that `fit` gives change: trials kept on disk are then made anew
EVAL_BATCH = 500

# A GPU rounds fp32 convolutions to TF32, with 10 bits, unless told not to: `exact` answers would differ from ONNX's.
torch.backends.cudnn.allow_tf32 = False


def fit(
    model: nn.Module,
    train: Images,
    validation: Images | None,
    recipe: Recipe,
    seed: int,
    *,
    resume: Callable[[State], None] = lambda state: None,
    after_epoch: Callable[[State], None] = lambda state: None,
    progress: Callable[[float], None] = lambda share: None,
) -> Fitted:
    """Train `model` by `recipe`. `resume` may fill the fresh state from a checkpoint; `after_epoch` may write one.

    `model` gives the first weights; the trained ones are in the result. `progress` hears after every step which share
    of all epochs is done. In a process group every rank calls this with the same arguments and gets the same result.

    Raises Diverged when an epoch's loss is not finite.
    """
    model.to(train.images.device).to(memory_format=torch.channels_last)
    data_parallel.with_global_batchnorm(model)
    with _trainer(model, with_replication(train, recipe, seed), recipe, seed) as trainer:
        state = trainer.state
        resume(state)
        state.replica = data_parallel.replica(state.model)
        while state.epoch < recipe.epochs and state.epoch - state.best_epoch < recipe.patience:
            trainer.epoch(progress)
            _validate(state, validation)
            after_epoch(state)
        return _fitted(state, validation, seed)


# ---------------------------------------------------------------------------------------------------------- one epoch


class Trainer:
    """Trains `state` epoch by epoch. On a GPU a step is replayed from a graph, where it can be captured.

    A captured step reads and writes where it did when it was captured: so it has images of its own.
    """

    def __init__(self, state: State, train: Images, recipe: Recipe, seed: int) -> None:
        self.state, self.recipe, self.seed = state, recipe, seed
        device, captured = train.images.device, _is_captured(train, recipe)
        own = train.clone() if captured else train
        self.batches = Batches(own, recipe, seed, mixed_classes(state.model, recipe))
        self.steps = len(self.batches) * recipe.epochs
        self.loss_sum = torch.zeros((), device=device)
        self.right = torch.zeros((), dtype=torch.int64, device=device)
        self.graph = self._captured() if captured else None

    def epoch(self, progress: Callable[[float], None]) -> None:
        """One epoch more. Raises Diverged when its loss is not finite."""
        state, train_on = self.state, self.graph or self.train_on
        state.model.train()
        torch.manual_seed(derive(self.seed, "dropout", state.epoch, *data_parallel.seed_parts()))
        self.loss_sum.zero_()
        self.right.zero_()
        for drawn in self.batches.order(state.epoch):
            state.set_rates(self.recipe, state.step / self.steps)
            train_on(drawn)
            state.step += 1
            progress(state.step / self.steps)
        state.epoch += 1
        self._append_to_curves()

    def train_on(self, drawn: Tensor) -> None:
        """One step on the batch of the images `drawn`, added to the epoch's sums; nothing is read back to the host."""
        x_N1SS, targets = self.batches.of(drawn)
        own = data_parallel.share(targets)
        weight = len(own) * data_parallel.size() / len(targets)
        loss, right = step(self.state, data_parallel.share(x_N1SS), own, self.recipe, weight)
        self.loss_sum += loss * len(own)
        self.right += right

    def _append_to_curves(self) -> None:
        seen, curves = len(self.batches) * self.batches.targets, self.state.curves
        data_parallel.add_up(self.loss_sum, self.right)
        mean = (self.loss_sum / seen).item()
        if not math.isfinite(mean):
            raise Diverged(f"The training loss was not finite in epoch {self.state.epoch} (lr {self.recipe.lr:g}).")
        curves["train_loss"].append(mean)
        curves["train_accuracy"].append(self.right.item() / seen)

    def _captured(self) -> cuda_graph.Replayed | None:
        self.state.model.train()
        example = torch.arange(self.batches.size, device=self.loss_sum.device)
        return cuda_graph.replayed(self.train_on, example, self.state.tensors(), self.batches.generator)

    def restart(self, model: nn.Module, train: Images, recipe: Recipe, seed: int) -> None:
        """Begin another trial of the same shape, in the same tensors: the captured step then serves it too."""
        old, first = self.state, model.state_dict()
        old.model.load_state_dict(first)
        if old.averaged is not None:
            old.averaged.load_state_dict(first)
        optimizers.start_again(old.optimizer, recipe)
        self.state = State(old.model, old.optimizer, old.averaged, best={}, average_weight=old.average_weight)
        self.batches.restart(train, seed)
        self.recipe, self.seed, self.steps = recipe, seed, len(self.batches) * recipe.epochs


# ----------------------------------------------------------------------------------------------------------- one step


def step(state: State, x_N1SS: Tensor, targets_N: Tensor, recipe: Recipe, weight: float = 1.0) -> tuple[Tensor, Tensor]:
    """One optimizer step; the batch's mean loss and number of right answers, still on the device.

    In a process group the batch is this rank's share, `weight` its size over the mean share's.
    """
    model, optimizer = state.replica or state.model, state.optimizer

    def forward_and_backward() -> tuple[Tensor, Tensor]:
        optimizer.zero_grad(set_to_none=True)
        with autocast(x_N1SS.device):
            logits = model(x_N1SS)
        loss = _loss(logits.float(), targets_N, recipe.label_smoothing)
        (loss * weight).backward()
        return loss.detach(), logits.detach()

    if recipe.optimizer == "SGD":
        loss, logits = forward_and_backward()
        optimizer.step()
    else:
        sam: Any = optimizer
        # Each rank perturbs by its own gradient (m-sharpness, Foret et al. 2021, section 4.1): one reduction saved.
        with data_parallel.unsynced(model):
            loss, logits = forward_and_backward()
        sam.first_step()
        # The perturbed weights must not touch the running statistics: they are the first pass's alone.
        with _frozen_batchnorm(state.model):
            forward_and_backward()
        sam.second_step()
    if state.averaged is not None:
        average(state.averaged, state.model, state.average_weight)
    return loss, _hits(logits.argmax(1), targets_N)


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """bf16 where the hardware multiplies it (CUDA, AVX512-bf16 or AMX), else fp32; no gradient scaling is needed."""
    if device.type == "cuda" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported():
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def _loss(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Mean cross-entropy. Of partial labels, bool (N, classes), it is minus the log of the probability of all right
    classes together (Jin and Ghahramani 2002); with one right class each, both are the same."""
    if targets.dtype != torch.bool:
        return F.cross_entropy(logits, targets, label_smoothing=smoothing)
    log_probabilities = logits.log_softmax(1)
    right = log_probabilities.masked_fill(~targets, -math.inf).logsumexp(1)
    return -((1 - smoothing) * right + smoothing * log_probabilities.mean(1)).mean()


def _hits(predicted: Tensor, targets: Tensor) -> Tensor:
    """How many predictions (N,) are right, of targets of any of the kinds that batches have."""
    if targets.dtype == torch.bool:
        return targets.gather(1, predicted[:, None]).sum()
    return (predicted == (targets if targets.dim() == 1 else targets.argmax(1))).sum()


@contextmanager
def _frozen_batchnorm(model: nn.Module) -> Iterator[None]:
    """Within it, BatchNorm normalizes by the batch as in training but leaves its running statistics alone."""
    layers = [(layer, layer.momentum) for layer in model.modules() if isinstance(layer, _BatchNorm)]
    for layer, _ in layers:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in layers:
            layer.momentum = momentum


# --------------------------------------------------------------------------------------------------------- evaluation


@torch.no_grad()
def logits_of(model: nn.Module, images_N1SS: Tensor, *, exact: bool = False) -> Tensor:
    """Logits float32 (N, classes) in eval mode; `exact` computes in fp32, as the exported model does."""
    model.eval()
    parts = []
    for chunk in images_N1SS.split(EVAL_BATCH):
        with nullcontext() if exact else autocast(images_N1SS.device):
            parts.append(model(normalise(chunk)).float())
    return torch.cat(parts)


def _validate(state: State, validation: Images | None) -> None:
    """Validate the weights after an epoch and keep them if they are the best so far (the first of equals)."""
    if validation is None:
        state.best_epoch = state.epoch
        return
    logits = data_parallel.agreed(logits_of(state.evaluated, validation.images))
    predicted = logits.argmax(1)
    loss = F.cross_entropy(logits, validation.labels).item()
    if not math.isfinite(loss):
        raise Diverged(f"The validation loss was not finite in epoch {state.epoch}.")
    state.curves["val_loss"].append(loss)
    state.curves["val_accuracy"].append((predicted == validation.labels).float().mean().item())
    state.predictions.append(predicted.to(torch.uint8).cpu())
    if state.curves["val_accuracy"][-1] > max(state.curves["val_accuracy"][:-1], default=-1.0):
        state.best_epoch = state.epoch
        state.best = {name: value.clone() for name, value in state.evaluated.state_dict().items()}


def _fitted(state: State, validation: Images | None, seed: int) -> Fitted:
    curves = Curves(**{name: tuple(values) for name, values in state.curves.items()})
    weights = state.best or state.evaluated.state_dict()
    probabilities = torch.empty(0)
    if validation is not None:
        state.evaluated.load_state_dict(weights)
        probabilities = logits_of(state.evaluated, validation.images).softmax(1).cpu()
    fit_ = Fit(
        seed=seed,
        curves=curves,
        best_epoch=state.best_epoch,
        highest_val_accuracy=max(curves.val_accuracy, default=0.0),
        lowest_val_loss=min(curves.val_loss, default=0.0),
        highest_train_accuracy=max(curves.train_accuracy),
        lowest_train_loss=min(curves.train_loss),
    )
    predictions = torch.stack(state.predictions) if state.predictions else torch.empty(0, 0, dtype=torch.uint8)
    kept = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    return Fitted(kept, fit_, predictions, probabilities)


# ------------------------------------------------------------------------------------------- a step that is captured

_kept = cuda_graph.Kept[Trainer]()


def _is_captured(train: Images, recipe: Recipe) -> bool:
    """Randomised batches read back how many images they change, and ranks wait for each other."""
    on_gpu = optimizers.are_tensors(train.images.device)
    return on_gpu and recipe.replication != "randomised" and data_parallel.size() == 1


@contextmanager
def _trainer(model: nn.Module, train: Images, recipe: Recipe, seed: int) -> Iterator[Trainer]:
    """Ready to train: on a GPU by the step captured for an earlier trial of this shape, if there was one."""
    if not _is_captured(train, recipe):
        yield Trainer(fresh_state(model, recipe), train, recipe, seed)
        return
    shape = _shape(model, train, recipe)
    if (trainer := _kept.taken(shape)) is not None:
        trainer.restart(model, train, recipe, seed)
    else:
        trainer = _kept.making_room(lambda: Trainer(fresh_state(copy.deepcopy(model), recipe), train, recipe, seed))
    try:
        yield trainer
    finally:
        if trainer.graph is not None:
            _kept.keep(shape, trainer)


def _shape(model: nn.Module, train: Images, recipe: Recipe) -> Hashable:
    """All that a captured step has fixed: the recipe but for what is read from tensors, and the size of everything."""
    numbers: dict[str, Any] = {**dict.fromkeys(optimizers.CHOSEN, 0.0), "ema": float(recipe.ema > 0)}
    fixed = dataclasses.replace(recipe, **numbers, epochs=1, patience=1, schedule="constant")
    tensors = {**model.state_dict(), " images": train.images, " labels": train.labels}
    if train.taught is not None:
        tensors[" taught"] = train.taught
    return fixed, train.images.device, tuple((name, value.shape, value.dtype) for name, value in tensors.items())
