"""Export networks as single ONNX files: uint8 images in, normalization inside, weights in fp32, fp16, or int8.

Reduced precisions change how weights are stored, not how the network computes: fp16 weights are cast up, int8
weights (symmetric, one scale for each output channel) are dequantized when the session loads. No calibration data is
needed, and all arithmetic stays fp32.
"""

import logging
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from pipeline.models.base import ImageClassifier
from pipeline.support.memory import uncollected

Precision = Literal["fp32", "fp16", "int8"]
OUTPUTS = ("logits", "probabilities", "embedding", "feature_maps")
REDUCED_FROM = 1024  # initializers with fewer values stay fp32: they weigh nothing and biases want precision


class Exported(nn.Module):
    """`images` uint8 (N, S, S) to the four outputs of the contract."""

    def __init__(self, model: ImageClassifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        taps = self.model.taps(images.unsqueeze(1).float() / 255.0)
        return taps.logits, taps.logits.softmax(1), taps.embedding, taps.first_maps


class ExportedPhoto(nn.Module):
    """The photo model: the same outputs, calibrated, and `rejection` (N,) as the last.

    `log_prior` (C,) or (1,) is subtracted from the logits of the classes; the rejection is not affected.
    """

    log_prior: Tensor

    def __init__(self, model: ImageClassifier, temperature: float, log_prior: Tensor) -> None:
        super().__init__()
        self.model = model
        self.temperature = temperature
        self.register_buffer("log_prior", log_prior)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        taps = self.model.taps(images.unsqueeze(1).float() / 255.0)
        own, none = taps.logits[:, :-1], taps.logits[:, -1]
        logits = own - self.log_prior
        probabilities = (logits / self.temperature).softmax(1)
        return logits, probabilities, taps.embedding, taps.first_maps, none - own.logsumexp(1)


def export(model: ImageClassifier, image_size: int) -> onnx.ModelProto:
    """The network as an fp32 ONNX model with a free batch size, all weights in the one file."""
    return _export(Exported(model), OUTPUTS, image_size)


def export_photo(
    model: ImageClassifier, image_size: int, *, temperature: float, log_prior: Sequence[float] = ()
) -> onnx.ModelProto:
    """The photo model likewise, with its fifth output `rejection`; an empty `log_prior` changes nothing."""
    photo = ExportedPhoto(model, temperature, torch.tensor(log_prior or [0.0], dtype=torch.float32))
    return _export(photo, (*OUTPUTS, "rejection"), image_size)


def _export(wrapped: nn.Module, outputs: tuple[str, ...], image_size: int) -> onnx.ModelProto:
    example = torch.zeros((2, image_size, image_size), dtype=torch.uint8)
    wrapped = wrapped.cpu().to(memory_format=torch.contiguous_format).eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), uncollected():
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            wrapped,
            (example,),
            str(path),
            input_names=["images"],
            output_names=list(outputs),
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        proto = onnx.load(path)
    return _without_notes(proto)


def _without_notes(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Drop the exporter's metadata (stack traces with local paths), which differs from run to run."""
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*proto.graph.value_info, *proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        del value.metadata_props[:]
        value.doc_string = ""
    del proto.metadata_props[:], proto.graph.metadata_props[:]
    return proto


def reduce_weights(proto: onnx.ModelProto, precision: Precision) -> onnx.ModelProto:
    """Return a copy whose large weights are stored in `precision` and converted to fp32 by a node of the graph."""
    reduced = onnx.ModelProto()
    reduced.CopyFrom(proto)
    if precision == "fp32":
        return reduced
    graph = reduced.graph
    large = [weight for weight in graph.initializer if _is_large(weight)]
    nodes: list[onnx.NodeProto] = []
    for weight in large:
        graph.initializer.remove(weight)
        stored, node = (_as_fp16 if precision == "fp16" else _as_int8)(weight, _channel_axis(graph, weight.name))
        graph.initializer.extend(stored)
        nodes.append(node)
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])
    onnx.checker.check_model(reduced)
    return reduced


def _is_large(weight: onnx.TensorProto) -> bool:
    return (
        weight.data_type == onnx.TensorProto.FLOAT
        and len(weight.dims) >= 2
        and int(np.prod(weight.dims)) >= REDUCED_FROM
    )


def _channel_axis(graph: onnx.GraphProto, name: str) -> int:
    """The axis of output channels: the first for convolutions and transposed Gemm, the last for plain products."""
    user = next(node for node in graph.node if name in node.input)
    transposed = any(attribute.name == "transB" and attribute.i for attribute in user.attribute)
    return 0 if user.op_type == "Conv" or transposed else -1


def _as_fp16(weight: onnx.TensorProto, axis: int) -> tuple[list[onnx.TensorProto], onnx.NodeProto]:
    values = numpy_helper.to_array(weight).astype(np.float16)
    name = f"{weight.name}_fp16"
    node = helper.make_node("Cast", [name], [weight.name], name=f"{weight.name}_cast", to=onnx.TensorProto.FLOAT)
    return [numpy_helper.from_array(values, name)], node


def _as_int8(weight: onnx.TensorProto, axis: int) -> tuple[list[onnx.TensorProto], onnx.NodeProto]:
    values = numpy_helper.to_array(weight)
    axis %= values.ndim
    others = tuple(i for i in range(values.ndim) if i != axis)
    scale = np.maximum(np.abs(values).max(axis=others), 1e-12).astype(np.float32) / np.float32(127)
    shape = [1] * values.ndim
    shape[axis] = -1
    quantised = np.rint(values / scale.reshape(shape)).clip(-127, 127).astype(np.int8)
    names = [f"{weight.name}_int8", f"{weight.name}_scale"]
    node = helper.make_node("DequantizeLinear", names, [weight.name], name=f"{weight.name}_dequantise", axis=axis)
    return [numpy_helper.from_array(quantised, names[0]), numpy_helper.from_array(scale, names[1])], node


def run_onnx(model: bytes, images: np.ndarray, *, batch: int = 250, threads: int = 2) -> np.ndarray:
    """Logits float32 (N, classes) of the ONNX model on uint8 images (N, S, S), through onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Fold the dequantised weights once at load, not at every call.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    parts = [images[start : start + batch] for start in range(0, len(images), batch)]
    return np.concatenate([session.run(["logits"], {"images": np.ascontiguousarray(part)})[0] for part in parts])
