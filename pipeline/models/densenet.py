"""The two DenseNets (Huang et al. 2016, arXiv:1608.06993; deck section 3), reconstructed from their parameter counts.

Every dense layer reads all earlier maps of its block and appends `growth` new ones; transitions between blocks change
the number of channels and halve the image. BatchNorm and ReLU come before each convolution but the first.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.models.base import ConvNorm, Hidden, ImageClassifier, hidden_layers, initialise


class DenseLayer(nn.Module):
    """BatchNorm, ReLU, 1x1 convolution to `bottleneck` channels, BatchNorm, ReLU, 3x3 convolution to `growth`."""

    def __init__(self, in_channels: int, bottleneck: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, bottleneck, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(bottleneck)
        self.conv2 = nn.Conv2d(bottleneck, growth, 3, padding=1, bias=False)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Return the input with `growth` new channels appended.

        Appending layer by layer trains 1.4 times as fast on a CPU as concatenating the list of all earlier maps anew in
        every layer: the copies and the gradients' sums then run over whole tensors, not over many thin slices.
        """
        new = self.conv1(F.relu_(self.norm1(x_NCHW)))
        new = self.conv2(F.relu_(self.norm2(new)))
        return torch.cat([x_NCHW, new], dim=1)


class Transition(nn.Module):
    """BatchNorm, ReLU, 1x1 convolution, 2x2 average pool that rounds down."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return self.pool(self.conv(F.relu_(self.norm(x_NCHW))))


class DenseNet(ImageClassifier):
    """A 3x3 stem, dense blocks of `layers` layers with transitions to `transitions` channels between, a pooled tail.

    `last_pool` is how many bins a side the last maps are averaged into.
    """

    def __init__(
        self,
        *,
        stem: int,
        layers: Sequence[int],
        growth: int,
        bottleneck: int,
        transitions: Sequence[int],
        last_pool: int,
        hidden: Sequence[Hidden],
        classes: int,
        image_size: int,
    ) -> None:
        super().__init__()
        self.stem = ConvNorm(1, stem, 3)
        self.body = nn.Sequential()
        channels = stem
        for number, depth in enumerate(layers, start=1):
            block = nn.Sequential()
            for index in range(1, depth + 1):
                block.add_module(f"layer{index}", DenseLayer(channels, bottleneck, growth))
                channels += growth
            self.body.add_module(f"dense{number}", block)
            if number < len(layers):
                self.body.add_module(f"transition{number}", Transition(channels, transitions[number - 1]))
                channels = transitions[number - 1]
        self.norm = nn.BatchNorm2d(channels)
        # One or two bins a side: what AdaptiveAvgPool2d computes, as a pool that ONNX knows too.
        side = image_size // 2 ** len(transitions)
        self.pool = nn.AvgPool2d(-(-side // last_pool), stride=side // last_pool)
        self.hidden = hidden_layers(channels * last_pool**2, hidden)
        self.classifier = nn.Linear(hidden[-1].width if hidden else channels * last_pool**2, classes)
        initialise(self)

    def features(self, x_N1HW: Tensor) -> tuple[Tensor, Tensor]:
        first_maps_NCHW = self.stem(x_N1HW)
        last_maps_NCHW = F.relu_(self.norm(self.body(first_maps_NCHW)))
        return first_maps_NCHW, self.pool(last_maps_NCHW).flatten(1)


def densenet_4_blocks(*, classes: int = 10, image_size: int = 28) -> DenseNet:
    """4 x 11 dense layers of growth 15, transitions to 128, 256, 512: 1,253,276 parameters, 93 layers.

    The mean over the whole image comes last, so the number of parameters does not depend on `image_size`.
    """
    return DenseNet(
        stem=64,
        layers=[11, 11, 11, 11],
        growth=15,
        bottleneck=45,
        transitions=[128, 256, 512],
        last_pool=1,
        hidden=[],
        classes=classes,
        image_size=image_size,
    )


def densenet_3_blocks(*, classes: int = 10, image_size: int = 28) -> DenseNet:
    """10, 10, 24 dense layers of growth 16, transitions halving the channels: 1,122,830 parameters, 93 layers.

    The last maps are averaged into 2x2 bins, so the number of parameters does not depend on `image_size`.
    """
    return DenseNet(
        stem=24,
        layers=[10, 10, 24],
        growth=16,
        bottleneck=32,
        transitions=[92, 126],
        last_pool=2,
        hidden=[Hidden(256, norm=False)],
        classes=classes,
        image_size=image_size,
    )
