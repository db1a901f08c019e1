"""Predictions of the exported networks with onnxruntime: one shared, verified session for each file."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import onnxruntime as ort

from artifacts.contract import ArtifactError, ExportedModel
from artifacts.store import Run
from portal.networks import onnx_file, own

INPUT = "images"
OUTPUTS = ("logits", "probabilities", "embedding", "feature_maps")
REJECTION = "rejection"  # one output more, of the network for photos

OPERATORS = own.OPERATORS | {"ReduceLogSumExp"}  # the last for `rejection`

CHUNK = 16  # images a call: their activations stay in the processor's caches (64 took 1.1 to 1.2 times as long)
# Two runs of ten networks; the longest loaded goes first.
MAX_SESSIONS = 20

_sessions: dict[tuple[str, bool], tuple[ort.InferenceSession, list[str]]] = {}
_lock = Lock()


@dataclass(frozen=True)
class Prediction:
    """One row an image: `logits` and `probabilities` (N, C), `embedding` (N, D), all float32.

    `rejection` float32 (N,), the higher, the more likely none of the classes; None unless the network is for photos.
    """

    logits: np.ndarray
    probabilities: np.ndarray
    embedding: np.ndarray
    rejection: np.ndarray | None = None

    @property
    def classes(self) -> np.ndarray:
        """The most probable class of each image, int64 (N,)."""
        return self.probabilities.argmax(axis=1)


class Network:
    """One exported network. Any number of threads may ask at once: onnxruntime's `run` is safe to call concurrently."""

    def __init__(self, session: ort.InferenceSession, model: ExportedModel, image_size: int) -> None:
        self.model = model
        self._session = session
        self._image_size = image_size

    def predict(self, images: np.ndarray) -> Prediction:
        """Predict `images`, uint8 (N, S, S) with any N >= 1; ValueError for anything else."""
        rejection = (REJECTION,) if self.model.role == "photo" else ()
        return Prediction(*self._run(images, (*OUTPUTS[:3], *rejection)))

    def feature_maps(self, images: np.ndarray) -> np.ndarray:
        """The first layer's maps after its activation, float32 (N, F, X, Y): 100 kB an image, so ask for few."""
        return self._run(images, OUTPUTS[3:])[0]

    def _run(self, images: np.ndarray, outputs: tuple[str, ...]) -> list[np.ndarray]:
        side = self._image_size
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (side, side) or not len(images):
            raise ValueError(
                f"Images must be uint8 (N, {side}, {side}) with N >= 1, not {images.dtype} {images.shape}."
            )
        chunks = [
            self._session.run(outputs, {INPUT: images[start : start + CHUNK]}) for start in range(0, len(images), CHUNK)
        ]
        return [np.concatenate(parts) for parts in zip(*chunks, strict=True)]


def network(run: Run, model: ExportedModel) -> Network:
    """The network `model` of `run`, loaded once for all users.

    ArtifactError if its file is missing, is not what the manifest says, or is no network of the contract.
    """
    session, _ = _session(run, model)
    return Network(session, model, run.manifest.image_size)


def layer_maps(run: Run, model: ExportedModel, image_SS: np.ndarray) -> list[np.ndarray]:
    """Return the maps float32 (F, X, Y) of each layer with a ReLU for one image, uint8 (S, S), first layer first.

    Layers after the last map are left out. ArtifactError as for `network`.
    """
    session, names = _session(run, model, layers=True)
    answers = session.run(names, {INPUT: image_SS[None]})
    return [answer[0] for answer in answers if answer.ndim == 4]


def _session(run: Run, model: ExportedModel, *, layers: bool = False) -> tuple[ort.InferenceSession, list[str]]:
    """The session of the network's file, and with `layers` the names of the outputs that are its ReLUs'.

    Those take a session of their own: an output more must be kept in memory for every image that is asked about.
    """
    record = run.manifest.files.get(model.file)
    if record is None:
        raise ArtifactError(f"The run has no {model.file}.")
    key = record.sha256, layers
    with _lock:
        if key not in _sessions:
            loaded = _load(run.bytes(model.file), model, layers=layers)
            if len(_sessions) >= MAX_SESSIONS:
                del _sessions[next(iter(_sessions))]
            _sessions[key] = loaded
        return _sessions[key]


def ask_all(run: Run, models: Sequence[ExportedModel], images_NSS: np.ndarray) -> dict[str, np.ndarray]:
    """Return the probabilities, float32 (N, C), of the study's and the visitor's own networks, by the network's name.

    The network for photos is not asked: it answers for several views at once (portal.predict.answers).
    """
    asked = [model for model in models if model.role != "photo"]
    study = {model.name: network(run, model).predict(images_NSS).probabilities for model in asked}
    return study | own.answers(run, images_NSS)


def final_model(models: Sequence[ExportedModel]) -> ExportedModel:
    """The study's final model; ArtifactError if it was not exported."""
    for model in models:
        if model.role == "final":
            return model
    raise ArtifactError("The run has no exported final model: export it again.")


def by_name(models: Sequence[ExportedModel], name: str) -> ExportedModel:
    """Return the network with that name."""
    return next(model for model in models if model.name == name)


def photo_model(models: Sequence[ExportedModel]) -> ExportedModel | None:
    """The network for visitors' photos; None in a run that has none."""
    return next((model for model in models if model.role == "photo"), None)


def _load(data: bytes, model: ExportedModel, *, layers: bool) -> tuple[ort.InferenceSession, list[str]]:
    # From bytes onnxruntime would follow external data anywhere, and an operator can be any library's code.
    if reason := onnx_file.refusal(data, OPERATORS):
        raise ArtifactError(f"{model.file} {reason}.")
    names = onnx_file.activations(data) if layers else []
    options = ort.SessionOptions()
    # Left alone, every session starts a thread per core and idle threads spin: visitors would fight for two cores.
    options.intra_op_num_threads = 2
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Weights stored in int8 are dequantized once, at load; left in the graph, each call would dequantize them again.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    try:
        more = [name for name in names if name not in OUTPUTS]
        content = onnx_file.with_outputs(data, more) if more else data
        session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no other base class in common
        raise ArtifactError(
            f"{model.file} cannot be loaded by onnxruntime {ort.__version__}: export it again."
        ) from error
    inputs = tuple(node.name for node in session.get_inputs())
    outputs = {node.name for node in session.get_outputs()}
    expected = (*OUTPUTS, REJECTION) if model.role == "photo" else OUTPUTS
    if inputs != (INPUT,) or not outputs.issuperset(expected):
        raise ArtifactError(f"{model.file} does not take `{INPUT}` and give {', '.join(expected)}: export it again.")
    return session, names
