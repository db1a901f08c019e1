"""The networks against the published counts, layer by layer, and what every one of them must be able to do."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.models.autoencoder import ConvAutoencoder
from pipeline.models.base import ImageClassifier
from pipeline.models.inspection import count_layers, count_macs, count_parameters, layer_table
from pipeline.models.registry import ARCHITECTURES, build

SAMPLE = Path(__file__).parents[2] / "fixtures" / "fashion_mnist_sample.npz"
NAMES = list(ARCHITECTURES)

# The reconstruction's multiply-accumulates for one image of 28x28.
MACS = {
    "OwnBaseline1": 19_160_064,
    "OwnBaseline2": 31_753_728,
    "OwnBaseline3": 86_342_144,
    "ResNet4Blocks": 157_461_504,
    "ResNet3Blocks": 206_318_848,
    "DenseNet4Blocks": 202_348_598,
    "DenseNet3Blocks": 116_802_976,
}

# Parameters of each layer with its BatchNorm, in forward order, shortcuts before the block they bridge.
LAYER_PARAMETERS = {
    "OwnBaseline1": [384, 9_312, 18_624, 37_056, 803_584, 66_304, 2_570],
    "OwnBaseline2": [384, 9_312, 18_624, 37_056, 74_112, 147_840, 2_100_224, 524_800, 5_130],
    "OwnBaseline3": [
        *[896, 9_312, 18_624, 37_056, 37_056, 74_112, 147_840, 147_840, 147_840],
        *[295_680, 590_592, 590_592, 590_592, 1_051_648, 1_051_648, 10_250],
    ],
    "ResNet4Blocks": [
        *[3_264, 36_992, 8_576, 73_984, 147_712, 33_536, 295_424, 590_336],
        *[132_608, 1_180_672, 2_360_320, 1_054_720, 2_100_224, 10_250],
    ],
    "ResNet3Blocks": [
        *[256, 704, 36_992, 36_992, 8_576, 73_984, 147_712, 147_712],
        *[33_536, 295_424, 590_336, 590_336, 295_040, 1_290],
    ],
}

# Parameters of each stage: stem, dense blocks and transitions in turn, tail with what follows it.
STAGE_PARAMETERS = {
    "DenseNet4Blocks": {
        "stem": 704,
        "dense1": 139_678,
        "transition1": 29_770,
        "dense2": 172_766,
        "transition2": 75_594,
        "dense3": 238_942,
        "transition3": 216_394,
        "dense4": 371_294,
        "classifier": 1_354 + 6_780,
    },
    "DenseNet3Blocks": {
        "stem": 264,
        "dense1": 79_360,
        "transition1": 17_296,
        "dense2": 102_480,
        "transition2": 32_256,
        "dense3": 365_088,
        "hidden": 1_020 + 522_496,
        "classifier": 2_570,
    },
}

# The ablation's other network: the first six are OwnBaseline2's.
POOLED_VGG = [*LAYER_PARAMETERS["OwnBaseline2"][:6], 295_680, 590_592, 5_130]

# Name: embedding width, channels of the first feature maps.
TAPS = {
    "OwnBaseline1": (256, 32),
    "OwnBaseline2": (512, 32),
    "OwnBaseline3": (1024, 32),
    "ResNet4Blocks": (1024, 64),
    "ResNet3Blocks": (128, 64),
    "DenseNet4Blocks": (677, 64),
    "DenseNet3Blocks": (256, 24),
}


@pytest.fixture(scope="module")
def images() -> Tensor:
    """Real training images, normalized, float (8, 1, 28, 28)."""
    with np.load(SAMPLE, allow_pickle=False) as sample:
        return torch.from_numpy(sample["images"][:8])[:, None].float() / 255


@pytest.fixture(scope="module")
def labels() -> Tensor:
    with np.load(SAMPLE, allow_pickle=False) as sample:
        return torch.from_numpy(sample["labels"][:8]).long()


def make(name: str, *, classes: int = 10, image_size: int = 28, seed: int = 0) -> ImageClassifier:
    return build(name, classes=classes, image_size=image_size, seed=seed)


@pytest.mark.parametrize("name", NAMES)
def test_layers_parameters_and_macs_equal_the_published_ones(name):
    model = make(name)
    rows = layer_table(model, 28)
    assert count_parameters(model) == sum(row.parameters for row in rows) == ARCHITECTURES[name].parameters
    assert count_layers(model) == len(rows) == ARCHITECTURES[name].layers
    assert count_macs(model, 28) == MACS[name]


@pytest.mark.parametrize("name", LAYER_PARAMETERS)
def test_every_layer_has_its_published_parameters(name):
    assert [row.parameters for row in layer_table(make(name), 28)] == LAYER_PARAMETERS[name]


@pytest.mark.parametrize("name", STAGE_PARAMETERS)
def test_every_densenet_stage_has_its_published_parameters(name):
    stages: dict[str, int] = {}
    for row in layer_table(make(name), 28):
        stage = row.name.removeprefix("body.").split(".")[0]
        stages[stage] = stages.get(stage, 0) + row.parameters
    assert stages == STAGE_PARAMETERS[name]


def test_pooled_vgg_is_small_and_takes_any_image_size():
    model = make("PooledVGG")
    assert [row.parameters for row in layer_table(model, 28)] == POOLED_VGG and count_parameters(model) == 1_178_730
    assert (count_layers(model), count_macs(model, 28)) == (9, 43_288_064)
    assert count_parameters(make("PooledVGG", image_size=48)) == count_parameters(model)
    taps = model.taps(torch.rand(2, 1, 28, 28))
    assert (taps.embedding.shape, taps.first_maps.shape) == ((2, 512), (2, 32, 28, 28))


def test_two_last_layers_drop_the_512():
    model = build("OwnBaseline2", classes=10, image_size=28, seed=0, last_layers=2)
    assert count_parameters(model) == 2_917_482 - 524_800 - 5_130 + 10_250
    assert count_macs(model, 28) == 31_753_728 - 1024 * 512 - 512 * 10 + 1024 * 10
    assert count_layers(model) == 8
    assert model.classifier.in_features == 1024


def test_layer_rows_describe_the_layer():
    model = make("OwnBaseline3")
    rows = layer_table(model, 28)
    first, last = rows[0], rows[-1]
    assert (first.kind, first.in_features, first.out_features) == ("Conv 5x5", 1, 32)
    assert (first.output_shape, first.macs) == ((32, 28, 28), 28 * 28 * 32 * 25)
    assert (last.kind, last.output_shape, last.macs) == ("Linear", (10,), 10_240)
    assert [row.output_shape[1] for row in rows[:13]] == [28] * 2 + [14] * 3 + [7] * 4 + [4] * 4
    assert model.get_submodule(first.name) is model.first_conv


def test_inspection_leaves_the_model_as_it_was():
    model = make("OwnBaseline1").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    layer_table(model, 28)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("name", NAMES)
def test_taps_have_their_shapes_and_belong_to_the_logits(name, images):
    model = make(name).eval()
    width, channels = TAPS[name]
    with torch.no_grad():
        taps = model.taps(images[:2])
        first_maps = F.relu(norm_after_first_conv(model)(model.first_conv(images[:2])))
        assert torch.equal(taps.logits, model(images[:2]))
        assert torch.equal(taps.logits, model.classifier(taps.embedding))
    assert taps.logits.shape == (2, 10)
    assert taps.embedding.shape == (2, width)
    assert taps.first_maps.shape == (2, channels, 28, 28)
    assert torch.equal(taps.first_maps, first_maps)


def norm_after_first_conv(model: ImageClassifier) -> nn.Module:
    (path,) = [name for name, module in model.named_modules() if module is model.first_conv]
    return model.get_submodule(path.removesuffix("conv") + "norm")


@pytest.mark.parametrize("name", NAMES)
def test_a_few_steps_lower_the_loss_from_chance(name, images, labels):
    model = make(name).train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    losses = []
    for _ in range(4):
        loss = F.cross_entropy(model(images.contiguous(memory_format=torch.channels_last)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(math.log(10), abs=0.3)
    assert losses[-1] < 0.8 * losses[0]
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_alone_decides_the_weights(name):
    torch.manual_seed(1)
    model = make(name, seed=5).state_dict()
    torch.manual_seed(2)
    state = torch.get_rng_state()
    again, other = make(name, seed=5).state_dict(), make(name, seed=6).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, again[key]) for key, value in model.items())
    drawn = [key for key, value in model.items() if value.ndim > 1]
    assert not any(torch.equal(model[key], other[key]) for key in drawn)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("image_size", [16, 30, 32])
def test_other_sizes_and_numbers_of_classes(name, image_size):
    model = make(name, classes=5, image_size=image_size).to("meta").eval()
    taps = model.taps(torch.zeros(3, 1, image_size, image_size, device="meta"))
    assert taps.logits.shape == (3, 5)
    assert taps.first_maps.shape[2:] == (image_size, image_size)


def test_dropout_acts_in_training_only(images):
    model = build("OwnBaseline2", classes=10, image_size=28, seed=0, dropout=0.5)
    plain = make("OwnBaseline2")
    with torch.no_grad():
        assert torch.equal(model.eval()(images), plain.eval()(images))
        dropped, kept = (net.train().taps(images).embedding for net in (model, plain))
    # ReLU alone leaves about half of the activations at zero, dropout of a half takes half of the others too.
    assert (dropped == 0).float().mean() > (kept == 0).float().mean() + 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "AlexNet"}, "choose one of OwnBaseline1, OwnBaseline2"),
        ({"name": "OwnBaseline1", "image_size": 15}, "need 16 or more"),
        ({"name": "ResNet4Blocks", "last_layers": 2}, "ResNet4Blocks has no last_layers"),
        ({"name": "OwnBaseline2", "last_layers": 4}, "2 or 3 last layers, not 4"),
        ({"name": "OwnBaseline3", "dropout": 0.1}, "OwnBaseline3 has no dropout"),
    ],
)
def test_what_cannot_be_built_is_said_in_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**{"classes": 10, "image_size": 28, "seed": 0, **arguments})


@pytest.mark.parametrize("image_size", [16, 18, 28, 32])
def test_the_autoencoder_gives_an_image_of_the_same_size_in_0_to_1(image_size):
    model = ConvAutoencoder(image_size, bottleneck=8).eval()
    with torch.no_grad():
        reconstruction = model(torch.rand(3, 1, image_size, image_size))
    assert reconstruction.shape == (3, 1, image_size, image_size)
    assert 0 <= reconstruction.min() <= reconstruction.max() <= 1


def test_the_autoencoder_is_small():
    assert count_parameters(ConvAutoencoder()) < 300_000
    assert count_macs(ConvAutoencoder(), 28) < 3_000_000


@pytest.mark.parametrize("image_size", [14, 29])
def test_the_autoencoder_refuses_sizes_it_cannot_halve(image_size):
    with pytest.raises(ValueError, match="even image size from 16"):
        ConvAutoencoder(image_size)


def test_the_autoencoder_learns_to_reconstruct(images):
    torch.manual_seed(0)
    model = ConvAutoencoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        loss = F.mse_loss(model(images), images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
