"""Several processes train one network: each rank takes its share of every batch (torch's DistributedDataParallel).

Without a process group, which is the usual case, there is one rank and nothing here changes anything. With one:
gradients are means over the whole batch; BatchNorm's statistics are those of the whole batch; what decides (losses,
the time budget) is the same on every rank, so that none waits for one that has left.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.distributed as dist

# Its default arguments keep the process group that there is when it is first imported, and DistributedDataParallel
# imports it within one: the group's threads then outlive `destroy_process_group`, and now and then end the process with
# SIGABRT, when they let go of a tensor while Python is already going (pytorch pull request 179291).
import torch.distributed.nn.functional
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel


def size() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    return dist.get_rank() if size() > 1 else 0


def share(batch: Tensor) -> Tensor:
    """Every size-th row, from this rank's on; so outliers at a batch's end are spread over the ranks."""
    return batch if size() == 1 else batch[rank() :: size()]


def seed_parts() -> tuple[int | str, ...]:
    """What makes a rank's own random draws differ from the first one's."""
    return ("rank", rank()) if rank() else ()


def replica(model: nn.Module) -> nn.Module:
    """The model whose backward pass averages gradients over the ranks; the model itself if there is but one."""
    return model if size() == 1 else DistributedDataParallel(model, forward_sync_buffers=False)


def unsynced(model: nn.Module) -> AbstractContextManager[Any]:
    """Within it, gradients stay each rank's own."""
    return model.no_sync() if isinstance(model, DistributedDataParallel) else nullcontext()


def add_up(*sums: Tensor) -> None:
    """Each tensor becomes its sum over the ranks, in place."""
    if size() > 1:
        for each in sums:
            dist.all_reduce(each)


def agreed(tensor: Tensor) -> Tensor:
    """The first rank's values, in place, on all of them."""
    if size() > 1:
        dist.broadcast(tensor, src=0)
    return tensor


def any_says(flag: bool, device: torch.device) -> bool:
    """Whether any rank says so."""
    if size() == 1:
        return flag
    said = torch.tensor([float(flag)], device=device)
    add_up(said)
    return bool(said.item())


# ---------------------------------------------------------------------------------------------------------- BatchNorm


def with_global_batchnorm(model: nn.Module) -> None:
    """Let every BatchNorm of the model, in place, take its statistics from the whole batch; nothing for one rank."""
    if size() == 1:
        return
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, _BatchNorm):
                kind = nn.SyncBatchNorm if child.weight.is_cuda else GlobalBatchNorm
                made = kind(child.num_features, child.eps, child.momentum)
                made.load_state_dict(child.state_dict())
                setattr(parent, name, made.to(child.weight.device))


class _Sum(torch.autograd.Function):
    """The sum over the ranks; a gradient of it is the sum of what all ranks' losses ask for."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total


class GlobalBatchNorm(_BatchNorm):
    """BatchNorm of the whole batch on a CPU, where torch's SyncBatchNorm does not work."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C) or (N, C, H, W) of this rank in, the same out."""
        if not self.training:
            return super().forward(x)
        x32, others = x.float(), [0, *range(2, x.dim())]
        count = x32.new_tensor([x.numel() / x.shape[1]])
        sums = _Sum.apply(torch.cat([x32.sum(others), x32.square().sum(others), count]))
        n = sums[-1].detach()
        mean, square = (sums[:-1] / n).chunk(2)
        variance = (square - mean.square()).clamp_min(0)
        with torch.no_grad():  # the running statistics follow as in torch's own BatchNorm
            assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * n / (n - 1), self.momentum)
            assert self.num_batches_tracked is not None
            self.num_batches_tracked += 1
        shape = [1, -1] + [1] * (x.dim() - 2)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return ((x32 - mean.view(shape)) * scale.view(shape) + self.bias.view(shape)).to(x.dtype)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of dimensions from two on."""
