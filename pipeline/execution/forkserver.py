"""Where training processes come from: one process that has imported what they need, and is forked for each.

So the imports (seconds, torch above all) are paid once, not in every training process, and while the command itself
still imports. This module imports none of them.
"""

import multiprocessing
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import BaseContext

# Python has the forkserver on macOS too, but Apple's libraries may crash in a forked process.
_FORKS = sys.platform == "linux" and "forkserver" in multiprocessing.get_all_start_methods()
HOLDS_INTERRUPTS = hasattr(signal, "pthread_sigmask")  # not on Windows


def open_early() -> None:
    """Let the imports begin now, beside the caller's own, where there is a forkserver."""
    if _FORKS:
        from multiprocessing import forkserver

        with interrupts_held():
            context(forked=True)
            forkserver.ensure_running()


def context(*, forked: bool) -> BaseContext:
    """For processes that are forked from the one with the imports, or else import for themselves.

    CUDA cannot be used in a process that was forked from one which touched it, and imports may.
    """
    if not (forked and _FORKS):
        return multiprocessing.get_context("spawn")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["pipeline.preload"])
    return found


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Processes started within it never hear Ctrl-C, which a terminal sends to all: their owner ends them.

    Where signals cannot be blocked they ignore it once they have begun (`worker.begin`).
    """
    if not HOLDS_INTERRUPTS:
        yield
        return
    resource_tracker.ensure_running()  # when it starts it lets SIGINT through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
