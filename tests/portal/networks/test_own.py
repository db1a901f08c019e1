"""Networks of a visitor's own: every layout, every fault in one sentence, and where they appear."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from artifacts.contract import ArchitecturesSummary, ExportSummary
from artifacts.store import Run
from portal.charts import architectures
from portal.core.navigation import ROOT
from portal.networks import inference, onnx_file
from portal.networks import own as networks
from tests.permissions import binding
from tests.portal.test_pages import open_page
from tests.portal.tiny_network import tiny_network

CLASSES, SIDE = 10, 28


def linear(shape: tuple[Any, ...] = ("N", SIDE, SIDE), kind: int = TensorProto.FLOAT) -> onnx.ModelProto:
    """Logits that are the mean of a tenth of the pixels each: flatten, cast, one matrix."""
    pixels = int(np.prod(shape[1:]))
    weights = np.zeros((pixels, CLASSES), np.float32)
    for pixel in range(pixels):
        weights[pixel, pixel * CLASSES // pixels] = 1.0
    nodes = [
        helper.make_node("Cast", ["x"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["floats"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [shape[0], CLASSES])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    def write(model: onnx.ModelProto | bytes, folder: str = "mine", **described: Any) -> Path:
        place = tmp_path / "networks" / folder
        place.mkdir(parents=True)
        data = model if isinstance(model, bytes) else model.SerializeToString()
        (place / "model.onnx").write_bytes(data)
        (place / "network.json").write_text(json.dumps({"name": "Mine", **described}))
        return place

    return write


def only_fault(run: Run) -> str:
    found = networks.own_networks(run)
    assert not found.networks
    [fault] = found.faults
    return fault


@pytest.mark.parametrize("hidden", ["", "model.onnx", "network.json"])
def test_what_may_not_be_read_is_a_sentence_until_it_may(
    full_run: Run, put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, hidden: str
) -> None:
    place = put(linear())
    monkeypatch.setenv("FASHION_NETWORKS", str(place.parent))
    (place / hidden).chmod(0)
    with binding():
        fault = only_fault(full_run)
    assert fault.endswith("it cannot be read (Permission denied): let the portal's user read its folder and files.")
    (place / hidden).chmod(0o755)
    with binding():
        assert [each.name for each in networks.own_networks(full_run).networks] == ["Mine (own)"]


def test_without_a_folder_there_is_none(full_run: Run) -> None:
    assert networks.own_networks(full_run) == networks.Found()
    assert networks.measured(full_run) == ()


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (("N", SIDE, SIDE), TensorProto.FLOAT),
        (("N", 1, SIDE, SIDE), TensorProto.FLOAT),
        (("N", 3, SIDE, SIDE), TensorProto.DOUBLE),
        (("N", SIDE, SIDE, 1), TensorProto.FLOAT16),
        ((1, SIDE, SIDE, 3), TensorProto.FLOAT),
        (("N", SIDE, SIDE), TensorProto.UINT8),
    ],
)
def test_any_layout_answers_for_the_brightest_tenth(
    full_run: Run, put: Callable[..., Path], shape: tuple[Any, ...], kind: int
) -> None:
    put(linear(shape, kind))
    images = np.zeros((5, SIDE, SIDE), np.uint8)
    for number in range(5):
        images[number].reshape(-1)[number * 78 + 10 : number * 78 + 60] = 255
    [network] = networks.own_networks(full_run).networks
    assert network.name == "Mine (own)"
    rows = network.predict(images)
    if len(shape) == 3 or shape[1] != 3:
        np.testing.assert_array_equal(rows.argmax(axis=1), range(5))
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)


def test_pixels_are_normalised_as_the_description_says(full_run: Run, put: Callable[..., Path]) -> None:
    put(linear(), mean=0.5, std=0.25)
    [network] = networks.own_networks(full_run).networks
    image = np.full((1, SIDE, SIDE), 51, np.uint8)
    image.reshape(-1)[:79] = 255
    logits = np.full(10, (0.2 - 0.5) / 0.25 * 78.4)
    logits[0] = (1 - 0.5) / 0.25 * 79
    assert network.predict(image)[0].argmax() == 0
    assert network.parameters == SIDE * SIDE * CLASSES


def test_answers_come_in_the_run_s_order(full_run: Run, put: Callable[..., Path]) -> None:
    put(linear(), classes=list(reversed(full_run.manifest.classes)))
    image = np.zeros((1, SIDE, SIDE), np.uint8)
    image.reshape(-1)[:70] = 255
    [network] = networks.own_networks(full_run).networks
    assert network.predict(image)[0].argmax() == 9


def test_the_study_s_own_format_is_read_when_its_output_is_named(full_run: Run, put: Callable[..., Path]) -> None:
    data = tiny_network(classes=CLASSES, image_size=SIDE)
    put(data, output="probabilities", answers="probabilities", author="A student")
    assert networks.own_networks(full_run).networks[0].author == "A student"


def _external(model: onnx.ModelProto) -> onnx.ModelProto:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../secret.bin"
    return model


def _custom(model: onnx.ModelProto) -> onnx.ModelProto:
    model.graph.node[0].domain = "org.evil"
    return model


def _odd(model: onnx.ModelProto) -> onnx.ModelProto:
    model.graph.node[0].op_type = "Loop"
    return model


@pytest.mark.parametrize(
    ("model", "described", "why"),
    [
        (b"no model", {}, "damaged or no ONNX file"),
        (linear().SerializeToString()[:-2000], {}, "damaged or no ONNX file"),
        (_external(linear()), {}, "keeps its weights in another file"),
        (_custom(linear()), {}, "uses org.evil.Cast"),
        (_odd(linear()), {}, "uses Loop"),
        (linear(("N", 32, 32)), {}, "no image of 28 x 28"),
        (linear(), {"answers": "probabilities"}, "no probabilities"),
        (linear(), {"answers": "scores"}, "other `answers`"),
        (linear(), {"std": 0}, "`std` that is not above 0"),
        (linear(), {"classes": ["a", "b"]}, "not the run's"),
        (linear(), {"output": "z"}, "must name the output, one of y"),
        (linear(), {"colour": "red"}, "network.json is not what it should be"),
        (tiny_network(classes=7, image_size=SIDE), {"output": "logits"}, "7 numbers an image"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_the_others_work(
    full_run: Run, put: Callable[..., Path], model: Any, described: dict[str, Any], why: str
) -> None:
    place = put(model, **described)
    assert why in only_fault(full_run)
    assert str(place) in only_fault(full_run)
    put(linear(), folder="other", name="Other")
    assert [each.name for each in networks.own_networks(full_run).networks] == ["Other (own)"]


def test_links_out_of_the_folder_and_missing_files_are_refused(full_run: Run, put: Callable[..., Path]) -> None:
    place = put(linear())
    (place / "model.onnx").rename(place.parent.parent / "model.onnx")
    assert "model.onnx is missing" in only_fault(full_run)
    (place / "model.onnx").symlink_to(place.parent.parent / "model.onnx")
    assert "link out of its folder" in only_fault(full_run)


def test_operators_and_weights_are_counted(full_run: Run) -> None:
    model = linear()
    found = onnx_file.contents(model.SerializeToString())
    assert found.operators == {"Cast", "Flatten", "MatMul"}
    assert found.parameters == SIDE * SIDE * CLASSES
    real = onnx_file.contents(full_run.bytes("models/final.onnx"))
    assert {"Conv", "Gemm", "Softmax"} <= real.operators <= networks.OPERATORS


def test_it_votes_and_is_measured_once(
    full_run: Run, put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(linear())
    images = full_run.arrays("data/validation.npz")["images"]
    models = full_run.document(ExportSummary).models
    assert list(inference.ask_all(full_run, models, images[:1]))[-1] == "Mine (own)"
    [measured] = networks.measured(full_run)
    labels = full_run.arrays("data/validation.npz")["labels"]
    own = networks.own_networks(full_run).networks[0]
    assert measured.accuracy == pytest.approx((own.predict(images).argmax(axis=1) == labels).mean())
    monkeypatch.setattr(networks.OwnNetwork, "predict", None)
    assert networks.measured(full_run) == (measured,)


def test_it_stands_in_the_table_and_in_the_scatter(full_run: Run) -> None:
    summary = full_run.document(ArchitecturesSummary)
    own = [networks.Measured("Mine (own)", 7840, 0.5)]
    table = architectures.table(summary, own, with_deck=True)
    assert table.iloc[-1]["Network"] == "Mine (own)"
    assert table.iloc[-1]["Val accuracy (%)"] == 50
    frame = architectures.size_frame(summary, own, with_deck=True)
    by_size = architectures.size_against_accuracy(frame, "parameters", 60).to_dict()
    assert f"n = {len(summary.results) + 1} networks" in " ".join(by_size["title"]["subtitle"])
    by_macs = architectures.size_against_accuracy(frame, "macs", 60).to_dict()
    assert f"n = {len(summary.results)} networks" in " ".join(by_macs["title"]["subtitle"])


@pytest.mark.usefixtures("only_run")
def test_pages_show_it_and_say_what_is_wrong_with_another(put: Callable[..., Path]) -> None:
    put(linear())
    broken = put(b"nothing", folder="broken")
    app = open_page("architectures")
    assert "Mine (own)" in list(app.dataframe[0].value["Network"])
    said = " ".join(text.value for text in app.sidebar.text)
    assert "Mine (own): 7,840 parameters" in said
    assert str(broken) in said
    assert "Mine (own)" in str(open_page("predict").get("vega_lite_chart")[-1].proto)


@pytest.mark.slow
def test_the_example_makes_a_network_that_the_published_study_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = ROOT / "artifacts" / "study"
    command = [sys.executable, str(ROOT / "examples" / "own_network.py"), "--images", "2000", "--epochs", "2"]
    subprocess.run([*command, "--to", str(tmp_path / "networks" / "mine")], check=True, cwd=ROOT)
    [measured] = networks.measured(Run(study))
    assert measured.name == "One hidden layer (own)"
    assert measured.accuracy > 0.6
    assert measured.parameters == 784 * 64 + 64 + 64 * 10 + 10
