"""The training processes of this host as an executor: one a core on a CPU, one a GPU.

A trial's numbers do not depend on which process trains it or on what ran there before.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any, TypeVar

import torch

from pipeline import data
from pipeline.execution import worker
from pipeline.execution.torchrun import execute_in_ranks
from pipeline.support import machine
from pipeline.support.errors import BudgetSpent
from pipeline.training.trial_folder import Files
from pipeline.training.trials import TrialSpec, Workplace, execute

T = TypeVar("T")
R = TypeVar("R")


def device_names() -> list[str]:
    """The devices that trials run on: every GPU, else the CPU once a core."""
    if torch.cuda.is_available():
        return [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return ["cpu"] * machine.cores()


def local_executor(devices: Sequence[str], context: BaseContext, *given: Any) -> ProcessPoolExecutor:
    """A process for each device, started when the first job comes; what is `given` goes to `_start_worker`."""
    names = context.SimpleQueue()
    for device in devices:
        names.put(device)
    return ProcessPoolExecutor(len(devices), mp_context=context, initializer=_start_worker, initargs=(names, *given))


# ------------------------------------------------------------------------------------------------ in a worker process

_place: Workplace | None = None
_progress: Any = None


def _start_worker(
    devices: Any, progress: Any, data_folder: Path, tested: int, trials: Path, deadline: float | None
) -> None:
    """Take the next device; `progress` is the queue of (trial's key, share of it that is done)."""
    global _place, _progress
    worker.begin()
    device = torch.device(devices.get())
    if device.type == "cuda":
        torch.cuda.set_device(device)
    _place = Workplace(data.with_test_images(data.load(data_folder), tested), trials, device, deadline)
    _progress = progress


def at_place(job: Callable[[Workplace, T], R], item: T) -> R:
    """Run a job with this process's workplace."""
    assert _place is not None
    return job(_place, item)


def train(spec: TrialSpec) -> Files:
    """Train the trial in the run folder. None of its files are returned: they are there.

    If the time was over first, there is no record among them.
    """
    assert _place is not None
    with suppress(BudgetSpent):
        _place.check_time()
        if spec.ranks > 1:
            execute_in_ranks(spec, _place, _progress)
        else:
            execute(spec, _place, worker.Shares(spec.key, _progress))
    return {}
