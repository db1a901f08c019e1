"""Layers, shapes, parameters, and multiply-accumulates (MACs) of a network."""

import copy
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from artifacts.contract import LayerRow

Layer = nn.Conv2d | nn.Linear
Norm = nn.BatchNorm1d | nn.BatchNorm2d


def count_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def count_layers(model: nn.Module) -> int:
    """Convolutions and fully connected layers, as the deck counts; shortcuts and transitions included."""
    return sum(isinstance(module, Layer) for module in model.modules())


def count_macs(model: nn.Module, image_size: int) -> int:
    """Multiply-accumulates of all convolutions and fully connected layers for one image."""
    return sum(row.macs for row in layer_table(model, image_size))


def layer_table(model: nn.Module, image_size: int) -> list[LayerRow]:
    """Return the convolutions and fully connected layers in the order in which an image passes them.

    `name` is the layer's path for `model.get_submodule`. A BatchNorm counts with the layer whose output it normalizes;
    where that is the output of several (the concatenations of DenseNets), with the next layer. So the rows' parameters
    sum to the model's.
    """
    rows: list[LayerRow] = []
    pending = 0  # parameters of BatchNorms that wait for the next layer
    previous: Tensor | None = None
    for call in _trace(model, image_size):
        own = count_parameters(call.module)
        if isinstance(call.module, Layer):
            rows.append(_row(call.name, call.module, call.output, own + pending))
            previous, pending = call.output, 0
        elif call.input is previous:
            rows[-1] = replace(rows[-1], parameters=rows[-1].parameters + own)
        else:
            pending += own
    return rows


class _Call(NamedTuple):
    name: str
    module: Layer | Norm
    input: Tensor
    output: Tensor


def _trace(model: nn.Module, image_size: int) -> list[_Call]:
    """Pass one image; return the calls of layers and BatchNorms in order."""
    calls: list[_Call] = []

    def record(name: str) -> Any:
        return lambda module, inputs, output: calls.append(_Call(name, module, inputs[0], output))

    # On the meta device shapes pass through without arithmetic; the copy leaves the caller's model untouched.
    probe = copy.deepcopy(model).to("meta").eval()
    for name, module in probe.named_modules():
        if isinstance(module, Layer | Norm):
            module.register_forward_hook(record(name))
    with torch.no_grad():
        probe(torch.zeros(1, 1, image_size, image_size, device="meta"))
    return calls


def _row(name: str, layer: Layer, output: Tensor, parameters: int) -> LayerRow:
    shape = tuple(output.shape[1:])
    if isinstance(layer, nn.Conv2d):
        height, width = layer.kernel_size
        macs = output[0].numel() * layer.in_channels // layer.groups * height * width
        return LayerRow(name, f"Conv {height}x{width}", layer.in_channels, layer.out_channels, shape, parameters, macs)
    macs = layer.in_features * layer.out_features
    return LayerRow(name, "Linear", layer.in_features, layer.out_features, shape, parameters, macs)
