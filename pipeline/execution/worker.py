"""What every training process does: it keeps its memory, dies with its parent, and says how far it is."""

import multiprocessing
import os
import signal
import threading
import time
from typing import Any

from tqdm import tqdm

from pipeline.execution import forkserver
from pipeline.support.memory import keep_memory

SHARE_SECONDS = 0.5  # between two words about the same trial


def begin() -> None:
    """At the start of a training process; one whose owner was killed must not train on."""
    keep_memory()
    if not forkserver.HOLDS_INTERRUPTS:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Torch's export asks for tqdm's lock; its own is a semaphore, of which a killed process leaves a warning behind.
    tqdm.set_lock(threading.RLock())
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class Shares:
    """Puts (key, share of the trial that is done) into a queue, not after every step."""

    def __init__(self, key: str, outbox: Any) -> None:
        self.key = key
        self.outbox = outbox
        self.last = 0.0

    def __call__(self, share: float) -> None:
        if time.monotonic() - self.last > SHARE_SECONDS:
            self.last = time.monotonic()
            self.outbox.put((self.key, share))
