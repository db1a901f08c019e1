"""One interface for a visitor's ONNX network of any layout and number type: images in, probabilities out."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

CHUNK = 256
TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}


class Fault(ValueError):
    """A network cannot be used; the text is the end of a sentence that says why."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Description:
    """`network.json`. `mean` and `std` normalize pixels in 0..1; `classes` is the order of the answers, if not the
    run's; `answers` says what the output holds. Input and output are found by themselves where there is one each."""

    name: str
    author: str = ""
    parameters: int | None = None
    input: str | None = None
    output: str | None = None
    mean: float = 0.0
    std: float = 1.0
    answers: str = "logits"
    classes: tuple[str, ...] | None = None


class OwnSession:
    """One network, checked by asking it once. Any number of threads may ask at once."""

    def __init__(self, model: Path, description: Description, classes: tuple[str, ...], side: int) -> None:
        if description.answers not in ("logits", "probabilities"):
            raise Fault('network.json says other `answers` than "logits" or "probabilities"')
        if not description.std > 0:
            raise Fault("network.json has a `std` that is not above 0")
        self._described, self._side = description, side
        self._order = _order(description.classes, classes)
        self._session = _session(model)
        self._input = _named(self._session.get_inputs(), description.input, "input")
        self._output = _named(self._session.get_outputs(), description.output, "output").name
        if self._input.type not in TYPES:
            raise Fault(f"its input is of type {self._input.type}, not of float, float16, double or uint8")
        self._shape = _shape(self._input.shape, side)
        # A batch size that is fixed in the file is kept to; else as many at once as the study's own networks.
        self._batch = self._input.shape[0] if isinstance(self._input.shape[0], int) else None
        self._check(len(classes))

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Probabilities, float32 (N, C) in the order of the run's classes, for `images` uint8 (N, S, S)."""
        step = self._batch or CHUNK
        rows = [self._answers(images[start : start + step], step) for start in range(0, len(images), step)]
        return np.concatenate(rows)[:, self._order]

    def _answers(self, images: np.ndarray, step: int) -> np.ndarray:
        short = step - len(images) if self._batch else 0
        filled = np.concatenate([images, np.zeros((short, *images.shape[1:]), np.uint8)]) if short else images
        [out] = self._session.run([self._output], {self._input.name: self._prepared(filled)})
        rows = np.asarray(out, dtype=np.float32).reshape(len(filled), -1)[: len(images)]
        return rows if self._described.answers == "probabilities" else _softmax(rows)

    def _prepared(self, images: np.ndarray) -> np.ndarray:
        """The images in the network's layout and type; uint8 as they are, else normalized."""
        kind = TYPES[self._input.type]
        if kind is not np.uint8:
            images = ((images / np.float32(255) - self._described.mean) / self._described.std).astype(kind)
        wide = images.reshape(len(images), *(size if size == self._side else 1 for size in self._shape))
        return np.ascontiguousarray(np.broadcast_to(wide, (len(images), *self._shape)))

    def _check(self, classes: int) -> None:
        """Ask once: Fault unless one finite probability a class comes out."""
        try:
            rows = self._answers(np.zeros((self._batch or 2, self._side, self._side), np.uint8), self._batch or 2)
        except Exception as error:  # onnxruntime's errors have no other base class in common
            raise Fault(f"it does not run on images of {self._side} x {self._side}") from error
        if rows.shape[1] != classes:
            raise Fault(f"it answers with {rows.shape[1]} numbers an image, but the run has {classes} classes")
        if not np.isfinite(rows).all() or np.abs(rows.sum(axis=1) - 1).max() > 0.01 or rows.min() < 0:
            raise Fault("its answers are no probabilities: see `answers` in network.json")


def _session(model: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # No `session.disable_quant_qdq` here, unlike the study's networks: a network that quantizes its activations too
    # would lose onnxruntime's int8 kernels.
    try:
        # By path, not from bytes: then onnxruntime refuses data outside of the model's folder.
        return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        raise Fault(f"model.onnx cannot be loaded by onnxruntime {ort.__version__}: export it again") from error


def _named(nodes: list[ort.NodeArg], name: str | None, what: str) -> ort.NodeArg:
    if name is None and len(nodes) == 1:
        return nodes[0]
    for node in nodes:
        if node.name == name:
            return node
    names = ", ".join(node.name for node in nodes)
    raise Fault(f"network.json must name the {what}, one of {names}")


def _shape(shape: list[int | str | None], side: int) -> tuple[int, ...]:
    """An image's shape in the network's layout: (S, S), (1 or 3, S, S) or (S, S, 1 or 3)."""
    inner = [size if isinstance(size, int) else None for size in shape[1:]]
    for layout in ((side, side), (1, side, side), (3, side, side), (side, side, 1), (side, side, 3)):
        if len(inner) == len(layout) and all(
            size in (None, wanted) for size, wanted in zip(inner, layout, strict=True)
        ):
            return layout
    raise Fault(f"its input has the shape {shape}, which is no image of {side} x {side} in one channel or three")


def _order(named: tuple[str, ...] | None, classes: tuple[str, ...]) -> list[int]:
    """Return the position of each of the run's classes in the network's output."""
    if named is None:
        return list(range(len(classes)))
    if sorted(named) != sorted(classes):
        raise Fault(f"its classes are not the run's, which are {', '.join(classes)}")
    return [named.index(name) for name in classes]


def _softmax(rows: np.ndarray) -> np.ndarray:
    exponents = np.exp(rows - rows.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)
