"""Where training processes come from: one process that has imported what they need, and is forked for each.

So the imports (seconds, torch above all) are paid once, not in every training process, and while the command itself
still imports. This module imports none of them.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext


def open_early() -> None:
    """Let the imports begin now, beside the caller's own."""
    with interrupts_held():
        context(forked=True)
        forkserver.ensure_running()


def context(*, forked: bool) -> BaseContext:
    """For processes that are forked from the one with the imports, or else import for themselves.

    CUDA cannot be used in a process that was forked from one which touched it, and imports may.
    """
    if not forked:
        return multiprocessing.get_context("spawn")
    forkserver.set_forkserver_preload(["pipeline.preload"])
    return multiprocessing.get_context("forkserver")


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Processes started within it never hear Ctrl-C, which a terminal sends to all: their owner ends them."""
    resource_tracker.ensure_running()  # when it starts it lets SIGINT through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
