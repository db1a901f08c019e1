"""A whole training step as one CUDA graph: gather, augmentation, forward, backward, optimizer, average and sums.

At these networks' size a GPU waits for its hundreds of launches a step; a graph is one (PyTorch's notes on CUDA graphs,
"whole-network capture"). What differs from step to step is read from tensors: the batch's indices, which are copied
in, and the learning rate and the average's weight, which the loop fills; what differs from trial to trial (momentum,
decay, rho, images, weights) too, so a captured step serves the next trial. Random numbers go on as they would without.
"""

import warnings
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

import torch
from torch import Tensor

WARM_UP = 3  # steps before a capture, by PyTorch's notes: what is made on first use must be there
Work = Callable[[Tensor], None]
T = TypeVar("T")


class Replayed:
    """`work`, a step that reads nothing back to the host, captured on `example`; each call replays it on other input.

    `changed` names all tensors that the step changes; they are after the capture what they were before it. The
    generator is the one that the step draws from beside torch's own.
    """

    def __init__(self, work: Work, example: Tensor, changed: Sequence[Tensor], generator: torch.Generator) -> None:
        self.given = example.clone()
        self.graph = torch.cuda.CUDAGraph()
        self.graph.register_generator_state(generator)
        with unchanged(changed):
            stream = self._warmed_up(work)
            with _own_workspace(), torch.cuda.graph(self.graph, stream=stream):
                work(self.given)

    def _warmed_up(self, work: Work) -> torch.cuda.Stream:
        """The stream to capture on: what the steps before it make there, autograd's nodes too, is bound to no other."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                work(self.given)
        torch.cuda.current_stream().wait_stream(stream)
        return stream

    def __call__(self, given: Tensor) -> None:
        self.given.copy_(given)
        self.graph.replay()


@contextmanager
def _own_workspace() -> Iterator[None]:
    """Within it cuBLAS works in memory of the graph's own.

    It keeps its memory by stream, and torch has few streams: without this two graphs captured on the same one would
    share it, and would lose it with the first of them (torch issue 193402).
    """
    torch._C._cuda_clearCublasWorkspaces()
    try:
        yield
    finally:
        torch._C._cuda_clearCublasWorkspaces()


def replayed(work: Work, example: Tensor, changed: Sequence[Tensor], generator: torch.Generator) -> Replayed | None:
    """`work` captured; None, with a warning, where this torch or driver cannot capture it.

    Raises OutOfMemoryError: the caller may have memory to give back.
    """
    try:
        return Replayed(work, example, changed, generator)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # CUDA's errors are kinds of it
        warnings.warn(f"A training step could not be captured, so it runs uncaptured and slower: {error}", stacklevel=2)
        return None


class Kept(Generic[T]):
    """Captured steps that no trial uses now, by their shape (all that a step has fixed); the last one used stays."""

    def __init__(self, size: int = 4) -> None:
        self.size = size
        self.shapes: dict[Hashable, T] = {}

    def taken(self, shape: Hashable) -> T | None:
        """The one of this shape, which is then in use."""
        return self.shapes.pop(shape, None)

    def keep(self, shape: Hashable, trainer: T) -> None:
        """Keep it for the next trial of its shape; the one that waits longest goes where there are too many."""
        self.shapes[shape] = trainer
        if len(self.shapes) > self.size:
            del self.shapes[next(iter(self.shapes))]

    def making_room(self, make: Callable[[], T]) -> T:
        """What `make` makes; if it finds no memory, all that are kept make room."""
        try:
            return make()
        except torch.OutOfMemoryError:
            self.shapes.clear()
            return make()


@contextmanager
def unchanged(changed: Sequence[Tensor]) -> Iterator[None]:
    """Afterwards the tensors are what they were."""
    before = [tensor.detach().clone() for tensor in changed]
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, value in zip(changed, before, strict=True):
                tensor.copy_(value)
