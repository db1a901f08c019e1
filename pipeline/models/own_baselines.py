"""The OwnBaselines: VGG-inspired networks (Simonyan and Zisserman 2014, arXiv:1409.1556; deck section 3).

Blocks of 3x3 convolutions, each with bias, BatchNorm and ReLU; a 2x2 max pool after every block; fully connected
layers at the end. The widths, kernels and BatchNorms are reconstructed from the deck's parameter counts.
"""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from pipeline.models.base import ConvNorm, Hidden, ImageClassifier, hidden_layers, initialise, means_and_maxima

LastLayers = Literal[2, 3]


class OwnBaseline(ImageClassifier):
    """A stack of convolution blocks, given as the output channels of each convolution of each block.

    With `global_pool` the means and maxima of the last maps replace the pool after the last block.
    """

    def __init__(
        self,
        blocks: Sequence[Sequence[int]],
        hidden: Sequence[Hidden],
        *,
        classes: int,
        image_size: int,
        first_kernel: int = 3,
        dropout: float = 0.0,
        global_pool: bool = False,
    ) -> None:
        super().__init__()
        channels = blocks[0][0]
        self.stem = ConvNorm(1, channels, first_kernel, bias=True)
        self.body = nn.Sequential()
        for number, widths in enumerate([blocks[0][1:], *blocks[1:]], start=1):
            first_conv_number = 2 if number == 1 else 1  # the stem is the first convolution of block 1
            block = vgg_block(channels, widths, first_conv_number)
            self.body.add_module(f"block{number}", block[:-1] if global_pool and number == len(blocks) else block)
            channels = widths[-1]
            image_size = -(-image_size // 2)  # the pools round up
        self.global_pool = global_pool
        features = 2 * channels if global_pool else channels * image_size**2
        self.hidden = hidden_layers(features, hidden, dropout=dropout)
        self.classifier = nn.Linear(hidden[-1].width if hidden else features, classes)
        initialise(self)

    def features(self, x_N1HW: Tensor) -> tuple[Tensor, Tensor]:
        first_maps_NCHW = self.stem(x_N1HW)
        last_maps_NCHW = self.body(first_maps_NCHW)
        return first_maps_NCHW, means_and_maxima(last_maps_NCHW) if self.global_pool else last_maps_NCHW.flatten(1)


def vgg_block(in_channels: int, widths: Sequence[int], first_number: int) -> nn.Sequential:
    """3x3 convolutions with bias, BatchNorm and ReLU, then a 2x2 max pool.

    The pool rounds up because the parameter counts need 7x7 -> 4x4 -> 2x2; it also keeps the last row and column.
    """
    block = nn.Sequential()
    for number, width in enumerate(widths, start=first_number):
        block.add_module(f"conv{number}", ConvNorm(in_channels, width, 3, bias=True))
        in_channels = width
    block.add_module("pool", nn.MaxPool2d(2, ceil_mode=True))
    return block


def own_baseline1(*, classes: int = 10, image_size: int = 28) -> OwnBaseline:
    """2 + 2 convolutions of 32 and 64 channels, three fully connected layers: 937,834 parameters, 7 layers."""
    return OwnBaseline([[32] * 2, [64] * 2], [Hidden(256), Hidden(256)], classes=classes, image_size=image_size)


def own_baseline2(
    *, classes: int = 10, image_size: int = 28, last_layers: LastLayers = 3, dropout: float = 0.0
) -> OwnBaseline:
    """2 + 2 + 2 convolutions of 32, 64, 128 channels, three fully connected layers: 2,917,482 parameters, 9 layers.

    `last_layers` is the deck's tuned number of fully connected layers: 3 is 1024-512-classes, 2 drops the 512; another
    number raises ValueError. `dropout` acts on the output of each hidden fully connected layer, as in VGG: nine tenths
    of the parameters are there, and all BatchNorms come before it, whose statistics it would otherwise shift between
    training and evaluation (Li et al. 2018, arXiv:1801.05134).
    """
    if last_layers not in (2, 3):
        raise ValueError(f"OwnBaseline2 has 2 or 3 last layers, not {last_layers}.")
    hidden = [Hidden(1024), Hidden(512, norm=False)][: last_layers - 1]
    return OwnBaseline([[32] * 2, [64] * 2, [128] * 2], hidden, classes=classes, image_size=image_size, dropout=dropout)


def own_baseline3(*, classes: int = 10, image_size: int = 28) -> OwnBaseline:
    """2 + 3 + 4 + 4 convolutions of 32 to 256 channels, the first 5x5: 4,801,578 parameters, 16 layers."""
    return OwnBaseline(
        [[32] * 2, [64] * 3, [128] * 4, [256] * 4],
        [Hidden(1024), Hidden(1024)],
        classes=classes,
        image_size=image_size,
        first_kernel=5,
    )


def pooled_vgg(*, classes: int = 10, image_size: int = 28) -> OwnBaseline:
    """OwnBaseline2 with convolutions in place of fully connected layers, a variant of the ablation: 1.18 million
    parameters whatever `image_size`.

    OwnBaseline2 has nine tenths of its parameters in fully connected layers. Here a fourth block of convolutions
    replaces them, with global pooling (Lin et al. 2013, arXiv:1312.4400, section 3.2): 40 % of the parameters, 1.4
    times the multiply-accumulates.
    """
    blocks = [[32] * 2, [64] * 2, [128] * 2, [256] * 2]
    return OwnBaseline(blocks, [], classes=classes, image_size=image_size, global_pool=True)
