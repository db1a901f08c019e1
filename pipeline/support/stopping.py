"""Ctrl-C and SIGTERM, from the program's first line on: neither is lost, and neither is anybody's error.

This module imports nothing slow: it works while torch still loads.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

STOPPED = 130  # the exit status after either: 128 and the number of SIGINT
_SENTENCE = "Stopped: run the same command again to resume."
_told_to_stop = threading.Event()


class _Interrupt(KeyboardInterrupt):
    """Not KeyboardInterrupt itself: once that has passed through code that was compiled from a string, as a dataclass's
    is, `python -m` ends by SIGINT, whatever status it leaves with."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it SIGTERM does what Ctrl-C does: the command leaves with one sentence and the status STOPPED.

    So it does whatever else is raised after that: by training processes, which a terminal tells too, or by a library
    that was interrupted in the middle of something.
    """
    _hear_signals()
    try:
        yield
    except KeyboardInterrupt:
        leave(STOPPED, _SENTENCE)
    except Exception:
        if _told_to_stop.is_set():
            leave(STOPPED, _SENTENCE)
        raise
    finally:
        _interrupt_after(0)  # an interrupt that would come now comes too late


def leave(status: int, sentence: str) -> NoReturn:
    """End the command with a sentence for a person."""
    print(sentence, file=sys.stderr)
    sys.exit(status)


def _hear_signals() -> None:
    signal.signal(signal.SIGTERM, _interrupt)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is ignored, as under nohup
        signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _again_if_dropped


def _interrupt(number: int, frame: object) -> None:
    _told_to_stop.set()
    raise _Interrupt


def _again_if_dropped(dropped: sys.UnraisableHookArgs) -> None:
    """Python drops an exception in a destructor or weak reference's callback: the interrupt comes once more, later.

    What a destructor finds half-done because of the interrupt is nobody's error, and the interrupt is on its way.
    """
    if issubclass(dropped.exc_type, KeyboardInterrupt):
        _interrupt_after(0.05)
    elif not _told_to_stop.is_set():
        sys.__unraisablehook__(dropped)


def _interrupt_after(seconds: float) -> None:
    """Interrupt the main thread once more after `seconds`; 0 takes that back where the system has such a timer.

    Windows has none: there a thread interrupts, which a call of the system that waits does not notice until it returns.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)
    elif seconds:
        timer = threading.Timer(seconds, _thread.interrupt_main, [signal.SIGTERM])
        timer.daemon = True
        timer.start()
