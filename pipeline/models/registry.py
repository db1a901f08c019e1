"""The seven networks of the deck, in its order. To add a network, add an entry to `ARCHITECTURES`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch

from pipeline.models.base import ImageClassifier
from pipeline.models.densenet import densenet_3_blocks, densenet_4_blocks
from pipeline.models.own_baselines import own_baseline1, own_baseline2, own_baseline3
from pipeline.models.photo_net import photo_net
from pipeline.models.pooled_vgg import pooled_vgg
from pipeline.models.resnet import resnet_3_blocks, resnet_4_blocks

SMALLEST_IMAGE = 16  # below it the last pools of ResNets and DenseNets have nothing left to pool

Family = Literal["OwnBaseline", "ResNet", "DenseNet"]
Confidence = Literal["good", "fair", "low to fair", "low"]


@dataclass(frozen=True)
class Architecture:
    """A network of the deck: its published figures and its builder.

    `layers` counts convolutions (shortcuts and transitions too) and fully connected layers; both `layers` and
    `parameters` are the deck's and hold for 10 classes and 28x28 images. `confidence` says how certain the
    reconstruction is. `build` takes `classes`, `image_size` and what `options` names, and draws from torch's generator.
    """

    name: str
    family: Family
    layers: int
    parameters: int
    confidence: Confidence
    build: Callable[..., ImageClassifier]
    options: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Own:
    build: Callable[..., ImageClassifier]
    options: frozenset[str]


_ENTRIES = (
    Architecture("OwnBaseline1", "OwnBaseline", 7, 937_834, "good", own_baseline1),
    Architecture(
        "OwnBaseline2", "OwnBaseline", 9, 2_917_482, "good", own_baseline2, frozenset({"last_layers", "dropout"})
    ),
    Architecture("OwnBaseline3", "OwnBaseline", 16, 4_801_578, "good", own_baseline3),
    Architecture("ResNet4Blocks", "ResNet", 14, 8_028_618, "good", resnet_4_blocks),
    Architecture("ResNet3Blocks", "ResNet", 14, 2_258_890, "fair", resnet_3_blocks),
    Architecture("DenseNet4Blocks", "DenseNet", 93, 1_253_276, "low to fair", densenet_4_blocks),
    Architecture("DenseNet3Blocks", "DenseNet", 93, 1_122_830, "low", densenet_3_blocks),
)
ARCHITECTURES: dict[str, Architecture] = {entry.name: entry for entry in _ENTRIES}

# Networks of this project alone, which take no part in the deck's comparison.
_OWN = {
    "PhotoNet": _Own(photo_net, frozenset({"dropout"})),
    "PooledVGG": _Own(pooled_vgg, frozenset()),
}


def build(
    name: str, *, classes: int, image_size: int, seed: int, last_layers: int = 3, dropout: float = 0.0
) -> ImageClassifier:
    """Build a network on the CPU; its weights depend only on the seed.

    Raises ValueError for an unknown name, too small an image, or an option that the network does not have or take.
    """
    known: dict[str, Architecture | _Own] = {**ARCHITECTURES, **_OWN}
    if name not in known:
        raise ValueError(f"There is no network {name!r}: choose one of {', '.join(known)}.")
    if image_size < SMALLEST_IMAGE:
        raise ValueError(f"Images of {image_size} pixels are too small: the networks need {SMALLEST_IMAGE} or more.")
    architecture = known[name]
    changed: dict[str, Any] = {}
    if last_layers != 3:
        changed["last_layers"] = last_layers
    if dropout != 0.0:
        changed["dropout"] = dropout
    if missing := sorted(changed.keys() - architecture.options):
        raise ValueError(f"{name} has no {' or '.join(missing)} to set: leave it at its default.")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed GPUs too, which nobody restores
        return architecture.build(classes=classes, image_size=image_size, **changed)
