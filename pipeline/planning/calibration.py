"""How fast this machine trains: a few steps of every kind of training that a configuration asks for, timed.

The steps run in the pool's own processes, as many at a time as trials will, so that what they take from each other is
in the figures. Kept in the run's `work/`, since it depends on the machine; measured again on another one.
"""

import dataclasses
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from artifacts import store
from artifacts.contract import Recipe
from pipeline.execution.pool import Pool
from pipeline.support import checksummed, machine
from pipeline.training import loop
from pipeline.training.trials import Workplace, build, to_device

FILE = "calibration.json"
LARGEST_BATCH = {"cpu": 64, "cuda": 4096}  # a CPU's seconds an image hardly change above it
STEPS = {"cpu": 2, "cuda": 100}
MORE_EPOCHS = 10
SLOW_SECONDS = 0.3  # a first step slower than this is followed by one more only
ANSWERED = 32  # images, on a CPU


@dataclass(frozen=True)
class Seconds:
    """Seconds for one image: in a training step, and when a network only answers."""

    train: float
    answer: float


@dataclass(frozen=True)
class Calibration:
    """What was measured, by the name of the load; `machine` says where."""

    machine: str
    loads: dict[str, Seconds]


@dataclass(frozen=True)
class Load:
    """One kind of training: what of a recipe decides how long an image takes."""

    name: str
    recipe: Recipe


def load_of(recipe: Recipe, device: str = "cpu") -> Load:
    """The load of a recipe: its network, optimizer, batch (as far as it matters) and way of drawing images."""
    batch = min(recipe.batch_size, LARGEST_BATCH[device.split(":")[0]])
    drawn = "none" if recipe.replication == "once" else recipe.replication
    name = f"{recipe.architecture}-{recipe.last_layers} {recipe.optimizer} {batch} {drawn}"
    short = dataclasses.replace(recipe, batch_size=batch, replication=drawn, epochs=1, patience=1)
    return Load(name, short)


def calibrate(pool: Pool, loads: Iterable[Load], *, say: Callable[[str], None] = lambda line: None) -> Calibration:
    """The seconds of all loads; those kept from before, on this machine, are not measured again."""
    path = pool.work / FILE
    here = f"{len(pool.devices)} x {pool.devices[0]}, {machine.describe().processor}, torch {torch.__version__}"
    kept = checksummed.document(path, Calibration)
    known = kept.loads if kept is not None and kept.machine == here else {}
    missing = [load for load in {load.name: load for load in loads}.values() if load.name not in known]
    if missing:
        say(f"Measuring how fast this machine trains ({len(missing)} kinds of training) ...")
        known |= dict(zip((load.name for load in missing), pool.map(_measure, missing), strict=True))
        store.write_atomic(path, store.encode(Calibration(here, known)))
    return Calibration(here, known)


def _measure(place: Workplace, load: Load) -> Seconds:
    """In a worker process: the load's seconds on real images, after a first step that sets everything up."""
    torch.set_num_threads(1)
    dataset, device, recipe = place.dataset, place.device, load.recipe

    def train(images: int, epochs: int = 1) -> tuple[torch.nn.Module, float]:
        """The trained network, and the seconds it took."""
        begun = time.perf_counter()
        model = build(recipe, dataset)
        part = to_device(dataset.train_images[:images], dataset.train_labels[:images], device)
        loop.fit(model, part, None, dataclasses.replace(recipe, epochs=epochs, patience=epochs), 0)
        return model, time.perf_counter() - begun

    _, first = train(recipe.batch_size)
    steps = 1 if first > SLOW_SECONDS and device.type == "cpu" else STEPS[device.type]
    count = min(recipe.batch_size * steps, len(dataset.train_images))
    model, seconds = train(count)
    if device.type == "cuda":
        seconds = an_epoch_more(lambda epochs: train(count, epochs)[1])
    trained = seconds / count
    asked = min(count, ANSWERED) if device.type == "cpu" else count
    images = to_device(dataset.train_images[:asked], dataset.train_labels[:asked], device).images
    loop.logits_of(model, images)
    begun = time.perf_counter()
    loop.logits_of(model, images).cpu()
    return Seconds(trained, (time.perf_counter() - begun) / asked)


def an_epoch_more(train: Callable[[int], float]) -> float:
    """Seconds that one epoch adds to a training on a GPU; `train` takes its number of epochs and gives its seconds.

    Both trainings that are compared come after the one that captures the step (`loop.Trainer.restart`).
    """
    train(1)
    short = train(1)
    return (train(1 + MORE_EPOCHS) - short) / MORE_EPOCHS
