"""Trials on a Ray cluster of two nodes, which share no folder: a node that is killed, and a cluster that is lost."""

import dataclasses
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline import cli, data
from pipeline.config import SplitConfig, recipe
from pipeline.execution.pool import Pool
from pipeline.execution.ray_cluster import RayExecutor
from pipeline.support.errors import UserError
from pipeline.training.trial_folder import TrialFolder
from pipeline.training.trials import TrialSpec, Workplace, execute
from tests.pipeline.command_line import one_sentence
from tests.pipeline.conftest import CLASS_NAMES, write_data

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
cluster_utils = pytest.importorskip("ray.cluster_utils")

pytestmark = pytest.mark.timeout(600)  # a busy machine takes minutes to start two nodes
TESTED = 60
SPLIT = SplitConfig(train_images=150, validation_images=60, validated=60, tested=TESTED)


@pytest.fixture(scope="module")
def garments(tmp_path_factory: pytest.TempPathFactory, sample: tuple[np.ndarray, np.ndarray]) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "garments", *sample, CLASS_NAMES)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head and another node, each of one CPU; lost after three seconds without a head."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "3")
        patch.setenv("RAY_worker_niceness", "0")  # 15 unless told otherwise: on a busy machine it would never train
        nodes = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        nodes.add_node(num_cpus=1)
        yield nodes
        nodes.shutdown()


@pytest.fixture(scope="module")
def pool(cluster: Any, garments: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """The pool of a run folder that no node of the cluster knows; the last test loses its cluster."""
    given = (garments, TESTED, None)
    made = Pool(tmp_path_factory.mktemp("run") / "work", *given, RayExecutor(cluster.address, *given))
    yield made
    made.close(at_once=True)


def specs(folder: Path) -> list[TrialSpec]:
    """Seven trials of some seconds each."""
    plan = recipe(architecture="OwnBaseline1", batch_size=16, epochs=12, lr=0.02, patience=12)
    fingerprint = data.load(folder).fingerprint
    return [TrialSpec(plan, seed, "train", 150, SPLIT, fingerprint, threads=1) for seed in range(7)]


def training(raylet: int) -> list[int]:
    """The processes of a node that train at the moment."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == raylet and (folder / "cmdline").read_bytes().startswith(b"ray::train"):
                found.append(int(folder.name))
        except (OSError, ValueError):
            continue
    return found


def kill_while_it_trains(node: Any) -> None:
    """SIGKILL for a node and what it trains, once it does."""
    raylet = node.all_processes["raylet"][0].process.pid
    while not (workers := training(raylet)):
        time.sleep(0.05)
    for process in (raylet, *workers):
        os.kill(process, signal.SIGKILL)


def assert_as_on_one_host(pool: Pool, wanted: list[TrialSpec], folder: Path, alone: Path) -> None:
    """The same files to the byte, and the same record but for its seconds."""
    place = Workplace(data.with_test_images(data.load(folder), TESTED), alone, torch.device("cpu"))
    for spec in wanted:
        reference, there = execute(spec, place), pool.folder(spec)
        record = there.record()
        assert record is not None and (record.fit, record.files) == (reference.fit, reference.files)
        names = ("validation.npz", "weights.safetensors")
        assert there.files(*names) == TrialFolder(alone, spec.key).files(*names)


def test_a_killed_nodes_trial_is_run_again_and_all_are_what_one_host_trains(
    cluster: Any, pool: Pool, garments: Path, tmp_path: Path
) -> None:
    wanted, ended = specs(garments)[:4], list[int]()
    assert pool.workers == 2
    [other] = cluster.worker_nodes
    killer = threading.Thread(target=kill_while_it_trains, args=(other,), daemon=True)
    killer.start()
    pool.run("search", wanted, progress=lambda share: None, finished=lambda number, *_: ended.append(number))
    assert not killer.is_alive()
    assert sorted(ended) == [0, 1, 2, 3]
    # A trial's inputs travel with it: its first weights, and its teachers'.
    student = dataclasses.replace(wanted[0], seed=9, teachers=(wanted[1].key,), start=wanted[0].key)
    pool.run("search", [student], progress=lambda share: None)
    assert len(pool.finished_before("search")) == 5
    assert_as_on_one_host(pool, [*wanted, student], garments, tmp_path / "alone")


def test_a_lost_cluster_is_one_sentence_and_what_is_finished_stays(cluster: Any, pool: Pool, garments: Path) -> None:
    wanted = specs(garments)[4:]

    def lose(*_: object) -> None:
        cluster.head_node.all_processes["gcs_server"][0].process.kill()

    with pytest.raises(UserError, match=r"^The Ray cluster was lost: .*run the same command again to resume\.$"):
        pool.run("confirm", wanted, progress=lambda share: None, finished=lose)
    pool.close(at_once=True)
    done = {spec.key for spec in pool.finished_before("confirm")}
    assert 1 <= len(done) < len(wanted)
    ended: list[int] = []  # without the cluster the run goes on
    pool.run("confirm", wanted, progress=lambda share: None, finished=lambda number, *_: ended.append(number))
    assert {wanted[number].key for number in ended} == {spec.key for spec in wanted} - done


@pytest.fixture
def other_server() -> Iterator[str]:
    """The address of a server that is no Ray cluster, such as Ray's own dashboard."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
def test_another_server_is_no_cluster(other_server: str, data_folder: Path) -> None:
    with pytest.raises(UserError, match=f"^No Ray cluster answers at '{other_server}'"):
        RayExecutor(other_server, data_folder, 10, None)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "nowhere:port"])
def test_a_cluster_that_does_not_answer_is_one_sentence(
    address: str,
    data_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli, "RUNS", tmp_path)
    words = ["pipeline", "eda", "--profile", "smoke", "--run", "mine", "--data", str(data_folder), "--ray", address]
    monkeypatch.setattr(sys, "argv", [*words, "--train-images", "160", "--validation-images", "60"])
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as left:
        cli.main()
    signal.signal(signal.SIGTERM, before)
    assert left.value.code == 2
    assert f"No Ray cluster answers at '{address}'" in one_sentence(capsys.readouterr().err)
