"""Imports all that a training process runs; it starts no thread of torch's, so a process with it may be forked."""

from pipeline.support.memory import uncollected

with uncollected():
    import torch

    import pipeline.stages  # noqa: F401  imported for what comes with it

    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)  # the first optimizer imports for another second
