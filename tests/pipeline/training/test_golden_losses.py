"""The loss of every step of two short trainings, against the committed curves.

On this machine the same to the bit whatever was imported before; elsewhere, or with another processor's kernels, close
(docs/reliability-pipeline.md, row 18).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden_losses.json"
# At each step. AVX-512 and plain kernels differ by 2e-4; a learning rate 10 % higher moves both curves by 3.2e-3.
TOLERANCE = 1e-3
OTHER_KERNELS = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}

Losses = dict[str, list[float]]


def run(*arguments: str, **variables: str) -> Losses:
    command = [sys.executable, "-m", "tests.pipeline.training.golden_run", *arguments]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    losses: Losses = json.loads(done.stdout)
    return losses


@pytest.fixture(scope="module")
def here() -> Losses:
    return run()


def assert_near_the_committed(losses: Losses) -> None:
    golden: Losses = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert losses.keys() == golden.keys() == {"SGD", "SAM"}
    for name, wanted in golden.items():
        difference = np.abs(np.subtract(losses[name], wanted))
        assert difference.max() <= TOLERANCE, (name, difference)


def test_losses_are_the_committed_ones(here: Losses) -> None:
    assert_near_the_committed(here)


@pytest.mark.parametrize("order", ["1", "2"])
def test_order_of_imports_changes_nothing(here: Losses, order: str) -> None:
    assert run(order) == here


@pytest.mark.slow
def test_losses_with_another_processors_kernels(here: Losses) -> None:
    losses = run(**OTHER_KERNELS)
    assert losses != here, "the kernels were the same: nothing was tried"
    assert_near_the_committed(losses)
