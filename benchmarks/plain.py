"""The plain way to train: torchvision transforms of one PIL image after another in DataLoader workers, fp32,
torch.optim.SGD. Nothing of this project but the network."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from pytorch_optimizer import SAM
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from benchmarks.measure import Rate, Stopwatch

DECK_TRANSFORMS = transforms.Compose(
    [
        transforms.RandomHorizontalFlip(0.8),
        transforms.RandomRotation(5),
        transforms.RandomPerspective(0.115, 0.4),
        transforms.ToTensor(),
        transforms.RandomErasing(),
    ]
)


class Garments(Dataset[tuple[Tensor, int]]):
    """uint8 (N, S, S) images with labels, transformed one by one, as torchvision's own data sets do it."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return DECK_TRANSFORMS(Image.fromarray(self.images[index])), int(self.labels[index])


def loader(images: np.ndarray, labels: np.ndarray, batch: int, workers: int) -> DataLoader[Any]:
    return DataLoader(
        Garments(images, labels), batch, shuffle=True, drop_last=True, num_workers=workers, persistent_workers=True
    )


def optimizer_of(model: nn.Module, kind: str) -> torch.optim.Optimizer:
    options: dict[str, Any] = {"lr": 1e-3, "momentum": 0.9, "weight_decay": 5e-4, "nesterov": True}
    if kind == "SGD":
        return torch.optim.SGD(model.parameters(), **options)
    return SAM(model.parameters(), torch.optim.SGD, rho=0.05, **options)


def train_epoch(model: nn.Module, batches: DataLoader[Any], optimizer: torch.optim.Optimizer) -> Rate:
    """One epoch; images from when the first batch is there, so that filling the queue does not count."""
    model.train()
    device = next(model.parameters()).device
    watch, seen = None, 0
    for images, labels in batches:
        images, labels = images.to(device), labels.to(device)
        watch = watch or Stopwatch(worker.pid for worker in batches._iterator._workers)  # type: ignore[union-attr]
        loss = _backward(model, images, labels, optimizer)
        if isinstance(optimizer, SAM):
            optimizer.first_step()
            _backward(model, images, labels, optimizer)
            optimizer.second_step()
        else:
            optimizer.step()
        seen += len(labels)
        loss.item()  # the running loss that such loops print
    assert watch is not None
    return watch.rate(seen)


def _backward(model: nn.Module, images: Tensor, labels: Tensor, optimizer: torch.optim.Optimizer) -> Tensor:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    return loss.detach()
