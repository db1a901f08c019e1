"""A visitor's own networks next to the study's: one folder each, with `model.onnx` and `network.json`.

A model is a program: it is taken from this folder only (never from an upload), read before it is run, and refused if it
asks for other files or for operators that a classifier has no need of. docs/bring-your-own.md is the guide.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from pydantic import TypeAdapter, ValidationError

from artifacts.contract import ArtifactError
from artifacts.store import Run
from portal.core.navigation import ROOT
from portal.networks import onnx_file
from portal.networks.own_session import Description, Fault, OwnSession

MOST_BYTES = 300 * 1024**2
MOST_NETWORKS = 12
VALIDATION = "data/validation.npz"


@dataclass(frozen=True)
class OwnNetwork:
    """A visitor's network, ready to be asked; its name ends in `(own)`, and `sha256` is of its two files."""

    name: str
    author: str
    parameters: int
    sha256: str
    session: OwnSession

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Probabilities, float32 (N, C) in the order of the run's classes, for `images` uint8 (N, S, S)."""
        return self.session.predict(images)


@dataclass(frozen=True)
class Found:
    """The networks that work, and a sentence for each folder whose network does not."""

    networks: tuple[OwnNetwork, ...] = ()
    faults: tuple[str, ...] = ()


_found: dict[tuple[object, ...], Found] = {}
_validated: dict[tuple[str, str], np.ndarray] = {}
_lock = Lock()


def folder() -> Path:
    """Return the folder of own networks: $FASHION_NETWORKS, or `networks` in the repository's root."""
    return Path(os.environ.get("FASHION_NETWORKS") or ROOT / "networks")


def own_networks(run: Run) -> Found:
    """The own networks that fit the run's classes and image size, loaded once for all visitors and pages."""
    places = _places()
    if not places:
        return Found()
    classes, side = run.manifest.classes, run.manifest.image_size
    key = (classes, side, *((place, *_changed(place)) for place in places))
    with _lock:
        if key not in _found:
            _found.clear()
            _found[key] = _load_all(places, classes, side)
        return _found[key]


def answers(run: Run, images: np.ndarray) -> dict[str, np.ndarray]:
    """Return each own network's probabilities, float32 (N, C), for `images` uint8 (N, S, S), by its name."""
    return {each.name: each.predict(images) for each in own_networks(run).networks}


def validation_answers(run: Run) -> dict[str, np.ndarray]:
    """Each own network's probabilities, float32 (V, C), for the run's validation images: computed once, then kept."""
    networks, record = own_networks(run).networks, run.manifest.files.get(VALIDATION)
    if not networks or record is None:
        return {}
    keys = {each.name: (each.sha256, record.sha256) for each in networks}
    with _lock:
        missing = [each for each in networks if keys[each.name] not in _validated]
        images = run.arrays(VALIDATION)["images"] if missing else np.empty(0)
        for each in missing:
            _validated[keys[each.name]] = each.predict(images)
        return {name: _validated[key] for name, key in keys.items()}


@dataclass(frozen=True)
class Measured:
    """An own network's size and its accuracy on the run's validation images, 0..1."""

    name: str
    parameters: int
    accuracy: float


def measured(run: Run) -> tuple[Measured, ...]:
    """The own networks as points of a comparison; none if the run's validation images are missing or damaged."""
    try:
        probabilities = validation_answers(run)
        labels = run.arrays(VALIDATION)["labels"] if probabilities else np.empty(0)
    except ArtifactError:
        return ()
    sizes = {each.name: each.parameters for each in own_networks(run).networks}
    shares = {name: float((rows.argmax(axis=1) == labels).mean()) for name, rows in probabilities.items()}
    return tuple(Measured(name, sizes[name], share) for name, share in shares.items())


# --------------------------------------------------------------------------------------------------------- loading


def _places() -> list[Path]:
    root = folder()
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def _changed(place: Path) -> tuple[int, ...]:
    """When the two files changed, their permissions too; 0 for one that is missing or hidden."""
    times = []
    for name in ("model.onnx", "network.json"):
        try:
            times.append((place / name).stat().st_ctime_ns)
        except OSError:
            times.append(0)
    return tuple(times)


def _load_all(places: list[Path], classes: tuple[str, ...], side: int) -> Found:
    networks: list[OwnNetwork] = []
    faults: list[str] = []
    for place in places[:MOST_NETWORKS]:
        try:
            network = _load(place, classes, side)
            if network.name in {other.name for other in networks}:
                raise Fault(f"another network is called {network.name} too")
            networks.append(network)
        except Fault as fault:
            faults.append(f"The network in {place} is left out: {fault}.")
        except OSError as error:
            reason = f"it cannot be read ({error.strerror}): let the portal's user read its folder and files"
            faults.append(f"The network in {place} is left out: {reason}.")
    if len(places) > MOST_NETWORKS:
        faults.append(f"Only the first {MOST_NETWORKS} of {len(places)} networks are shown: remove some folders.")
    return Found(tuple(networks), tuple(faults))


def _load(place: Path, classes: tuple[str, ...], side: int) -> OwnNetwork:
    described, model = _inside(place, "network.json"), _inside(place, "model.onnx")
    text, data = described.read_bytes(), model.read_bytes()
    try:
        description = TypeAdapter(Description).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Fault(f"network.json is not what it should be ({where}: {first['msg'].lower()})") from error
    parameters = _checked(data)
    session = OwnSession(model, description, classes, side)
    count = parameters if description.parameters is None else description.parameters
    name = description.name.strip()[:40] or place.name
    return OwnNetwork(
        f"{name} (own)", description.author.strip()[:60], count, hashlib.sha256(text + data).hexdigest(), session
    )


def _inside(place: Path, name: str) -> Path:
    """The file of this name in the folder; Fault if it is missing, too large, or a link to somewhere else."""
    file = place / name
    if not file.is_file():
        raise Fault(f"{name} is missing")
    if not file.resolve().is_relative_to(place.resolve()):
        raise Fault(f"{name} is a link out of its folder: copy the file itself")
    if file.stat().st_size > MOST_BYTES:
        raise Fault(f"{name} has more than {MOST_BYTES // 1024**2} MB")
    return file


def _checked(data: bytes) -> int:
    """How many numbers the model's weights hold; Fault if it is more than a closed network of known operators."""
    if reason := onnx_file.refusal(data, OPERATORS):
        raise Fault(f"model.onnx {reason}")
    return onnx_file.contents(data).parameters


# What classifiers of small images are made of, from perceptrons to vision transformers; all of ONNX's own domain.
_OPERATORS = """
Abs Add And ArgMax AveragePool BatchNormalization Cast CastLike Ceil Clip Concat Constant ConstantOfShape Conv
DequantizeLinear Div Dropout Einsum Elu Equal Erf Exp Expand Flatten Floor Gather GatherElements Gelu Gemm
GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish Identity
InstanceNormalization LRN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization MatMul Max
MaxPool Mean Min Mish Mul Neg Not Or PRelu Pad Pow QuantizeLinear Range Reciprocal ReduceL2 ReduceMax ReduceMean
ReduceMin ReduceSum Relu Reshape Resize Round Selu Shape Sigmoid Sign Slice Softmax Softplus Softsign Split Sqrt
Squeeze Sub Sum Tanh Tile Transpose Unsqueeze Where
"""
OPERATORS = frozenset(_OPERATORS.split())
