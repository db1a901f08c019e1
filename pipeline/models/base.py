"""Base class and building blocks of all networks.

Shape suffixes: N images, C channels, H rows, W columns; F features after flattening, D width of the embedding.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Taps(NamedTuple):
    """Results of one forward pass: logits, first feature maps, and embedding."""

    logits: Tensor  # (N, classes)
    embedding: Tensor  # (N, D): the activations that enter the last linear layer
    first_maps: Tensor  # (N, C, H, W): the first convolution of the main path, after its BatchNorm and ReLU


class ImageClassifier(nn.Module, ABC):
    """Convolutional features, hidden fully connected layers, one linear classifier.

    A subclass implements `features`, and sets `stem`, `hidden` and `classifier`.
    Input: float (N, 1, H, W), min-max normalized to 0..1.
    """

    stem: "ConvNorm"  # the first convolution of the main path
    hidden: nn.Sequential  # (N, F) -> (N, D)
    classifier: nn.Linear  # (N, D) -> (N, classes)

    @abstractmethod
    def features(self, x_N1HW: Tensor) -> tuple[Tensor, Tensor]:
        """Return the first feature maps (N, C, H, W) and the flattened last ones (N, F)."""

    @property
    def first_conv(self) -> nn.Conv2d:
        """The first convolution of the main path: its kernels are the first-layer filters."""
        return self.stem.conv

    def taps(self, x_N1HW: Tensor) -> Taps:
        first_maps_NCHW, features_NF = self.features(x_N1HW)
        embedding_ND = self.hidden(features_NF)
        return Taps(self.classifier(embedding_ND), embedding_ND, first_maps_NCHW)

    def forward(self, x_N1HW: Tensor) -> Tensor:
        """Return the logits (N, classes)."""
        return self.taps(x_N1HW).logits


class Hidden(NamedTuple):
    """A hidden fully connected layer: its width, and whether BatchNorm follows it."""

    width: int
    norm: bool = True


class ConvNorm(nn.Sequential):
    """Convolution that keeps the image size (odd kernel), BatchNorm, and ReLU unless `relu` is false.

    The ReLU works in place: BatchNorm's backward pass does not need its output.
    """

    conv: nn.Conv2d
    norm: nn.BatchNorm2d

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, *, bias: bool = False, relu: bool = True
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=bias)
        self.norm = nn.BatchNorm2d(out_channels)
        if relu:
            self.relu = nn.ReLU(inplace=True)


def hidden_layers(in_features: int, layers: Sequence[Hidden], *, dropout: float = 0.0) -> nn.Sequential:
    """The hidden fully connected layers: linear, BatchNorm where asked, ReLU, dropout; (N, in_features) -> (N, D)."""
    stack = nn.Sequential()
    for number, layer in enumerate(layers, start=1):
        stack.add_module(f"fc{number}", nn.Linear(in_features, layer.width))
        if layer.norm:
            stack.add_module(f"norm{number}", nn.BatchNorm1d(layer.width))
        stack.add_module(f"relu{number}", nn.ReLU(inplace=True))
        if dropout > 0:
            stack.add_module(f"dropout{number}", nn.Dropout(dropout))
        in_features = layer.width
    return stack


def means_and_maxima(maps_NCHW: Tensor) -> Tensor:
    """Global pooling, (N, C, H, W) -> (N, 2 C): a garment may lie anywhere in the picture."""
    return torch.cat([maps_NCHW.mean((2, 3)), maps_NCHW.amax((2, 3))], 1)


def initialise(model: ImageClassifier) -> None:
    """Draw fresh weights in place, from torch's global generator.

    Kaiming initialization keeps the variance of activations through ReLUs (He et al. 2015, arXiv:1502.01852); fan-out
    for convolutions, as is usual for ResNets. The classifier starts near zero, so that the first loss is
    log(classes) whatever the embedding's scale, and early steps are not spent on undoing confident guesses.
    BatchNorms keep PyTorch's defaults: scale 1, shift 0.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
    nn.init.normal_(model.classifier.weight, std=0.01)
