"""How many trials share a GPU: chosen by what was measured, measured once, and never on a CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pipeline import packing
from pipeline.execution import processes
from pipeline.execution.processes import Crew

GPUS = ["cuda:0", "cuda:1"]


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (processes, packing):
        monkeypatch.setattr(module, "device_names", lambda: list(GPUS))


def rates_given(monkeypatch: pytest.MonkeyPatch, rates: dict[int, float]) -> list[int]:
    """`_rate` answers from `rates`; the list fills with what was asked."""
    asked: list[int] = []

    def rate(crew: Crew, trials: int, epochs: int) -> float:
        asked.append(trials)
        return rates[trials]

    monkeypatch.setattr(packing, "_rate", rate)
    return asked


@pytest.mark.parametrize(
    ("rates", "chosen"),
    [({1: 100.0}, 1), ({1: 100.0, 2: 104.0}, 1), ({1: 100.0, 2: 106.0}, 2), ({1: 100.0, 2: 130.0, 4: 125.0}, 2)],
)
def test_more_trials_must_be_faster_by_a_twentieth(rates: dict[int, float], chosen: int) -> None:
    assert packing.best(rates) == chosen


def test_each_gpu_gets_the_number_that_is_fastest_and_it_is_kept(
    two_gpus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = rates_given(monkeypatch, {1: 100.0, 2: 120.0, 4: 121.0})
    for expected in ([1, 2, 4], [1, 2, 4]):  # the second time nothing is measured
        here = Crew(tmp_path, tmp_path, 1, None)
        packing.pack(here)
        assert here.devices == GPUS * 2
        assert here.ranks == 2
        assert asked == expected


def test_measuring_ends_with_the_first_number_that_is_no_faster(
    two_gpus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = rates_given(monkeypatch, {1: 100.0, 2: 97.0})
    here = Crew(tmp_path, tmp_path, 1, None)
    packing.pack(here)
    assert (here.devices, asked) == (GPUS, [1, 2])


def test_more_trials_than_a_gpu_has_memory_for_end_the_measuring(
    two_gpus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rate(crew: Crew, trials: int, epochs: int) -> float:
        if trials > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return 100.0

    monkeypatch.setattr(packing, "_rate", rate)
    here = Crew(tmp_path, tmp_path, 1, None)
    packing.pack(here)
    assert here.devices == GPUS


def test_without_measuring_there_is_one_a_gpu_until_it_was_measured(
    two_gpus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = rates_given(monkeypatch, {1: 100.0, 2: 120.0, 4: 120.0})
    here = Crew(tmp_path, tmp_path, 1, None)
    packing.pack(here, measure=False)
    assert (here.devices, asked) == (GPUS, [])
    packing.pack(Crew(tmp_path, tmp_path, 1, None))
    packing.pack(here, measure=False)
    assert here.devices == GPUS * 2


def test_another_machine_or_a_damaged_file_means_measuring_again(
    two_gpus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = rates_given(monkeypatch, {1: 100.0, 2: 100.0})
    packing.pack(Crew(tmp_path, tmp_path, 1, None))
    kept = (tmp_path / packing.FILE).read_text()
    (tmp_path / packing.FILE).write_text(kept.replace("2 GPUs", "8 GPUs"))
    packing.pack(Crew(tmp_path, tmp_path, 1, None))
    (tmp_path / packing.FILE).write_text("{")
    packing.pack(Crew(tmp_path, tmp_path, 1, None))
    assert asked == [1, 2] * 3


def test_on_a_cpu_nothing_is_measured(tmp_path: Path) -> None:
    here = Crew(tmp_path, tmp_path, 1, None)
    if here.devices[0] != "cpu":
        pytest.skip("this machine has a GPU")
    before = list(here.devices)
    packing.pack(here)
    assert here.devices == before
    assert not (tmp_path / packing.FILE).exists()


def test_the_rate_is_that_of_real_trainings_side_by_side(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "device_names", lambda: ["cpu"])
    assert packing._rate(Crew(tmp_path, data_folder, 256, None), trials=2, epochs=1) > 0
