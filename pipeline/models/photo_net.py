"""The network for visitors' photos: small, since many views of a photo are predicted, with an extra output for none.

Its features are the means and maxima of the last maps, so a garment may lie anywhere in the picture. It has no fully
connected layer, which could memorize the fixed positions in Fashion-MNIST.
"""

from collections import OrderedDict

from torch import Tensor, nn

from pipeline.models.base import ConvNorm, ImageClassifier, initialise, means_and_maxima


class PhotoNet(ImageClassifier):
    """Six convolutions (5x5 with stride 2, then 3x3), two pools; `classes` logits and one more for "none of them".

    About a million parameters whatever `image_size`, which every network takes.
    """

    def __init__(self, *, classes: int = 10, image_size: int = 28, dropout: float = 0.0) -> None:
        super().__init__()
        self.stem = ConvNorm(1, 32, 5)
        self.stem.conv.stride = (2, 2)
        self.body = nn.Sequential(
            OrderedDict(
                conv2=ConvNorm(32, 64, 3),
                pool1=nn.MaxPool2d(2),
                conv3=ConvNorm(64, 96, 3),
                conv4=ConvNorm(96, 128, 3),
                pool2=nn.MaxPool2d(2, ceil_mode=True),
                conv5=ConvNorm(128, 192, 3),
                conv6=ConvNorm(192, 256, 3),
            )
        )
        self.hidden = nn.Sequential(nn.Dropout(dropout))
        self.classifier = nn.Linear(2 * 256, classes + 1)
        initialise(self)

    def features(self, x_N1HW: Tensor) -> tuple[Tensor, Tensor]:
        first_maps_NCHW = self.stem(x_N1HW)
        return first_maps_NCHW, means_and_maxima(self.body(first_maps_NCHW))
