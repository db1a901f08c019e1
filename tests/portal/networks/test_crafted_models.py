"""Models are programs: files that reach for other files, bring code or claim too much are refused unread."""

from collections.abc import Callable
from pathlib import Path

import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from artifacts.contract import ArtifactError
from portal.networks import inference
from tests.portal.networks.test_inference import MODEL, SIDE, run_with
from tests.portal.tiny_network import tiny_network

Craft = Callable[[onnx.ModelProto, Path], None]


def external(location: str) -> Craft:
    """The kernels are read from another file."""

    def craft(model: onnx.ModelProto, folder: Path) -> None:
        weights = next(tensor for tensor in model.graph.initializer if tensor.name == "kernels")
        content = weights.raw_data
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        weights.external_data.add(key="location", value=location.format(folder=folder))
        for place in (folder / "secret.bin", folder.parent / "secret.bin"):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    return craft


def through_a_link(model: onnx.ModelProto, folder: Path) -> None:
    external("link.bin")(model, folder)
    (folder / "run" / "models").mkdir(parents=True, exist_ok=True)
    (folder / "run" / "models" / "link.bin").symlink_to(folder / "secret.bin")


def custom_domain(model: onnx.ModelProto, folder: Path) -> None:
    model.graph.node[0].domain = "com.example"
    model.opset_import.add(domain="com.example", version=1)


def giant(model: onnx.ModelProto, folder: Path) -> None:
    model.graph.initializer.add(name="giant", data_type=TensorProto.INT64, dims=[1 << 40])


def negative(model: onnx.ModelProto, folder: Path) -> None:
    """Sizes whose product would make the file's other tensors look small."""
    model.graph.initializer.add(name="negative", data_type=TensorProto.FLOAT, dims=[-(1 << 40)])


def no_text(model: onnx.ModelProto, folder: Path) -> None:
    """Becomes bytes that are no UTF-8 once the model is written: protobuf writes only text."""
    model.graph.node[0].op_type = "NoText"


def function(model: onnx.ModelProto, folder: Path) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    opset = helper.make_opsetid("", 18)
    model.functions.append(helper.make_function("com.example", "Hidden", ["x"], ["y"], [node], [opset]))


def endless(model: onnx.ModelProto, folder: Path) -> None:
    model.graph.node[0].op_type = "Loop"


CRAFTED: dict[str, tuple[Craft, str]] = {
    "data in the folder above": (external("../secret.bin"), "keeps its weights in another file"),
    "data at an absolute path": (external("{folder}/secret.bin"), "keeps its weights in another file"),
    "data through a link": (through_a_link, "keeps its weights in another file"),
    "operator of another domain": (custom_domain, "uses com.example.Cast"),
    "giant initialiser": (giant, "claims more numbers than it has bytes"),
    "negative size": (negative, "claims more numbers than it has bytes"),
    "name that is no text": (no_text, "is damaged or no ONNX file"),
    "function of its own": (function, "carries functions"),
    "loop": (endless, "uses Loop"),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_model_is_refused_before_there_is_a_session(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    craft, reason = CRAFTED[name]
    model = onnx.load_from_string(tiny_network(classes=3, image_size=SIDE))
    craft(model, tmp_path)
    data = model.SerializeToString().replace(b"\x22\x06NoText", b"\x22\x06No\xff\xffxt")
    run = run_with(tmp_path / "run", data)
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, **__: pytest.fail("A session was made."))
    with pytest.raises(ArtifactError, match=rf"^models/tiny\.onnx {reason}.*\.$"):
        inference.network(run, MODEL)
