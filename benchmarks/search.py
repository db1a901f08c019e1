"""Trials an hour of the study's own pool, with one process and with two."""

import dataclasses
import tempfile
from pathlib import Path

from benchmarks.measure import Contestant, Rate, alternate, print_table, rate_of
from pipeline import data
from pipeline.config import Config, quick
from pipeline.execution.pool import Pool
from pipeline.support.seeding import derive
from pipeline.training.trials import TrialSpec, Workplace

PROCESSES = (1, 2)


class _Search:
    """A pool of so many processes that trains quick's coarse trials, each round with seeds of its own."""

    def __init__(self, folder: Path, dataset: data.Dataset, processes: int, trials: int) -> None:
        config = quick()
        self.pool = Pool(folder, dataset.folder, config.split.tested, None)
        self.pool.devices = ["cpu"] * processes
        self.trials = trials * processes
        self.specs = _specs(config, dataset)
        self.round = 0
        list(self.pool.map(_nothing, range(processes)))  # starts the processes

    def trials_an_hour(self) -> Rate:
        self.round += 1
        specs = [
            dataclasses.replace(self.specs, seed=derive("benchmark", self.round, number) & 0x7FFFFFFF)
            for number in range(self.trials)
        ]
        run = lambda: self.pool.run(f"round-{self.round}", specs, progress=lambda share: None)  # noqa: E731
        return rate_of(run, 3600 * self.trials)


def _specs(config: Config, dataset: data.Dataset) -> TrialSpec:
    tuning = config.tuning
    recipe = dataclasses.replace(tuning.recipe, augmentation_set=4)
    return TrialSpec(recipe, 0, "train", tuning.train_images, config.split, dataset.fingerprint, threads=1)


def _nothing(place: Workplace, number: int) -> None:
    """The first job of a process waits for its start."""


def print_search(rounds: int, trials: int) -> None:
    dataset = data.load()
    with tempfile.TemporaryDirectory() as temporary:
        searches = {n: _Search(Path(temporary) / str(n), dataset, n, trials) for n in PROCESSES}
        contestants: dict[str, Contestant] = {str(n): search.trials_an_hour for n, search in searches.items()}
        result = alternate(contestants, rounds)
        for search in searches.values():
            search.pool.close()
    rows = [
        (f"{n} process{'es' if n > 1 else ''}", [f"{result.median(str(n)):,.0f}", f"{result.ratio(str(n), '1'):.2f}"])
        for n in PROCESSES
    ]
    print_table(
        "Search: trials of the quick profile (OwnBaseline2 with SGD, trainset 4, one thread each), validation included",
        ["trials/h", "scaling"],
        rows,
    )
