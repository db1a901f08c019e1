"""How many trials share a GPU: small networks may leave some of it idle, so it is measured.

Trials are packed into one process a GPU, each on a stream of its own (`pipeline.lanes`). A trial's numbers do not
depend on how many there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from artifacts import store
from artifacts.contract import ArtifactError
from pipeline.config import recipe
from pipeline.execution.processes import Crew, device_names
from pipeline.models import registry
from pipeline.support import machine
from pipeline.training import loop
from pipeline.training.trials import Workplace, to_device

FILE = "packing.json"
CHOICES = (1, 2, 4)
WORTH = 1.05  # more trials must be faster by so much: each takes memory, and all fall with their process
EPOCHS = 15
TRAIN_SHARE = 5 / 6  # of the training file; the rest is validated on, as in a trial


@dataclass(frozen=True)
class Packing:
    """Images a second of all trials together, by the number of trials a GPU."""

    machine: str
    rates: dict[str, float]


def pack(crew: Crew, *, measure: bool = True, say: Callable[[str], None] = lambda line: None) -> None:
    """Let the crew train as many at a time on each GPU as is fastest here; nothing on a CPU, whose cores each have one.

    Measured once, in about half a minute, and kept in the run's `work/`; one a GPU if it is not to `measure` and never
    was. To be called before the crew's first job.
    """
    if crew.devices[0] == "cpu":
        return
    here = f"{len(device_names())} GPUs, {machine.describe().device}, torch {torch.__version__}"
    rates = _kept(crew, here)
    if rates is None and not measure:
        return
    if rates is None:
        say("Measuring how many trials at a time each GPU trains fastest ...")
        rates = measured(crew)
        store.write_atomic(crew.work / FILE, store.encode(Packing(here, {str(k): v for k, v in rates.items()})))
    crew.devices = device_names() * best(rates)


def best(rates: dict[int, float]) -> int:
    """The smallest number that no larger one beats by enough."""
    chosen = min(rates)
    for trials in sorted(rates):
        if rates[trials] > WORTH * rates[chosen]:
            chosen = trials
    return chosen


def measured(crew: Crew, epochs: int = EPOCHS) -> dict[int, float]:
    """The rates of the choices, up to the first that is no faster than the one before, or finds too little memory."""
    rates: dict[int, float] = {}
    for trials in CHOICES:
        try:
            rates[trials] = _rate(crew, trials, epochs)
        except torch.OutOfMemoryError:
            if not rates:
                raise
            break
        if best(rates) != trials:
            break
    return rates


def _rate(crew: Crew, trials: int, epochs: int) -> float:
    """Images a second of a second round, when every process has begun."""
    packed = Crew(crew.work, crew.data_folder, crew.tested, crew.deadline)
    packed.devices = device_names() * trials
    try:
        list(packed.map(_train, [1] * len(packed.devices)))
        begun = time.perf_counter()
        images = sum(packed.map(_train, [epochs] * len(packed.devices)))
        return images / (time.perf_counter() - begun)
    finally:
        packed.close()


def _train(place: Workplace, epochs: int) -> int:
    """In a worker process: the deck's best network for so many epochs; the images that it saw."""
    dataset, plan = place.dataset, recipe(epochs=epochs, patience=epochs)
    cut = int(TRAIN_SHARE * len(dataset.train_labels))
    train = to_device(dataset.train_images[:cut], dataset.train_labels[:cut], place.device)
    validation = to_device(dataset.train_images[cut:], dataset.train_labels[cut:], place.device)
    network = registry.build(plan.architecture, classes=len(dataset.classes), image_size=dataset.image_size, seed=0)
    loop.fit(network, train, validation, plan, 0)
    return epochs * cut


def _kept(crew: Crew, here: str) -> dict[int, float] | None:
    try:
        kept = store.decode(Packing, (crew.work / FILE).read_bytes(), source=FILE)
    except (OSError, ArtifactError):
        return None
    return {int(trials): rate for trials, rate in kept.rates.items()} if kept.machine == here else None
