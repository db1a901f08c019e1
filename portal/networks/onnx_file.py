"""Inspection of an ONNX file before anything runs it: operators, weights, external data.

ONNX is Protocol Buffers; the few fields needed here are walked by hand, so the portal needs no onnx package. Field
numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

# ModelProto.graph, .functions and .training_info; GraphProto.node, .initializer and .output; NodeProto.output,
# .op_type, .attribute and .domain; AttributeProto.t, .g, .tensors and .graphs; TensorProto.dims, .data_type,
# .external_data and .data_location.
_GRAPH, _TRAINING, _FUNCTIONS = 7, 20, 25
_NODE, _INITIALIZER, _OUTPUT, _SPARSE = 1, 5, 12, 15
_NODE_OUTPUT, _OP_TYPE, _ATTRIBUTE, _DOMAIN = 2, 4, 5, 7
_TENSOR, _SUBGRAPH, _TENSORS, _SUBGRAPHS = 5, 6, 10, 11
_DIMS, _TYPE, _EXTERNAL, _LOCATION = 1, 2, 13, 14
_INT64 = 7  # the type of shapes and axes, never of weights


class NotOnnx(ValueError):
    """The bytes are no ONNX file."""


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
    found, graphs = Contents(), 0
    try:
        for number, value in _fields(memoryview(data)):
            if number == _GRAPH:
                graphs += 1
                _graph(value, found)
            found.programs = found.programs or number in (_TRAINING, _FUNCTIONS)
    except (IndexError, TypeError, UnicodeDecodeError) as error:
        raise NotOnnx("The file is damaged or no ONNX file.") from error
    if graphs != 1 or not found.operators:
        raise NotOnnx("The file is damaged or no ONNX file.")
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
    try:
        graphs = [value for number, value in _fields(memoryview(data)) if number == _GRAPH]
        nodes = [dict(_fields(value)) for graph in graphs for number, value in _fields(graph) if number == _NODE]
        return [bytes(node[_NODE_OUTPUT]).decode() for node in nodes if bytes(node[_OP_TYPE]) == b"Relu"]
    except (IndexError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise NotOnnx("The file is damaged or no ONNX file.") from error


def with_outputs(data: bytes, names: list[str]) -> bytes:
    """The file with more outputs of its graph: a message that occurs twice is merged, so they are just appended."""
    outputs = b"".join(_message(_OUTPUT, _message(1, name.encode())) for name in names)
    return data + _message(_GRAPH, outputs)


def _message(number: int, content: bytes) -> bytes:
    """A field of kind 2: its tag, its length as a varint, its bytes."""
    length, rest = bytearray(), len(content)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    return bytes([number << 3 | 2]) + bytes([*length, rest]) + content


def _graph(data: memoryview, found: Contents) -> None:
    for number, value in _fields(data):
        if number == _NODE:
            _node(value, found)
        elif number == _INITIALIZER:
            found.parameters += _tensor(value, found)
        found.programs = found.programs or number == _SPARSE


def _node(data: memoryview, found: Contents) -> None:
    name = domain = ""
    for number, value in _fields(data):
        if number == _OP_TYPE:
            name = bytes(value).decode()
        elif number == _DOMAIN:
            domain = bytes(value).decode()
        elif number == _ATTRIBUTE:
            for kind, part in _fields(value):
                if kind in (_SUBGRAPH, _SUBGRAPHS):
                    _graph(part, found)
                elif kind in (_TENSOR, _TENSORS):
                    _tensor(part, found)
    found.operators.add(name if domain in ("", "ai.onnx") else f"{domain}.{name}")


def _tensor(data: memoryview, found: Contents) -> int:
    """How many weights the tensor holds."""
    shape: list[int] = []
    kind = 0
    for number, value in _fields(data):
        if number == _DIMS:
            shape += [value] if isinstance(value, int) else list(_packed(value))
        kind = value if number == _TYPE else kind
        found.external = found.external or number == _EXTERNAL or (number == _LOCATION and value == 1)
    count = math.prod(shape)
    found.claimed += count
    return 0 if kind == _INT64 else count


def _packed(data: memoryview) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """Number and value of each field of a message: an int for a varint, the bytes for anything else."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise IndexError(at)
        if at + length > len(data):
            raise IndexError(at)
        yield number, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number of seven bits a byte, least first, that begins at `at`, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise IndexError(at)
