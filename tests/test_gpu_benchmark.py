"""The benchmark that only a GPU's owner sees runs here too, on a small network and made-up peaks."""

import pytest
import torch

from benchmarks import gpu


def test_the_floors_are_printed_beside_what_was_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "TASKS", (("OwnBaseline1", "SGD"), ("OwnBaseline1", "SAM")))
    monkeypatch.setattr(gpu, "peak_flops", lambda device: 1e12)
    monkeypatch.setattr(gpu, "peak_bandwidth", lambda device: 1e11)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "made-up GPU")
    gpu.print_floors(rounds=1, seconds=0.01, batch=16, device="cpu")
    lines = capsys.readouterr().out.splitlines()
    plain, sam = (line.split() for line in lines if line.startswith("OwnBaseline1"))
    seconds, uncaptured, arithmetic, memory, ratio = (float(cell) for cell in plain[1:])
    assert "1 TFLOP/s, 100 GB/s" in lines[1]
    assert seconds > 0 and uncaptured > 0
    assert ratio == pytest.approx(seconds / max(arithmetic, memory), rel=0.05)
    assert float(sam[-3]) == pytest.approx(2 * arithmetic, abs=0.011)


def test_peaks_are_rates() -> None:
    cpu = torch.device("cpu")
    assert gpu.peak_flops(cpu, side=64) > 0
    assert gpu.peak_bandwidth(cpu, size=1 << 12) > 0
