"""The seven networks of the deck, in its order. To add a network, add an entry to `ARCHITECTURES`."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch

from pipeline.models.base import ImageClassifier
from pipeline.models.densenet import densenet_3_blocks, densenet_4_blocks
from pipeline.models.own_baselines import own_baseline1, own_baseline2, own_baseline3, pooled_vgg
from pipeline.models.photo_net import PhotoNet
from pipeline.models.resnet import resnet_3_blocks, resnet_4_blocks

SMALLEST_IMAGE = 16  # below it the last pools of ResNets and DenseNets have nothing left to pool

Family = Literal["OwnBaseline", "ResNet", "DenseNet"]
Confidence = Literal["good", "fair", "low to fair", "low"]


@dataclass(frozen=True)
class Architecture:
    """A network of the deck: its published figures and its builder.

    `layers` counts convolutions (shortcuts and transitions too) and fully connected layers; both `layers` and
    `parameters` are the deck's and hold for 10 classes and 28x28 images. `confidence` says how certain the
    reconstruction is. `build` takes `classes`, `image_size` and its own options, and draws from torch's generator.
    """

    family: Family
    layers: int
    parameters: int
    confidence: Confidence
    build: Callable[..., ImageClassifier]


ARCHITECTURES: dict[str, Architecture] = {
    "OwnBaseline1": Architecture("OwnBaseline", 7, 937_834, "good", own_baseline1),
    "OwnBaseline2": Architecture("OwnBaseline", 9, 2_917_482, "good", own_baseline2),
    "OwnBaseline3": Architecture("OwnBaseline", 16, 4_801_578, "good", own_baseline3),
    "ResNet4Blocks": Architecture("ResNet", 14, 8_028_618, "good", resnet_4_blocks),
    "ResNet3Blocks": Architecture("ResNet", 14, 2_258_890, "fair", resnet_3_blocks),
    "DenseNet4Blocks": Architecture("DenseNet", 93, 1_253_276, "low to fair", densenet_4_blocks),
    "DenseNet3Blocks": Architecture("DenseNet", 93, 1_122_830, "low", densenet_3_blocks),
}
_BUILDERS: dict[str, Callable[..., ImageClassifier]] = {
    **{name: architecture.build for name, architecture in ARCHITECTURES.items()},
    "PhotoNet": PhotoNet,  # this and the next are the project's own, which take no part in the deck's comparison
    "PooledVGG": pooled_vgg,
}


def build(
    name: str, *, classes: int, image_size: int, seed: int, last_layers: int = 3, dropout: float = 0.0
) -> ImageClassifier:
    """Build a network on the CPU; its weights depend only on the seed.

    Raises ValueError for an unknown name, too small an image, or an option that the network does not have or take.
    """
    if name not in _BUILDERS:
        raise ValueError(f"There is no network {name!r}: choose one of {', '.join(_BUILDERS)}.")
    if image_size < SMALLEST_IMAGE:
        raise ValueError(f"Images of {image_size} pixels are too small: the networks need {SMALLEST_IMAGE} or more.")
    builder, changed = _BUILDERS[name], dict[str, Any]()
    if last_layers != 3:
        changed["last_layers"] = last_layers
    if dropout != 0.0:
        changed["dropout"] = dropout
    if missing := sorted(changed.keys() - inspect.signature(builder).parameters.keys()):
        raise ValueError(f"{name} has no {' or '.join(missing)} to set: leave it at its default.")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed GPUs too, which nobody restores
        return builder(classes=classes, image_size=image_size, **changed)
