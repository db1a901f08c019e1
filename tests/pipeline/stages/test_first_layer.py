"""Stage feature-maps: the bias and the folded BatchNorm that it writes give the first layer's maps back."""

import numpy as np
import pytest
import torch

from pipeline.models import registry
from pipeline.stages import feature_maps
from portal.analysis import convolution


@pytest.mark.parametrize("name", ["OwnBaseline2", "OwnBaseline3", "ResNet4Blocks", "DenseNet3Blocks"])
def test_the_portal_works_out_what_torch_computes(name: str, sample: tuple[np.ndarray, np.ndarray]) -> None:
    model = registry.build(name, classes=10, image_size=28, seed=0)
    with torch.no_grad():  # a trained network's BatchNorm is not the identity that it starts as
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.2, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.2)
    model.eval()
    images = sample[0][:2]
    maps = feature_maps._maps(model, images)
    layer = feature_maps.first_layer(model)
    filters = model.first_conv.weight.detach().numpy()[:, 0]
    for image, of_torch in zip(images, maps, strict=True):
        for number in (0, 5):
            for row, column in ((0, 0), (13, 14), (27, 27)):
                place = convolution.at(image, filters, layer, number, row, column)
                assert place.value == pytest.approx(float(of_torch[number, row, column]), abs=1e-4)
