"""How long the study will take here, stage by stage, before it begins; and what to cut so that it fits a time.

The estimate is a sum: images x epochs x trainings, each with the seconds an image that `planning.calibration` measured,
spread over the workers. Finished stages and trials count as nothing. It is a guide, not a promise: searches may choose
the faster optimizer, early stopping may end trials, and the machine may be busier than when it was measured.
"""

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from rich.console import Console
from rich.table import Table

from pipeline.config import Config
from pipeline.execution.pool import Pool, threads_for
from pipeline.planning.calibration import Calibration, calibrate, load_of
from pipeline.planning.fitting import Fitting, cuts_to_fit, kept_fitting, with_cuts
from pipeline.planning.workload import Training, Work, work_of
from pipeline.runner import Runner
from pipeline.stages import Stage
from pipeline.support.errors import UserError
from pipeline.support.progress import clock
from pipeline.training.trials import TrialSpec

TRIAL_SECONDS = 0.3  # to build a network, move the images, and write its weights
THREAD_WORTH = 0.8  # of a further thread on one trial, against a worker of its own
START_SECONDS = 8.0  # to load data and start the workers
USED_SHARE = 0.9  # of the time given with --fit: a tenth is kept in hand


@dataclass(frozen=True)
class Estimate:
    """One stage: what it trains, in words, and its seconds; None where the planner does not know the stage."""

    stage: str
    what: str
    seconds: float | None


@dataclass(frozen=True)
class Machine:
    """What trains: the speeds and the pool's devices; and what stages of the run have `finished` before."""

    calibration: Calibration
    devices: tuple[str, ...]
    finished: Mapping[str, Sequence[TrialSpec]] = field(default_factory=dict)

    def estimate(self, stage: str, config: Config) -> Estimate:
        work = work_of(stage, config)
        if work is None:
            return Estimate(stage, "", None)
        work = work.without(spec.recipe for spec in self.finished.get(stage, ()))
        groups = sum(self._makespan([self._training(each) for each in group]) for group in work.groups)
        answers = self._makespan([self._answering(each.architecture, each.images) for each in work.answers])
        return Estimate(stage, described(work), groups + answers + work.seconds)

    def total(self, config: Config, stages: Sequence[Stage]) -> float:
        """Seconds of the stages, and of the start."""
        return START_SECONDS + sum(self.estimate(stage.name, config).seconds or 0.0 for stage in stages)

    def _training(self, training: Training) -> float:
        speed = self.calibration.loads[load_of(training.recipe, self.devices[0]).name]
        an_epoch = training.images_an_epoch * speed.train + training.answered * speed.answer
        return training.recipe.epochs * an_epoch + TRIAL_SECONDS

    def _answering(self, architecture: str, images: int) -> float:
        loads = self.calibration.loads
        speeds = [seconds.answer for name, seconds in loads.items() if name.startswith(f"{architecture}-")]
        return images * min(speeds, default=0.0)

    def _makespan(self, durations: Sequence[float]) -> float:
        """When the last of the jobs ends, each taken by the next free worker."""
        speed_up = self._speed_up(len(durations))
        free = [0.0] * len(self.devices)
        for duration in durations:
            heapq.heappush(free, heapq.heappop(free) + duration / speed_up)
        return max(free)

    def _speed_up(self, jobs: int) -> float:
        """Of a job that has several threads, since there are fewer jobs than cores; a GPU's job has the GPU."""
        if self.devices[0] != "cpu":
            return 1.0
        return 1.0 + THREAD_WORTH * (threads_for(max(jobs, 1)) - 1)


def described(work: Work) -> str:
    """`7 x 1 + 2 x 3 epochs of 2,000 images`; empty for a stage that trains nothing."""
    counts = Counter((each.recipe.epochs, each.images_an_epoch) for group in work.groups for each in group)
    if not counts:
        return ""
    sizes = sorted({images for _, images in counts})
    parts = " + ".join(
        f"{sum(n for (each, _), n in counts.items() if each == epochs)} x {epochs}"
        for epochs in sorted({epochs for epochs, _ in counts})
    )
    images = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
    return f"{parts} epochs of {images} images{f' ({work.note})' if work.note else ''}"


def prepare(runner: Runner, stages: Sequence[Stage], *, fit: str | None, seconds: float | None, keep: bool) -> None:
    """Print the plan of the stages; with `fit`, e.g. 30m for `seconds`, cut the runner's configuration to fit.

    The cuts are kept in the run folder (with `keep`), and the same command takes them again. UserError if even the
    shortest study does not fit.
    """
    fitting = kept_fitting(runner.folder.work, runner.config, fit) if fit else None
    if fitting is not None:
        runner.config = with_cuts(runner.config, fitting.cuts)
    left = [stage for stage in stages if runner.state(stage) is None]
    if not left:
        return
    machine = _measured(runner, left)
    if fit and seconds is not None and fitting is None:
        fitting = _cut(runner, machine, stages, left, fit, seconds)
        if keep:
            fitting.keep(runner.folder.work)
    _print(runner.console, [machine.estimate(stage.name, runner.config) for stage in left], stages, machine)
    if fitting is not None:
        runner.console.print(fitting.sentence(), highlight=False)


def _cut(
    runner: Runner, machine: Machine, stages: Sequence[Stage], left: Sequence[Stage], fit: str, seconds: float
) -> Fitting:
    def total(config: Config) -> float:
        return machine.total(config, left)

    base, done = runner.config, [stage for stage in stages if stage not in left]
    cuts = cuts_to_fit(base, total, seconds * USED_SHARE, done)
    runner.config = with_cuts(base, cuts)
    if total(runner.config) > seconds * USED_SHARE:
        raise UserError(
            f"The study does not fit {fit} here: in its shortest form it takes about {clock(total(runner.config))}, "
            "so give it more time."
        )
    return Fitting.of(base, fit, cuts)


def _measured(runner: Runner, stages: Sequence[Stage]) -> Machine:
    pool = Pool(runner.folder.work, runner.dataset.folder, runner.config.split.tested, None)
    try:
        works = [work for stage in stages if (work := work_of(stage.name, runner.config)) is not None]
        loads = [load_of(each.recipe, pool.devices[0]) for work in works for group in work.groups for each in group]
        finished = {stage.name: pool.finished_before(stage.name) for stage in stages}
        return Machine(
            calibrate(pool, loads, say=partial(runner.console.print, highlight=False)), tuple(pool.devices), finished
        )
    finally:
        pool.close()


def _print(console: Console, estimates: Sequence[Estimate], stages: Sequence[Stage], machine: Machine) -> None:
    table = Table("Stage", "Trainings", "About", title=f"What is ahead, on {machine.calibration.machine}")
    table.columns[2].justify = "right"
    by_name = {each.stage: each for each in estimates}
    for stage in stages:
        each = by_name.get(stage.name)
        about = "done" if each is None else "not known" if each.seconds is None else clock(each.seconds)
        table.add_row(stage.name, each.what if each else "", about)
    total = START_SECONDS + sum(each.seconds or 0.0 for each in estimates)
    table.add_section()
    table.add_row("in all", "", clock(total))
    console.print(table, highlight=False)
