"""A network small enough to reason about, as an ONNX file with the contract's input and outputs."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def tiny_network(
    *, classes: int = 10, image_size: int = 28, filters: int = 4, seed: int = 0, photo: bool = False
) -> bytes:
    """One convolution with ReLU (filter 0 is the identity, the others are drawn), average pooling, one linear layer.

    For `photo`, `rejection` is minus the mean pixel of the image, in 0..1: the darker, the more likely no garment.
    """
    rng = np.random.default_rng(seed)
    kernels = _kernels(rng, filters)
    constants = {
        "scale": np.float32(255.0),
        "channel_axis": np.array([1], dtype=np.int64),
        "kernels": kernels[:, None],
        "weights": rng.normal(size=(filters, classes)).astype(np.float32),
        "bias": rng.normal(size=classes).astype(np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["float_images"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["float_images", "scale"], ["normalised"]),
        helper.make_node("Unsqueeze", ["normalised", "channel_axis"], ["planes"]),
        helper.make_node("Conv", ["planes", "kernels"], ["convolved"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["convolved"], ["feature_maps"]),
        helper.make_node("GlobalAveragePool", ["feature_maps"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embedding"]),
        helper.make_node("Gemm", ["embedding", "weights", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    shapes: dict[str, list[str | int]] = {
        "logits": ["N", classes],
        "probabilities": ["N", classes],
        "embedding": ["N", filters],
        "feature_maps": ["N", filters, image_size, image_size],
    }
    if photo:
        constants["pixel_axes"] = np.array([1, 2], dtype=np.int64)
        nodes.append(helper.make_node("ReduceMean", ["normalised", "pixel_axes"], ["brightness"], keepdims=0))
        nodes.append(helper.make_node("Neg", ["brightness"], ["rejection"]))
        shapes["rejection"] = ["N"]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", image_size, image_size])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return model.SerializeToString()


def tiny_kernels(filters: int = 4, seed: int = 0) -> np.ndarray:
    """The convolution's kernels, float32 (F, 3, 3), of the tiny network of the same filters and seed."""
    return _kernels(np.random.default_rng(seed), filters)


def _kernels(rng: np.random.Generator, filters: int) -> np.ndarray:
    kernels = rng.normal(size=(filters, 3, 3)).astype(np.float32)
    kernels[0] = 0.0
    kernels[0, 1, 1] = 1.0
    return kernels
