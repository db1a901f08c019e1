"""Several trainings in one process, taking turns step by step: on a GPU each has a stream of its own, so that their
steps run side by side there although one thread at a time gives the orders.

Turns, because torch's chance and the capture of a graph belong to a process: two threads at once would disturb each
other. A process without lanes has nobody waiting for a turn, and all of this then does nothing.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing.context import BaseContext
from multiprocessing.managers import BaseManager, BaseProxy
from typing import Any

import torch


class Turns:
    """Lets one thread at a time run, in the order in which they asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self.waiting: deque[threading.Event] = deque()

    def take(self) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Event()
            self.waiting.append(mine)
        mine.wait()

    def give(self) -> None:
        with self._lock:
            if self.waiting:
                self.waiting.popleft().set()  # it stays taken
            else:
                self._taken = False

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Meanwhile the others have the turns."""
        self.give()
        try:
            yield
        finally:
            self.take()


_turns = Turns()  # of this process


def aside() -> AbstractContextManager[None]:
    """For what waits long in a job, and orders nothing meanwhile."""
    return _turns.aside()


class Chance:
    """What dropout draws from in one training: torch's default generator, which all trainings of a process share.

    On a GPU each has a state of its own, which its captured step knows; on a CPU the state is put back at each turn.
    """

    def __init__(self, device: torch.device) -> None:
        self._on_gpu = device.type == "cuda"
        self._generator = torch.cuda.default_generators[device.index or 0] if self._on_gpu else torch.default_generator
        self._state: Any = self._generator.clone_state() if self._on_gpu else None

    def enter(self) -> None:
        """From here on the default generator is this training's."""
        if self._on_gpu:
            self._generator.graphsafe_set_state(self._state)
        elif self._state is not None:
            self._generator.set_state(self._state)

    def leave(self) -> None:
        if not self._on_gpu:
            self._state = self._generator.get_state()


def pause(chance: Chance) -> None:
    """Let those who wait have their turns, if there are any."""
    if not _turns.waiting:
        return
    chance.leave()
    with _turns.aside():
        pass
    chance.enter()


def settle(chance: Chance, device: torch.device) -> None:
    """Let others have their turns until the device has done what this training ordered, as reading a result waits."""
    if device.type != "cuda" or not _turns.waiting:
        return
    done = torch.cuda.Event()
    done.record()
    while _turns.waiting and not done.query():
        pause(chance)


# --------------------------------------------------------------------------------------------- the process and its jobs


class _Runner:
    """In the process: runs jobs, each called in a thread of its own."""

    def run(self, device: str, job: Callable[..., Any], *given: Any) -> Any:
        _turns.take()
        try:
            with _stream(torch.device(device)):
                return job(*given)
        finally:
            _turns.give()


def _stream(device: torch.device) -> AbstractContextManager[Any]:
    """A stream of this thread's own on a GPU; a thread must also be told which GPU is meant."""
    if device.type != "cuda":
        return nullcontext()
    torch.cuda.set_device(device)
    return torch.cuda.stream(torch.cuda.Stream())


class _RunnerProxy(BaseProxy):
    _exposed_ = ("run",)

    def run(self, device: str, job: Callable[..., Any], *given: Any) -> Any:
        return self._callmethod("run", (device, job, *given))


class _Process(BaseManager):
    """A process that answers each thread of its owner's in a thread of its own."""


_Process.register("runner", _Runner, _RunnerProxy)


class LaneExecutor(ThreadPoolExecutor):
    """One process a device; in it as many jobs at a time as the device is named. `start(device, ...)` begins each.

    A job raises BrokenProcessPool when its process dies, as with ProcessPoolExecutor.
    """

    def __init__(self, devices: Sequence[str], context: BaseContext, start: Callable[..., None], *given: Any) -> None:
        self._lane = threading.local()
        self._lanes: queue.SimpleQueue[str] = queue.SimpleQueue()
        for device in devices:
            self._lanes.put(device)
        self._processes = {device: _Process(ctx=context) for device in devices}
        try:
            with ThreadPoolExecutor() as starters:  # each takes seconds
                for begun in [
                    starters.submit(each.start, start, (name, *given)) for name, each in self._processes.items()
                ]:
                    begun.result()
        except EOFError as error:
            raise BrokenProcessPool("A training process could not begin.") from error
        self._runners = {device: process.runner() for device, process in self._processes.items()}  # type: ignore[attr-defined]
        super().__init__(len(devices), initializer=self._choose)

    def _choose(self) -> None:
        self._lane.device = self._lanes.get()

    def submit(self, job: Callable[..., Any], /, *given: Any) -> Future[Any]:  # type: ignore[override]
        return super().submit(self._run, job, *given)

    def _run(self, job: Callable[..., Any], *given: Any) -> Any:
        device = self._lane.device
        try:
            return self._runners[device].run(device, job, *given)
        except (EOFError, ConnectionError, FileNotFoundError) as error:
            if isinstance(error, FileNotFoundError) and error.filename is not None:
                raise  # the job's own: a socket that is gone has no name
            raise BrokenProcessPool("A training process was ended.") from error

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait, cancel_futures=cancel_futures)
        for process in self._processes.values():
            process.shutdown()
