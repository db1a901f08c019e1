"""Starts the ranks of one trial, a process a device of this host, with torch's elastic launcher (that of torchrun)."""

import dataclasses
import os
import tempfile
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from pipeline.execution import worker
from pipeline.support.errors import BudgetSpent, UserError
from pipeline.training.trial_folder import TrialFolder, TrialRecord
from pipeline.training.trials import TrialSpec, Workplace, execute

STUCK = timedelta(minutes=10)  # a rank that waits this long for another gives up, and all are ended


def execute_in_ranks(spec: TrialSpec, place: Workplace, outbox: Any = None) -> TrialRecord:
    """`trials.execute` in `spec.ranks` processes; the queue `outbox` gets (key, share) of the first one.

    Raises BudgetSpent as `execute` does, and UserError when a rank died (its words are on stderr).
    """
    if (done := TrialFolder(place.trials, spec.key).record()) is not None:
        return done
    with tempfile.TemporaryDirectory(prefix="ranks-") as scratch:
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=spec.ranks,
            run_id=spec.key,
            rdzv_backend="c10d",
            rdzv_endpoint="127.0.0.1:0",
            local_addr="127.0.0.1",
            max_restarts=0,
            start_method="spawn",
            monitor_interval=0.2,
            logs_specs=DefaultLogsSpecs(log_dir=scratch),
        )
        try:
            results = elastic_launch(config, _rank)(spec, place, outbox)
        except ChildFailedError as error:
            raise UserError(
                f"Training on {spec.ranks} devices at once failed, see above: run the command again to resume."
            ) from error
    if results[0] is None:
        raise BudgetSpent
    return results[0]


def _rank(spec: TrialSpec, place: Workplace, outbox: Any) -> TrialRecord | None:
    """One rank's life; None when the time was over."""
    worker.begin()
    on_gpu = place.device.type == "cuda"
    if on_gpu:
        place = dataclasses.replace(place, device=torch.device("cuda", int(os.environ["LOCAL_RANK"])))
        torch.cuda.set_device(place.device)
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=STUCK)
    says = outbox is not None and dist.get_rank() == 0
    try:
        return execute(spec, place, worker.Shares(spec.key, outbox) if says else lambda share: None)
    except BudgetSpent:
        return None
    finally:
        dist.destroy_process_group()
