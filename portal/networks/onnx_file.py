"""Inspection of an ONNX file before anything runs it: operators, weights, external data."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto


class NotOnnx(ValueError):
    """The bytes are no ONNX file."""

    def __init__(self) -> None:
        super().__init__("The file is damaged or no ONNX file.")


@dataclass
class Contents:
    """What a file holds: operators (of another domain than ONNX's own: `domain.Name`), numbers in its weights, numbers
    that all its tensors claim to have, and whether it asks for data in other files or carries functions and training
    steps of its own."""

    operators: set[str] = field(default_factory=set)
    parameters: int = 0
    claimed: int = 0
    external: bool = False
    programs: bool = False


def contents(data: bytes) -> Contents:
    """What the ONNX file with these bytes is made of; NotOnnx if it is none."""
    model = _parsed(data)
    found = Contents(programs=bool(model.functions or model.training_info))
    _add_graph(model.graph, found)
    return found


def refusal(data: bytes, operators: frozenset[str]) -> str:
    """Why the ONNX file with these bytes must not be run, as the end of a sentence; empty if nothing is against it."""
    try:
        found = contents(data)
    except NotOnnx:
        return "is damaged or no ONNX file: export it again"
    if found.external:
        return "keeps its weights in another file: export it with external_data=False"
    if found.programs:
        return "carries functions or training steps of its own: export it for inference only"
    if found.claimed > len(data):
        return "claims more numbers than it has bytes: export it again"
    if unknown := found.operators - operators:
        return f"uses {', '.join(sorted(unknown))}, which is not among the operators that are run here"
    return ""


def activations(data: bytes) -> list[str]:
    """Names of what the ReLUs of a file give, in the order of the graph; NotOnnx if it is no ONNX file."""
    return [name for node in _parsed(data).graph.node if node.op_type == "Relu" for name in node.output]


def with_outputs(data: bytes, names: Iterable[str]) -> bytes:
    """The file with more outputs of its graph: a message that occurs twice is merged, so they are just appended."""
    more = GraphProto(output=[ValueInfoProto(name=name) for name in names])
    return data + ModelProto(graph=more).SerializeToString()


def _parsed(data: bytes) -> ModelProto:
    try:
        model = ModelProto.FromString(data)
    except DecodeError as error:
        raise NotOnnx from error
    if not model.graph.node:
        raise NotOnnx
    return model


def _add_graph(graph: GraphProto, found: Contents) -> None:
    found.programs |= bool(graph.sparse_initializer)
    for node in graph.node:
        _add_node(node, found)
    for tensor in graph.initializer:
        count = _add_tensor(tensor, found)
        found.parameters += 0 if tensor.data_type == TensorProto.INT64 else count  # shapes and axes, never weights


def _add_node(node: NodeProto, found: Contents) -> None:
    if isinstance(node.op_type, bytes):  # what protobuf gives for a name that is no UTF-8
        raise NotOnnx
    found.operators.add(node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}")
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            _add_graph(graph, found)
        for tensor in (*attribute.tensors, *([attribute.t] if attribute.HasField("t") else [])):
            _add_tensor(tensor, found)


def _add_tensor(tensor: TensorProto, found: Contents) -> int:
    """How many numbers the tensor claims to have."""
    count = math.prod(map(abs, tensor.dims))  # no size may make up for another
    found.claimed += count
    found.external |= bool(tensor.external_data) or tensor.data_location == TensorProto.EXTERNAL
    return count
