"""The only training loop: every network of the study is trained by `fit`, the autoencoder apart (it has no labels).

Images stay on the device as uint8 for the whole run; a batch is gathered, augmented and normalised there. Nothing is
read back to the host within an epoch. Each epoch draws from generators seeded by (seed, epoch) alone, so that a run
resumed from a checkpoint goes on to the same numbers.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from artifacts.contract import Curves, Fit, Recipe
from pipeline import ranks
from pipeline.augmentation import augmentation_set
from pipeline.errors import Diverged
from pipeline.randomisation import NO_CLASS, choose, make_outliers, randomise
from pipeline.seeding import derive

VERSION = 1  # raise it when the numbers that `fit` gives change: trials kept on disk are then made anew
EVAL_BATCH = 500


@dataclass(frozen=True)
class Images:
    """Images uint8 (N, 1, S, S) with labels int64 (N,), on the training device.

    `taught` float32 (N, classes) are a teacher's probabilities: then half of each target is the teacher's (Hinton et
    al. 2015, arXiv:1503.02531, at temperature 1), half the label's.
    """

    images: Tensor
    labels: Tensor
    taught: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def targets(self, index: Tensor) -> Tensor:
        """Labels int64 (n,), or with a teacher probabilities float32 (n, classes)."""
        labels = self.labels[index]
        if self.taught is None:
            return labels
        taught = self.taught[index]
        return (taught + F.one_hot(labels, taught.shape[1])) / 2


@dataclass
class State:
    """What a checkpoint holds: enough to go on after any epoch to the same numbers."""

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

    @property
    def evaluated(self) -> nn.Module:
        """The weights that are judged and kept: their moving average if there is one."""
        return self.averaged or self.model


@dataclass(frozen=True)
class Fitted:
    """The best epoch's weights by validation accuracy (the last epoch's without validation data), and how they came."""

    weights: dict[str, Tensor]
    fit: Fit
    val_predictions: Tensor  # uint8 (epochs, N)
    val_probabilities: Tensor  # float32 (N, classes), of `weights`


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """bf16 where the hardware multiplies it (CUDA, AVX512-bf16 or AMX), else fp32; no gradient scaling is needed."""
    if device.type == "cuda" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported():
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def normalise(images: Tensor) -> Tensor:
    """uint8 to 0..1 (min-max normalisation, deck section 2), channels last."""
    return images.float().div_(255.0).contiguous(memory_format=torch.channels_last)


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

    `progress` hears after every step which share of all epochs is done. In a process group every rank calls this with
    the same arguments and gets the same result.

    Raises Diverged when an epoch's loss is not finite.
    """
    model.to(train.images.device).to(memory_format=torch.channels_last)
    ranks.with_global_batchnorm(model)
    state = _fresh_state(model, recipe)
    resume(state)
    state.replica = ranks.replica(model)
    source = _with_replication(train, recipe, seed)
    while state.epoch < recipe.epochs and state.epoch - state.best_epoch < recipe.patience:
        _train_epoch(state, source, recipe, seed, progress)
        _judge(state, validation)
        after_epoch(state)
    return _finish(state, validation, seed)


def _fresh_state(model: nn.Module, recipe: Recipe) -> State:
    averaged = copy.deepcopy(model).requires_grad_(False) if recipe.ema else None
    return State(model, build_optimizer(model, recipe), averaged, best={})


def build_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """SGD with Nesterov momentum, alone or inside SAM/ASAM (Foret et al. 2021; Kwon et al. 2021).

    Weight decay is L2 on every weight, as in the deck; the learning rate is set anew at every step.
    """
    options: dict[str, Any] = {
        "lr": recipe.lr,
        "momentum": recipe.momentum,
        "weight_decay": recipe.weight_decay,
        "nesterov": True,
        "foreach": True,
    }
    if recipe.optimizer == "SGD":
        return torch.optim.SGD(model.parameters(), **options)
    from pytorch_optimizer import SAM  # takes most of a second, which a process that trains nothing does without

    return SAM(model.parameters(), torch.optim.SGD, rho=recipe.rho, adaptive=recipe.optimizer == "ASAM", **options)


def learning_rate(recipe: Recipe, progress: float) -> float:
    """The rate at `progress` in 0..1 of all steps: up linearly for the first fifth, then a cosine down to zero."""
    if recipe.schedule == "constant":
        return recipe.lr
    warm = 0.2
    if progress < warm:
        return recipe.lr * max(progress / warm, 0.04)
    return recipe.lr * 0.5 * (1 + math.cos(math.pi * (progress - warm) / (1 - warm)))


# ---------------------------------------------------------------------------------------------------------- one epoch


def _generator(device: torch.device, *parts: int | str) -> torch.Generator:
    return torch.Generator(device).manual_seed(derive(*parts))


def _with_replication(train: Images, recipe: Recipe, seed: int) -> Images:
    """The deck's replication drawn once: the original set plus an augmented copy of it."""
    if recipe.replication != "once":
        return train
    generator = _generator(train.images.device, seed, "replication")
    augment = augmentation_set(recipe.augmentation_set).augment
    copies = torch.cat([augment(chunk, generator) for chunk in train.images.split(4096)])
    taught = None if train.taught is None else train.taught.repeat(2, 1)
    return Images(torch.cat([train.images, copies]), train.labels.repeat(2), taught)


def _mixed_classes(model: nn.Module, recipe: Recipe) -> int:
    """How many classes mixed targets have; 0 where nothing is mixed."""
    if recipe.replication != "mixed":
        return 0
    classifier = model.get_submodule("classifier")
    assert isinstance(classifier, nn.Linear)
    return classifier.out_features


def _batches(train: Images, recipe: Recipe, seed: int, epoch: int, classes: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Shuffled batches of one size (the rest of an epoch is left out, as BatchNorm likes full batches).

    Targets are labels (n,), or probabilities (n, classes) where images are mixed or a teacher has a say.
    """
    device = train.images.device
    generator = _generator(device, seed, "epoch", epoch)
    augment = augmentation_set(recipe.augmentation_set).augment
    copies = 2 if recipe.replication == "every epoch" else 1
    order = torch.randperm(copies * len(train), generator=generator, device=device)
    size = min(recipe.batch_size, len(order))
    for start in range(0, len(order) - size + 1, size):
        drawn = order[start : start + size]
        index = drawn % len(train)
        images = train.images[index]
        if recipe.replication == "randomised":
            yield _randomised(train, index, generator)
            continue
        if recipe.replication == "every epoch":
            images = torch.where((drawn >= len(train)).view(-1, 1, 1, 1), augment(images, generator), images)
        elif recipe.replication in ("replace", "mixed"):
            images = augment(images, generator)
        targets = train.targets(index)
        if recipe.replication == "mixed":
            images, targets = _cutmix(images, targets, classes, generator)
        yield normalise(images), targets


def _cutmix(images: Tensor, targets: Tensor, classes: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """In half of the batches, a box of each image is its neighbour's, and so is that share of its target.

    CutMix (Yun et al. 2019, arXiv:1905.04899) with a uniform share, one box a batch; nothing is read back to the host.
    Targets in: (n,) or (n, classes); out: (n, classes).
    """
    share, row, column, chance = torch.rand(4, generator=generator, device=generator.device).unbind()
    size = images.shape[-1]
    half = (share.sqrt() * (chance < 0.5) * size / 2).round()
    pixel = torch.arange(size, device=images.device)
    inside_rows, inside_columns = ((pixel - at.mul(size).floor()).abs() < half for at in (row, column))
    box = inside_rows[:, None] & inside_columns[None, :]
    kept = 1 - box.float().mean()
    soft = targets if targets.dim() == 2 else F.one_hot(targets, classes).float()
    return torch.where(box, images.roll(1, 0), images), kept * soft + (1 - kept) * soft.roll(1, 0)


def _randomised(train: Images, index: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A batch as visitors' photos might show it, and outliers of no class, a fifth of its size, at its end."""
    labels = train.labels[index]
    garments = randomise(train.images[index].float() / 255, labels, generator)
    source = choose(train.labels, max(1, len(index) // 5), generator)
    outliers = make_outliers(train.images[source].float() / 255, train.labels[source], generator)
    none = torch.full((len(source),), NO_CLASS, device=labels.device)
    x_N1SS = torch.cat([garments, outliers]).contiguous(memory_format=torch.channels_last)
    return x_N1SS, torch.cat([labels, none])


def randomised(images: Images, seed: int) -> Images:
    """Fixed randomised images and outliers to validate on, drawn once; labels as `_randomised` gives them."""
    x_N1SS, labels = _randomised(
        images, torch.arange(len(images)), _generator(images.images.device, seed, "validation")
    )
    return Images(x_N1SS.mul(255).round().to(torch.uint8).contiguous(), labels)


def steps_per_epoch(images: int, recipe: Recipe) -> int:
    """Optimiser steps an epoch takes on `images` images before replication."""
    total = images * (2 if recipe.replication in ("once", "every epoch") else 1)
    return total // min(recipe.batch_size, total)


def _train_epoch(state: State, train: Images, recipe: Recipe, seed: int, progress: Callable[[float], None]) -> None:
    torch.manual_seed(derive(seed, "dropout", state.epoch, *ranks.seed_parts()))
    state.model.train()
    device = train.images.device
    loss_sum, right = torch.zeros((), device=device), torch.zeros((), dtype=torch.int64, device=device)
    images = len(train) // 2 if recipe.replication == "once" else len(train)
    steps = steps_per_epoch(images, recipe) * recipe.epochs
    seen = 0
    for x_N1SS, labels_N in _batches(train, recipe, seed, state.epoch, _mixed_classes(state.model, recipe)):
        for group in state.optimizer.param_groups:
            group["lr"] = learning_rate(recipe, state.step / steps)
        own = ranks.share(labels_N)
        loss, hits = _step(state, ranks.share(x_N1SS), own, recipe, len(own) * ranks.size() / len(labels_N))
        loss_sum += loss * len(own)
        right += hits
        seen += len(labels_N)
        state.step += 1
        progress(state.step / steps)
    state.epoch += 1
    ranks.add_up(loss_sum, right)
    mean = (loss_sum / seen).item()
    if not math.isfinite(mean):
        raise Diverged(f"The training loss was not finite in epoch {state.epoch} (lr {recipe.lr:g}).")
    state.curves["train_loss"].append(mean)
    state.curves["train_accuracy"].append(right.item() / seen)


def _step(state: State, x_N1SS: Tensor, labels_N: Tensor, recipe: Recipe, weight: float = 1.0) -> tuple[Tensor, Tensor]:
    """One optimiser step; the batch's mean loss and number of right answers, still on the device.

    In a process group the batch is this rank's share, `weight` its size over the mean share's.
    """
    model = state.replica or state.model

    def backward() -> tuple[Tensor, Tensor]:
        state.optimizer.zero_grad(set_to_none=True)
        with autocast(x_N1SS.device):
            logits = model(x_N1SS)
        loss = F.cross_entropy(logits.float(), labels_N, label_smoothing=recipe.label_smoothing)
        (loss * weight).backward()
        wanted = labels_N if labels_N.dim() == 1 else labels_N.argmax(1)
        return loss.detach(), (logits.detach().argmax(1) == wanted).sum()

    if recipe.optimizer != "SGD":
        sam: Any = state.optimizer
        # Each rank perturbs by its own gradient (m-sharpness, Foret et al. 2021, section 4.1): one reduction saved.
        with ranks.unsynced(model):
            loss, hits = backward()
        # The perturbed weights must not touch the running statistics: they are the first pass's alone.
        sam.first_step()
        with _frozen_batchnorm(state.model):
            backward()
        sam.second_step()
    else:
        loss, hits = backward()
        state.optimizer.step()
    if state.averaged is not None:
        _average(state.averaged, state.model, recipe.ema, state.step)
    return loss, hits


class _frozen_batchnorm:
    """Within it, BatchNorm normalises by the batch as in training but leaves its running statistics alone."""

    def __init__(self, model: nn.Module) -> None:
        self.layers = [(layer, layer.momentum) for layer in model.modules() if isinstance(layer, _BatchNorm)]

    def __enter__(self) -> None:
        for layer, _ in self.layers:
            layer.momentum = 0.0

    def __exit__(self, *_: object) -> None:
        for layer, momentum in self.layers:
            layer.momentum = momentum


@torch.no_grad()
def _average(averaged: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """Exponential moving average of weights and statistics, with a short memory at first."""
    weight = 1.0 - min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(averaged.parameters()), list(model.parameters()), weight)
    for mine, theirs in zip(averaged.buffers(), model.buffers(), strict=True):
        mine.copy_(theirs) if not mine.is_floating_point() else mine.lerp_(theirs, weight)


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


def _judge(state: State, validation: Images | None) -> None:
    """Validate the weights after an epoch and keep them if they are the best so far (the first of equals)."""
    if validation is None:
        state.best_epoch = state.epoch
        return
    logits = ranks.agreed(logits_of(state.evaluated, validation.images))
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


def _finish(state: State, validation: Images | None, seed: int) -> Fitted:
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
