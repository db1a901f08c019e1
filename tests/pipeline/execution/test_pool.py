"""The pool: a trial is trained once, whatever happens to the list of a stage's trials; a GPU's process has its GPU."""

import dataclasses
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from pipeline import data
from pipeline.config import SplitConfig, recipe
from pipeline.execution import forkserver, processes, stage_trials
from pipeline.execution.pool import Pool
from pipeline.support.errors import BudgetSpent
from pipeline.training.trials import TrialSpec, Workplace, inputs_of

SPLIT = SplitConfig(train_images=150, validation_images=60, validated=60, tested=60)


@pytest.fixture
def pool(data_folder: Path, tmp_path: Path) -> Iterator[Pool]:
    made = Pool(tmp_path / "work", data_folder, 60, None)
    yield made
    made.close()


def specs(folder: Path, count: int = 3) -> list[TrialSpec]:
    plan = recipe(architecture="OwnBaseline1", batch_size=30, epochs=1, lr=0.02)
    return [TrialSpec(plan, seed, "train", 60, SPLIT, data.load(folder).fingerprint, 1) for seed in range(count)]


def run(pool: Pool, wanted: list[TrialSpec]) -> tuple[list[int], list[float]]:
    """The trials that ended in this call, in order, and when each trial of the stage ended."""
    ended: list[int] = []
    results = pool.run("search", wanted, progress=lambda share: None, finished=lambda *heard: ended.append(heard[0]))
    assert [result.spec for result in results] == wanted
    return sorted(ended), [result.elapsed for result in results]


@pytest.mark.parametrize("content", ["as it was", None, b"", b"[1, 2]"])
def test_what_is_finished_is_not_trained_again_whatever_its_list_says(
    pool: Pool, data_folder: Path, content: str | bytes | None
) -> None:
    wanted = specs(data_folder)
    ended, elapsed = run(pool, wanted[:2])
    assert ended == [0, 1] and min(elapsed) > 0
    path = stage_trials.path(pool.work, "search")
    if content is None:
        path.unlink()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        assert sorted(pool.finished_before("search"), key=lambda spec: spec.seed) == wanted[:2]
        assert pool.finished_before("another stage") == []
    again, later = run(pool, wanted)
    assert again == [2]
    assert {spec.key for spec in pool.finished_before("search")} == {spec.key for spec in wanted}
    if content == "as it was":
        assert later[:2] == elapsed and later[2] > max(elapsed)  # a pause does not count


def test_a_trial_that_another_machine_finished_is_not_trained_again(
    pool: Pool, data_folder: Path, tmp_path: Path
) -> None:
    wanted, [stage, *_] = specs(data_folder), stage_trials.RECORD_SUFFICES
    there = pool.run(stage, wanted[:2], progress=lambda share: None)
    assert stage_trials.write_finished(pool.work, tmp_path / "committed") == 2
    here = Pool(tmp_path / "here", data_folder, 60, None)
    try:
        assert stage_trials.take_over(tmp_path / "committed", here.work) == 2
        assert stage_trials.take_over(tmp_path / "committed", here.work) == 0
        assert {spec.key for spec in here.finished_before(stage)} == {spec.key for spec in wanted[:2]}
        results = here.run(stage, wanted, progress=lambda share: None)
        assert [path.name for path in here.trials.iterdir()] == [wanted[2].key]
        assert [result.record for result in results[:2]] == [result.record for result in there]
        assert [result.elapsed for result in results[:2]] == [result.elapsed for result in there]
        # Where weights are needed, the trial is trained again.
        assert here.finished(wanted[0]).arrays()["val_probabilities"].shape == (60, 10)
        assert stage_trials.write_finished(here.work, tmp_path / "committed") == 3
    finally:
        here.close()


def test_a_lost_weight_file_means_that_the_trial_is_trained_again(pool: Pool, data_folder: Path) -> None:
    [spec] = specs(data_folder, 1)
    run(pool, [spec])
    weights = pool.folder(spec).folder / "weights.safetensors"
    before = weights.read_bytes()
    weights.unlink()
    assert pool.finished_before("search") == []
    assert pool.finished(spec).folder == weights.parent
    assert weights.read_bytes() == before


def test_when_the_time_is_over_no_trial_begins(pool: Pool, data_folder: Path) -> None:
    pool.deadline = 0.0
    with pytest.raises(BudgetSpent):
        run(pool, specs(data_folder))
    with pytest.raises(BudgetSpent):
        pool.finished(specs(data_folder)[0])
    assert not pool.trials.exists()


def test_a_network_on_all_gpus_has_them_to_itself(
    pool: Pool, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.devices = ["cuda:0", "cuda:1"]
    alone = dataclasses.replace(specs(data_folder, 1)[0], ranks=pool.ranks)
    assert alone.ranks == 2
    assert pool._has_room(alone, 0) and not pool._has_room(alone, 1)
    other = specs(data_folder, 1)[0]
    assert [pool._has_room(other, running) for running in range(4)] == [True, True, True, False]


def _device(place: Workplace, number: int) -> str:
    """The device of the process that does the job, which waits until the other one is there too."""
    place.trials.mkdir(parents=True, exist_ok=True)
    (place.trials / str(number)).touch()
    while len(list(place.trials.iterdir())) < 2:
        pass
    return str(place.device)


def test_each_process_has_a_device_of_its_own(data_folder: Path, tmp_path: Path) -> None:
    """`cpu:0` is the CPU too, by another name."""
    pool = Pool(tmp_path / "work", data_folder, 60, None)
    pool.devices = ["cpu", "cpu:0"]
    assert sorted(pool.map(_device, [0, 1])) == ["cpu", "cpu:0"]
    pool.close()


class _Cluster:
    """Stands in for a cluster: keeps what is sent, and answers with a checkpoint alone."""

    workers = 2

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def submit(self, job: Any, spec: TrialSpec, inputs: Any) -> Future[Any]:
        self.sent.append((spec.key, inputs))
        future: Future[Any] = Future()
        future.set_result({"checkpoint.safetensors": b"as far as it came"})
        return future

    def shutdown(self, **how: bool) -> None:
        """Nothing runs."""


def test_a_checkpoint_comes_back_from_a_cluster_and_is_sent_with_the_trial_again(
    data_folder: Path, tmp_path: Path
) -> None:
    cluster: Any = _Cluster()
    pool = Pool(tmp_path / "work", data_folder, 60, None, cluster)
    [spec] = specs(data_folder, 1)
    for _ in range(2):
        with pytest.raises(BudgetSpent):
            run(pool, [spec])
    kept = {"checkpoint.safetensors": b"as far as it came"}
    assert cluster.sent == [(spec.key, {}), (spec.key, {f"trials/{spec.key}/{name}": kept[name] for name in kept})]


def test_a_trials_inputs_are_the_weights_that_its_spec_names(pool: Pool, data_folder: Path) -> None:
    first, second, third = specs(data_folder)
    run(pool, [first, second])
    student = dataclasses.replace(third, teachers=(first.key,), start=second.key)
    names = [f"trials/{key}/weights.safetensors" for key in (first.key, second.key)]
    assert inputs_of(student, pool.work) == {name: (pool.work / name).read_bytes() for name in names}


def test_the_executor_of_this_host_is_a_standard_one(data_folder: Path, tmp_path: Path) -> None:
    context = forkserver.context(forked=True)
    executor = processes.local_executor(["cpu"], context, context.Queue(), data_folder, 60, tmp_path, None)
    [spec] = specs(data_folder, 1)
    assert executor.submit(processes.train, spec).result() == {}
    assert (tmp_path / spec.key / "record.json").exists()
    executor.shutdown()
