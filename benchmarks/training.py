"""Images a second of our training loop: as it is, with kornia's augmentations, and on a constant batch (no data work);
beside them the plain way."""

import dataclasses
import math
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks import plain
from benchmarks.augmentation import with_kornia
from benchmarks.measure import Contestant, Rate, Rounds, alternate, print_table, rate_of
from pipeline import data
from pipeline.augmentation.sets import ALL_OPS, AUGMENTATION_SETS, AugmentationSet
from pipeline.config import recipe
from pipeline.models import registry
from pipeline.support.memory import keep_memory
from pipeline.training import loop
from pipeline.training.batches import normalise
from pipeline.training.trials import to_device

FOUR_OPS, KORNIA = 0, -1  # all four of the deck's ops together, which are none of its six sets: ours, and kornia's


@dataclass(frozen=True)
class Task:
    """What is trained: a round takes our loop about `seconds`, on `threads` CPU threads or on the GPU."""

    architecture: str
    optimizer: str
    batch: int
    seconds: float
    threads: int
    device: str

    @property
    def name(self) -> str:
        return self.architecture if self.optimizer == "SGD" else f"{self.architecture} + {self.optimizer}"


TASKS = (*((name, "SGD") for name in registry.ARCHITECTURES), ("OwnBaseline2", "SAM"))


class _Kornia:
    """Kornia's four in one, as an op of ours: bytes in and out; it draws for itself."""

    def __init__(self) -> None:
        self.augment = with_kornia([0, 1, 2, 3])

    def draw(self, n: int, size: int, generator: torch.Generator) -> Tensor:
        return torch.empty(0)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return self.augment(images).mul_(255).byte()


class _Ours:
    """The study's own loop; `Trainer` and `step` are what `fit` calls."""

    def __init__(self, task: Task, dataset: data.Dataset) -> None:
        AUGMENTATION_SETS[FOUR_OPS] = AugmentationSet(title="all four", ops=ALL_OPS.ops)
        AUGMENTATION_SETS[KORNIA] = AugmentationSet(title="kornia's four", ops=(_Kornia(),))
        self.device = torch.device(task.device)
        self.recipe = recipe(
            architecture=task.architecture,
            optimizer=task.optimizer,
            batch_size=task.batch,
            epochs=10_000,
            lr=1e-3,
            schedule="constant",
            augmentation_set=FOUR_OPS,
            replication="replace",
        )
        model = registry.build(task.architecture, classes=10, image_size=28, seed=0)
        model.to(self.device).to(memory_format=torch.channels_last).train()
        self.state = loop.fresh_state(model, self.recipe)
        self.batch = to_device(dataset.train_images[: task.batch], dataset.train_labels[: task.batch], self.device)
        self.steps = self._steps_in(task.seconds)
        count = self.steps * task.batch
        self.train = to_device(dataset.train_images[:count], dataset.train_labels[:count], self.device)
        self.trainers: dict[int, loop.Trainer] = {}

    def _steps_in(self, seconds: float) -> int:
        """Steps that take about so long, from one step after one that warms up; at most an epoch of 60,000 images."""
        self.steps = 1
        self.constant()
        step = len(self.batch) / self.constant().wall
        return max(2, min(math.ceil(seconds / step), 60_000 // len(self.batch)))

    def epoch(self, augmentation_set: int) -> Rate:
        if augmentation_set not in self.trainers:  # on a GPU a step is captured here, once
            recipe = dataclasses.replace(self.recipe, augmentation_set=augmentation_set)
            self.trainers[augmentation_set] = loop.Trainer(self.state, self.train, recipe, 0)
        trainer = self.trainers[augmentation_set]
        return rate_of(lambda: trainer.epoch(lambda share: None), len(self.train), self.device)

    def constant(self) -> Rate:
        return rate_of(self._constant_steps, self.steps * len(self.batch), self.device)

    def _constant_steps(self) -> None:
        x_N1SS = normalise(self.batch.images)
        for _ in range(self.steps):
            loss, _ = loop.step(self.state, x_N1SS, self.batch.labels, self.recipe)
        loss.item()


# ---------------------------------------------------------------------------------------- in a process of its own

_rounds: dict[str, Contestant] = {}


def _prepare_ours(task: Task) -> int:
    """Ready for all rounds but "plain", the memory kept as in the pipeline's workers; the images a round."""
    keep_memory()
    torch.set_num_threads(task.threads)
    mine = _Ours(task, data.load())
    _rounds.update(ours=lambda: mine.epoch(FOUR_OPS), kornia=lambda: mine.epoch(KORNIA), constant=mine.constant)
    return len(mine.train)


def _prepare_plain(task: Task, images: int) -> None:
    """Ready for rounds of "plain", as long as ours and one batch more, which fills the queue."""
    torch.set_num_threads(task.threads)
    dataset, count = data.load(), images + task.batch
    batches = plain.loader(dataset.train_images[:count], dataset.train_labels[:count], task.batch, task.threads)
    model = registry.build(task.architecture, classes=10, image_size=28, seed=0).to(task.device)
    optimizer = plain.optimizer_of(model, task.optimizer)
    _rounds["plain"] = lambda: plain.train_epoch(model, batches, optimizer)


def _round(name: str) -> Rate:
    return _rounds[name]()


def _process() -> ProcessPoolExecutor:
    """One fresh process, so that neither way runs in the other's memory settings or thread pool."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


# ----------------------------------------------------------------------------------------------------------- the table


def measured(task: Task, rounds: int, ours: ProcessPoolExecutor, other: ProcessPoolExecutor) -> Rounds:
    """Alternating rounds of each way, in two processes that wait for each other."""
    images = ours.submit(_prepare_ours, task).result()
    other.submit(_prepare_plain, task, images).result()
    contestants: dict[str, Contestant] = {
        "ours": lambda: ours.submit(_round, "ours").result(),
        "plain": lambda: other.submit(_round, "plain").result(),
        "kornia": lambda: ours.submit(_round, "kornia").result(),
        "constant": lambda: ours.submit(_round, "constant").result(),
    }
    return alternate(contestants, rounds)


def print_training(networks: list[str], rounds: int, seconds: float, batch: int, threads: int, device: str) -> None:
    started, rows = time.monotonic(), []
    with _process() as ours, _process() as other:
        for task in (Task(*each, batch, seconds, threads, device) for each in TASKS if each[0] in networks):
            rows.append((task.name, _cells(measured(task, rounds, ours, other))))
            print(f"{task.name} measured after {time.monotonic() - started:.0f} s", file=sys.stderr)
    print_table(
        f"Training, images/s, batches of {batch}, all four augmentations, {threads} threads and DataLoader workers",
        [
            "ours",
            "plain way",
            "ours / plain",
            "by CPU time",
            "with kornia",
            "ours / kornia",
            "constant",
            "of constant",
            "by CPU time",
        ],
        rows,
    )


def _cells(result: Rounds) -> list[str]:
    return [
        f"{result.median('ours'):,.0f}",
        f"{result.median('plain'):,.0f}",
        f"{result.ratio('ours', 'plain'):.2f}",
        f"{result.ratio('ours', 'plain', cpu=True):.2f}",
        f"{result.median('kornia'):,.0f}",
        f"{result.ratio('ours', 'kornia'):.2f}",
        f"{result.median('constant'):,.0f}",
        f"{result.ratio('ours', 'constant'):.1%}",
        f"{result.ratio('ours', 'constant', cpu=True):.1%}",
    ]
