"""A Ray cluster as an executor: each trial is a task, which Ray places, and runs again when its host dies.

Hosts share no folder: a task brings what it needs and returns its files. The data set is sent once to each host.

Ray ends the process that is connected to a cluster when the cluster is lost. So that is a process of its own, whose end
is an error here.
"""

import importlib.util
import logging
import os
import socket
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.managers import BaseManager, BaseProxy
from pathlib import Path
from typing import Any

import torch

from artifacts import store
from pipeline import data
from pipeline.execution import forkserver, worker
from pipeline.execution.torchrun import execute_in_ranks
from pipeline.support.errors import BudgetSpent, UserError
from pipeline.support.memory import keep_memory
from pipeline.training.trial_folder import NAMES, Files, TrialFolder
from pipeline.training.trials import TrialSpec, Workplace, execute

REACH_SECONDS = 10  # until a host that does not answer is taken for unreachable
LOST_SECONDS = 30  # until a cluster whose head does not answer any more is taken for lost
TRIES = 3  # of a trial whose host died, beside the first
AT_A_TIME = 1000  # trials that Ray may have to place; each waits in a thread
ROOT = Path(__file__).resolve().parent.parent.parent
CODE = ("artifacts", "pipeline")  # the repository's packages that a trial imports


class RayExecutor(ThreadPoolExecutor):
    """Submits `job(spec, *given, dataset, deadline)` as tasks of the cluster at `address`, HOST:PORT or auto.

    Raises UserError if the cluster cannot be reached; a future raises it when the cluster is lost.
    """

    def __init__(self, address: str, data_folder: Path, tested: int, deadline: float | None) -> None:
        _check(address)
        with forkserver.interrupts_held():
            self._manager = _DriverProcess(ctx=forkserver.context(forked=False))
            self._manager.start(_begin_driver)
        self._driver: Any = self._manager.driver()  # type: ignore[attr-defined]
        self.workers: int = self._call("connect", address, data_folder, tested, deadline)
        super().__init__(AT_A_TIME)

    def submit(self, job: Any, /, *given: Any) -> Future[Any]:  # type: ignore[override]
        return super().submit(self._call, "run", job, *given)

    def _call(self, method: str, *given: Any) -> Any:
        try:
            return self._driver.call(method, *given)
        except (EOFError, ConnectionError) as error:
            raise UserError(
                "The Ray cluster was lost: start it again (docs/scaling.md), then run the same command again to resume."
            ) from error

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait, cancel_futures=cancel_futures)
        self._manager.shutdown()


def _check(address: str) -> None:
    """UserError in the cases in which Ray would take long to fail, or end the process."""
    if importlib.util.find_spec("ray") is None:
        raise UserError("Ray is not installed: pip install -r requirements-cluster.txt, then run again.")
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=REACH_SECONDS).close()
    except (OSError, ValueError) as error:
        raise _no_cluster(address) from error


def _no_cluster(address: str) -> UserError:
    if address == "auto":
        return UserError("No Ray cluster runs on this host: start it (docs/scaling.md), then run again.")
    return UserError(
        f"No Ray cluster answers at {address!r}: give the HOST:PORT that ray start --head printed, or auto."
    )


# ---------------------------------------------------------------------------------------------- in the driver's process


class _Driver:
    """Connected to the cluster; each thread of the owner's is answered in a thread."""

    def connect(self, address: str, data_folder: Path, tested: int, deadline: float | None) -> int:
        """How many trials the cluster runs at a time now."""
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", str(LOST_SECONDS))
        # Ray would try for ten minutes where something else, such as its own dashboard, answers at the port.
        os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "1")
        import ray  # not installed where no cluster is used

        try:
            ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL, runtime_env=_code())
        except ConnectionError as error:
            raise _no_cluster(address) from error
        except RuntimeError as error:  # other versions of Ray or Python there
            raise UserError(f"The Ray cluster cannot be used from here: {' '.join(str(error).split())}") from error
        self._ray, self._deadline = ray, deadline
        self._dataset = ray.put(data.with_test_images(data.load(data_folder), tested))
        resources = ray.cluster_resources()
        self._on_gpus = resources.get("GPU", 0) > 0
        self._most_threads = max(node["Resources"].get("CPU", 0) for node in ray.nodes())
        return int(resources["GPU"] if self._on_gpus else resources["CPU"])

    def run(self, job: Any, spec: TrialSpec, *given: Any) -> Any:
        """The job's result; what it raises is raised here."""
        needs = {"num_gpus": spec.ranks} if self._on_gpus else {"num_cpus": min(spec.threads, self._most_threads)}
        task = self._ray.remote(job).options(max_retries=TRIES, **needs)
        try:
            return self._ray.get(task.remote(spec, *given, self._dataset, self._deadline))
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except self._ray.exceptions.RayError as error:
            raise UserError(
                f"A trial was killed {TRIES + 1} times (out of memory?); run the same command again."
            ) from error


def _code() -> dict[str, Any]:
    """The environment of each task: this repository's code, so that all hosts run the same version."""
    others = [f"/{path.name}" for path in ROOT.iterdir() if path.name not in CODE]
    return {"working_dir": str(ROOT), "excludes": [*others, "/artifacts/study"]}


class _DriverProxy(BaseProxy):
    _exposed_ = ("connect", "run")

    def call(self, method: str, *given: Any) -> Any:
        return self._callmethod(method, given)


class _DriverProcess(BaseManager):
    """The process that the driver lives in."""


_DriverProcess.register("driver", _Driver, _DriverProxy)


def _begin_driver() -> None:
    """Ray's last words, when it ends the process, are not for people."""
    worker.begin()
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


# -------------------------------------------------------------------------------------------- on a host of the cluster


def train(spec: TrialSpec, inputs: Files, dataset: data.Dataset, deadline: float | None) -> Files:
    """Train the trial on the GPUs that Ray chose, else on the CPU.

    Its files; a checkpoint alone if the time was over first, nothing if that was before it began.
    """
    keep_memory()
    with tempfile.TemporaryDirectory(prefix="trial-") as scratch:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        place = Workplace(dataset, Path(scratch, "trials"), device, deadline)
        for path, content in inputs.items():
            store.write_atomic(Path(scratch, path), content)
        with suppress(BudgetSpent):
            place.check_time()
            execute_in_ranks(spec, place) if spec.ranks > 1 else execute(spec, place)
        return TrialFolder(place.trials, spec.key).files(*NAMES)
