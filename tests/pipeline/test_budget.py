"""A time budget stops a search cleanly; the run folder, copied to another path, resumes without training again."""

import dataclasses
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from artifacts.contract import SearchSummary
from pipeline import config as profiles
from pipeline import data
from pipeline.config import Config
from pipeline.execution.pool import Finished, Pool
from pipeline.stages import tuning
from pipeline.stages.context import Context
from pipeline.support.errors import BudgetSpent
from pipeline.training.trial_folder import TrialFolder
from pipeline.training.trials import TrialSpec, Workplace, execute
from tests.pipeline.made_up import context_of

SUMMARY = "study/tuning/coarse.json"


def tiny() -> Config:
    """Three trials on 40 images, all for one epoch, the best two for two."""
    config = profiles.smoke().with_split(150, 50)
    values = {"coarse_trials": 3, "train_images": 40, "rungs": (1, 2), "policy": "halving"}
    values["recipe"] = dataclasses.replace(config.tuning.recipe, architecture="OwnBaseline1", batch_size=16)
    return dataclasses.replace(config, tuning=dataclasses.replace(config.tuning, **values))


@contextmanager
def search_in(folder: Path, data_folder: Path) -> Iterator[tuple[Context, Pool]]:
    """A context with one real worker in a run folder, in which the augmentations have been compared."""
    context = context_of(folder, data_folder, lambda spec: None, tiny())
    pool = Pool(folder / "work", context.dataset.folder, 10_000, None)
    pool.devices = ["cpu"]
    context.pool = pool
    try:
        yield context, pool
    finally:
        pool.close()


def unbroken_search(folder: Path, data_folder: Path) -> Context:
    """A context that trains in this process."""
    context = context_of(folder, data_folder, lambda spec: None, tiny())
    place = Workplace(context.dataset, folder / "work" / "trials", torch.device("cpu"))

    def run(stage: str, specs: Any, *, progress: Any, finished: Any) -> list[Finished]:
        return [Finished(spec, execute(spec, place), 0.0) for spec in specs]

    context.pool.run = run  # type: ignore[method-assign]
    return context


def stop_after_one_trial(pool: Pool) -> None:
    """From the moment that a trial is finished, the pool's time is over."""
    run = pool.run

    def stopping(stage: str, specs: Any, *, progress: Any, finished: Any) -> Any:
        def listen(*heard: Any) -> None:
            finished(*heard)
            pool.deadline = time.time()

        return run(stage, specs, progress=progress, finished=listen)

    pool.run = stopping  # type: ignore[method-assign]


def records(folder: Path) -> dict[str, bytes]:
    """The finished trials' records; their seconds differ each time that a trial is trained."""
    return {path.parent.name: path.read_bytes() for path in folder.glob("work/trials/*/record.json")}


@pytest.mark.slow
def test_a_copied_run_folder_goes_on_where_the_budget_stopped(tmp_path: Path, data_folder: Path) -> None:
    first, copy, unbroken = tmp_path / "runs" / "first", tmp_path / "elsewhere" / "second", tmp_path / "unbroken"
    with search_in(first, data_folder) as (context, pool):
        stop_after_one_trial(pool)
        with pytest.raises(BudgetSpent):
            tuning.run_coarse(context)
    done = records(first)
    assert 1 <= len(done) < 3 and not (first / SUMMARY).exists()

    copy.parent.mkdir()
    shutil.copytree(first, copy)
    shutil.rmtree(first)
    with search_in(copy, data_folder) as (context, _):
        tuning.run_coarse(context)
    assert {key: record for key, record in records(copy).items() if key in done} == done
    assert len(records(copy)) == 5  # three trials on the first rung, two on the second
    assert not first.exists()
    summary = context.document(SearchSummary, SearchSummary.path("coarse"))
    assert sorted(trial.rung for trial in summary.trials) == [1, 2, 2]

    tuning.run_coarse(unbroken_search(unbroken, data_folder))
    assert (unbroken / SUMMARY).read_bytes() == (copy / SUMMARY).read_bytes()


def test_a_trial_stops_at_a_checkpoint_which_another_path_takes_up(tmp_path: Path, data_folder: Path) -> None:
    dataset = data.load(data_folder)
    recipe = dataclasses.replace(tiny().tuning.recipe, epochs=3)
    spec = TrialSpec(recipe, 0, "train", 40, tiny().split, dataset.fingerprint, threads=1)
    place = Workplace(dataset, tmp_path / "trials", torch.device("cpu"), deadline=time.time())
    with pytest.raises(BudgetSpent):
        execute(spec, place)
    assert TrialFolder(place.trials, spec.key).checkpoint.exists()

    shutil.move(tmp_path / "trials", tmp_path / "moved")
    shares: list[float] = []
    moved = execute(spec, dataclasses.replace(place, trials=tmp_path / "moved", deadline=None), shares.append)
    assert min(shares) > 1 / 3  # the first epoch is not trained again
    unbroken = execute(spec, dataclasses.replace(place, trials=tmp_path / "unbroken", deadline=None))
    assert moved.fit == unbroken.fit
