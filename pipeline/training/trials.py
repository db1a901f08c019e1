"""A trial: one network trained once. Its key is the hash of all that decides its numbers; its result lies on disk under
that key, so that a finished trial is never run twice and a killed one resumes from its last checkpoint."""

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from artifacts import store
from artifacts.contract import Recipe
from pipeline import data, photographs
from pipeline.config import SplitConfig
from pipeline.models import registry
from pipeline.models.base import ImageClassifier
from pipeline.randomisation import Photographs
from pipeline.support import checksummed
from pipeline.support.errors import BudgetSpent
from pipeline.support.seeding import derive
from pipeline.training import loop
from pipeline.training.batches import Images, randomised
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.loop import Fitted
from pipeline.training.trial_folder import Files, TrialFolder, TrialRecord


@dataclass(frozen=True)
class Fold:
    """One of `parts` equal parts of a trial's images: it is not trained on them and answers for them at its end."""

    number: int
    parts: int


@dataclass(frozen=True)
class TrialSpec:
    """One network to train: `part` is the split's train part or (`all`) train and validation data together.

    With a `fold` (part `all`), the images of that fold are kept from the training. `teachers` are the keys of finished
    trials of the same architecture, whose mean probabilities are half of each target; `start` is the key of the one
    whose weights are the first here (a warm restart: Loshchilov and Hutter 2017, arXiv:1608.03983). `photographs` is
    the key of the prepared photographs that are mixed in.
    """

    recipe: Recipe
    seed: int
    part: Literal["train", "all"]
    train_images: int
    split: SplitConfig
    data_sha256: str
    threads: int
    fold: Fold | None = None
    ranks: int = 1  # processes that share every batch
    teachers: tuple[str, ...] = ()
    start: str = ""
    photographs: str = ""

    @cached_property
    def key(self) -> str:
        plain = {**dataclasses.asdict(self), "version": loop.VERSION}
        for each in dataclasses.fields(self):
            if plain[each.name] == each.default:  # keeps the keys of trials that were finished before there was one
                del plain[each.name]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Workplace:
    """Where trials run: the data, the folder of trials, the device, and the wall-clock time (epoch seconds) to stop."""

    dataset: data.Dataset
    trials: Path
    device: torch.device
    deadline: float | None = None

    def check_time(self) -> None:
        """Before a trial begins, whose first checkpoint might be far: BudgetSpent when the time is over."""
        if self.deadline is not None and time.time() >= self.deadline:
            raise BudgetSpent

    def photographs(self, key: str) -> Photographs:
        """The prepared photographs that their stage wrote, on the device."""
        content = checksummed.read(photographs.prepared_file(self.trials.parent, key))
        return to_draw(store.npz_arrays(content, source="photographs")).to(self.device)


def to_draw(arrays: dict[str, np.ndarray]) -> Photographs:
    """Photographs to train on: those that are not `held` back, each label's as often as the root of their number."""
    label = arrays["label"][~arrays["held"]]
    weights = np.bincount(label).astype(np.float32)[label] ** -0.5
    views, right = arrays["views"][~arrays["held"]], arrays["right"][~arrays["held"]]
    return Photographs(*(torch.from_numpy(each) for each in (views, right, weights, arrays["crops"])))


def split_of(dataset: data.Dataset, config: SplitConfig) -> data.Split:
    return data.split(
        dataset, train_images=config.train_images, validation_images=config.validation_images, seed=config.seed
    )


def indices(dataset: data.Dataset, spec: TrialSpec) -> tuple[np.ndarray, np.ndarray]:
    """The training file's indices that the trial trains on and validates with (empty for part `all`)."""
    if spec.fold is not None:
        return np.setdiff1d(_folded(dataset, spec), held_out(dataset, spec)), np.empty(0, np.uint32)
    parts = split_of(dataset, spec.split)
    labels = dataset.train_labels
    if spec.part == "all":
        everything = np.sort(np.concatenate([parts.train, parts.validation]))
        return data.subset(everything, labels, spec.train_images, spec.split.seed), np.empty(0, np.uint32)
    return data.subset(parts.train, labels, spec.train_images, spec.split.seed), validated(dataset, spec.split)


def held_out(dataset: data.Dataset, spec: TrialSpec) -> np.ndarray:
    """The training file's indices that a fold's trial is not trained on, sorted: its answers are in this order."""
    assert spec.fold is not None
    images = _folded(dataset, spec)
    return images[data.fold(dataset.train_labels[images], spec.fold.number, spec.fold.parts, spec.split.seed)]


def _folded(dataset: data.Dataset, spec: TrialSpec) -> np.ndarray:
    """The indices, sorted, that all folds share out: the study's validation images, then as many more as asked for.

    A plain subset of all would hold none of them: it draws what the split has drawn from, with the same seed.
    """
    parts, labels = split_of(dataset, spec.split), dataset.train_labels
    first = validated(dataset, spec.split)
    rest = np.setdiff1d(np.concatenate([parts.train, parts.validation]), first)
    more = spec.train_images - len(first)
    if more <= 0:
        return data.subset(first, labels, spec.train_images, spec.split.seed)
    return np.sort(np.concatenate([first, data.subset(rest, labels, more, spec.split.seed)]))


def validated(dataset: data.Dataset, config: SplitConfig) -> np.ndarray:
    """The indices of the validation images that the study uses: all of them, or a stratified part."""
    index = split_of(dataset, config).validation
    return data.subset(index, dataset.train_labels, config.validated, config.seed)


def to_device(images: np.ndarray, labels: np.ndarray, device: torch.device) -> Images:
    """uint8 (N, S, S) and labels as the training loop takes them."""
    return Images(
        torch.from_numpy(images.copy()).unsqueeze(1).to(device),
        torch.from_numpy(labels.astype(np.int64)).to(device),
    )


def build(recipe: Recipe, dataset: data.Dataset, seed: int = 0) -> ImageClassifier:
    """The recipe's network for the data set, with new weights of that seed."""
    return registry.build(
        recipe.architecture,
        classes=len(dataset.classes),
        image_size=dataset.image_size,
        seed=seed,
        last_layers=recipe.last_layers,
        dropout=recipe.dropout,
    )


def trained(recipe: Recipe, dataset: data.Dataset, weights: dict[str, torch.Tensor]) -> ImageClassifier:
    """The recipe's network with these weights, in eval mode on the CPU."""
    model = build(recipe, dataset)
    model.load_state_dict(weights)
    return model.eval()


def execute(spec: TrialSpec, place: Workplace, progress: Callable[[float], None] = lambda share: None) -> TrialRecord:
    """Run or resume the trial, or return its record if it is done. BudgetSpent when the time is over.

    In a process group all ranks call it; the first one writes.
    """
    folder = TrialFolder(place.trials, spec.key)
    if (done := folder.record()) is not None:
        return done
    torch.set_num_threads(spec.threads)
    dataset = place.dataset
    train_index, validation_index = indices(dataset, spec)
    train = to_device(dataset.train_images[train_index], dataset.train_labels[train_index], place.device)
    if spec.teachers:
        train = dataclasses.replace(train, taught=_taught(spec, place, train.images))
    if spec.photographs:
        train = dataclasses.replace(train, photographs=place.photographs(spec.photographs))
    validation = None
    if len(validation_index):
        validation = to_device(
            dataset.train_images[validation_index], dataset.train_labels[validation_index], place.device
        )
        if spec.recipe.replication == "randomised":
            validation = randomised(validation, spec.split.seed)
    model = build(spec.recipe, dataset, derive(spec.seed, "weights"))
    if spec.start:
        model.load_state_dict(TrialFolder(place.trials, spec.start).weights())
    keeper = Checkpoints(folder.checkpoint, place.deadline)
    try:
        fitted = loop.fit(
            model,
            train,
            validation,
            spec.recipe,
            spec.seed,
            resume=keeper.restore,
            after_epoch=keeper.keep,
            progress=progress,
        )
    except loop.Diverged as error:
        return folder.finish(TrialRecord(spec.key, None, str(error), keeper.seconds()), None)
    if spec.fold is not None:
        fitted = dataclasses.replace(fitted, val_probabilities=_answers_out_of_fold(spec, place, fitted))
    return folder.finish(TrialRecord(spec.key, fitted.fit, "", keeper.seconds()), fitted)


def inputs_of(spec: TrialSpec, work: Path) -> Files:
    """What a host without the run folder needs, by path in `work`: the last checkpoint, weights, and photographs."""
    others = [key for key in (*spec.teachers, spec.start) if key]
    paths = [Path("trials", key, "weights.safetensors") for key in others]
    paths.append(Path("trials", spec.key, "checkpoint.safetensors"))
    if spec.photographs:
        paths.append(photographs.prepared_file(Path(), spec.photographs))
    return {path.as_posix(): (work / path).read_bytes() for path in paths if (work / path).exists()}


def finished(spec: TrialSpec, place: Workplace) -> TrialFolder:
    """The folder of a trial that is done; one whose files were lost or damaged since is run again first."""
    execute(spec, place)
    return TrialFolder(place.trials, spec.key)


def _taught(spec: TrialSpec, place: Workplace, images: torch.Tensor) -> torch.Tensor:
    """Mean probabilities float32 (N, classes) of the teachers for the images as they are."""
    weights = (TrialFolder(place.trials, key).weights() for key in spec.teachers)
    teachers = (trained(spec.recipe, place.dataset, each).to(place.device) for each in weights)
    return torch.stack([loop.logits_of(teacher, images).softmax(1) for teacher in teachers]).mean(0)


def _answers_out_of_fold(spec: TrialSpec, place: Workplace, fitted: Fitted) -> torch.Tensor:
    """Probabilities float32 (N, classes) of the `held_out` images, which chose nothing, not even the epoch."""
    index = held_out(place.dataset, spec)
    kept = to_device(place.dataset.train_images[index], place.dataset.train_labels[index], place.device)
    model = trained(spec.recipe, place.dataset, fitted.weights).to(place.device)
    return loop.logits_of(model, kept.images).softmax(1).cpu()
