"""Training processes are forked with their imports, and do not hear the terminal's Ctrl-C."""

import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from pipeline.execution import forkserver


def told() -> dict[str, Any]:
    """What a process finds before it imports anything itself."""
    return {
        "imported": {"torch._dynamo", "pipeline.stages.export"} <= set(sys.modules),
        "parent": os.getppid(),
        "held": signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()),
    }


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    forkserver.open_early()
    with ProcessPoolExecutor(2, mp_context=forkserver.context(forked=True)) as executor:
        return [executor.submit(told).result() for _ in range(2)]


def test_the_imports_are_there(answers: list[dict[str, Any]]) -> None:
    assert all(answer["imported"] for answer in answers)


def test_one_process_is_the_parent_of_all_and_it_is_not_the_command(answers: list[dict[str, Any]]) -> None:
    assert {answer["parent"] for answer in answers}.isdisjoint({os.getpid()})
    assert len({answer["parent"] for answer in answers}) == 1


def test_ctrl_c_is_not_heard(answers: list[dict[str, Any]]) -> None:
    assert all(answer["held"] for answer in answers)


def test_on_gpus_each_process_imports_for_itself() -> None:
    assert forkserver.context(forked=False).get_start_method() == "spawn"
