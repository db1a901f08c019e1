"""The two ResNets (He et al. 2015, arXiv:1512.03385; deck section 3), reconstructed from their parameter counts.

Each block adds a shortcut to what its convolutions give, then applies a ReLU; a 2x2 max pool after it halves the image.
"""

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.models.base import ConvNorm, Hidden, ImageClassifier, hidden_layers, initialise


class ResidualBlock(nn.Module):
    """Convolutions without bias, each with BatchNorm; the input, projected by a 1x1 convolution, is added to the last.

    Without a projection the output of the block's first convolution is added instead.
    """

    def __init__(
        self, in_channels: int, channels: int, convs: int, *, first_kernel: int = 3, projection: bool = True
    ) -> None:
        super().__init__()
        self.shortcut = ConvNorm(in_channels, channels, 1, bias=True, relu=False) if projection else None
        self.conv1 = ConvNorm(in_channels, channels, first_kernel)
        self.later = nn.Sequential()
        for number in range(2, convs):
            self.later.add_module(f"conv{number}", ConvNorm(channels, channels, 3))
        last = ConvNorm(channels, channels, 3, relu=False)
        self.later.add_module(f"conv{convs}", last)
        # The block starts as its shortcut alone, which steadies the first steps (Goyal et al. 2017, arXiv:1706.02677,
        # section 5.1).
        nn.init.zeros_(last.norm.weight)

    def forward(self, x_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Return the block's output and, on the way to it, its first convolution's maps; both (N, channels, H, W)."""
        projected = None if self.shortcut is None else self.shortcut(x_NCHW)
        first_maps = self.conv1(x_NCHW)
        skip = first_maps if projected is None else projected
        return F.relu_(self.later(first_maps) + skip), first_maps


class ResNet(ImageClassifier):
    """Residual blocks, each followed by a 2x2 max pool that rounds down, and fully connected layers.

    With `global_pool` the mean over the whole image replaces the pool after the last block.
    """

    def __init__(
        self,
        blocks: Sequence[ResidualBlock],
        features: int,
        hidden: Sequence[Hidden],
        *,
        classes: int,
        global_pool: bool = False,
    ) -> None:
        super().__init__()
        self.body = nn.ModuleDict({f"block{number}": block for number, block in enumerate(blocks, start=1)})
        self.pool = nn.MaxPool2d(2)
        self.last_pool = nn.AdaptiveAvgPool2d(1) if global_pool else self.pool
        self.hidden = hidden_layers(features, hidden)
        self.classifier = nn.Linear(hidden[-1].width, classes)
        initialise(self)

    @property
    def first_conv(self) -> nn.Conv2d:
        return cast(ResidualBlock, self.body["block1"]).conv1.conv

    def features(self, x_N1HW: Tensor) -> tuple[Tensor, Tensor]:
        first_block, *blocks = self.body.values()
        x, first_maps_NCHW = first_block(x_N1HW)
        for block in blocks:
            x, _ = block(self.pool(x))
        return first_maps_NCHW, self.last_pool(x).flatten(1)


def resnet_4_blocks(*, classes: int = 10, image_size: int = 28) -> ResNet:
    """4 blocks of 2 convolutions, the first 7x7, mean over the image, FC 2048-1024: 8,028,618 parameters, 14 layers.

    Block 1 has no projection: its input has one channel, so the first convolution's output is its shortcut. Because of
    the final mean the number of parameters does not depend on `image_size`.
    """
    blocks = [
        ResidualBlock(1, 64, 2, first_kernel=7, projection=False),
        *(ResidualBlock(width // 2, width, 2) for width in (128, 256, 512)),
    ]
    return ResNet(blocks, 512, [Hidden(2048), Hidden(1024)], classes=classes, global_pool=True)


def resnet_3_blocks(*, classes: int = 10, image_size: int = 28) -> ResNet:
    """3 blocks of 3 convolutions and a projection, max pool after each, FC 128: 2,258,890 parameters, 14 layers."""
    blocks = [ResidualBlock(in_channels, width, 3) for in_channels, width in ((1, 64), (64, 128), (128, 256))]
    last_size = image_size // 2 // 2 // 2
    return ResNet(blocks, 256 * last_size**2, [Hidden(128, norm=False)], classes=classes)
