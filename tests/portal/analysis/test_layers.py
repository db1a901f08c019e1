"""The layers of a network: outputs added to an ONNX file, their maps, and the pictures made of them."""

import numpy as np
import onnx
import pytest

from artifacts.contract import ExportSummary
from artifacts.store import Run
from portal.analysis import layers
from portal.core.navigation import ROOT
from portal.networks import inference, onnx_file
from tests.portal.ui.test_result_pages import healthy, open_page, words

STUDY = ROOT / "artifacts" / "study"
published = pytest.mark.skipif(not (STUDY / "manifest.json").exists(), reason="no published study")


@pytest.fixture
def study() -> Run:
    return Run(STUDY)


@published
@pytest.mark.parametrize("name", ["final", "DenseNet3Blocks", "ResNet4Blocks"])
def test_outputs_are_added_as_the_onnx_package_adds_them(study: Run, name: str) -> None:
    data = study.bytes(f"models/{name}.onnx")
    names = onnx_file.activations(data)
    proto = onnx.load_from_string(data)
    assert names == [node.output[0] for node in proto.graph.node if node.op_type == "Relu"]
    more = onnx.load_from_string(onnx_file.with_outputs(data, names[:3]))
    assert [output.name for output in more.graph.output[-3:]] == names[:3]
    assert more.graph.node == proto.graph.node


@published
def test_every_layer_answers_and_the_first_as_feature_maps_do(study: Run) -> None:
    model = inference.final_model(study.document(ExportSummary).models)
    image = study.arrays("data/test.npz")["images"][0]
    maps = inference.layer_maps(study, model, image)
    assert [each.shape for each in maps[:3]] == [(32, 28, 28), (32, 28, 28), (64, 14, 14)]
    first = inference.network(study, model).feature_maps(image[None])[0]
    np.testing.assert_allclose(maps[0], first, atol=1e-5)


def test_no_onnx_file_has_no_layers() -> None:
    with pytest.raises(onnx_file.NotOnnx, match="damaged"):
        onnx_file.activations(b"\x3a\x02\x0a\x7f")


def test_layers_are_spread_over_the_network_and_show_their_strongest() -> None:
    rng = np.random.default_rng(0)
    maps = [np.float32(rng.random((4, 8 // (1 + n // 6), 8 // (1 + n // 6)))) for n in range(12)]
    maps[0][2] += 1
    shown = layers.shown(maps)
    assert [layer.number for layer in shown] == [1, 3, 4, 6, 7, 9, 10, 12]
    assert shown[0].filters[0] == 2 and shown[0].pictures.shape == (4, 8, 8)
    assert shown[-1].size == (4, 4) and shown[-1].pictures.shape == (4, 8, 8)
    assert shown[-1].caption == "Layer 12: 4 maps of 4 x 4"
    assert layers.sentence(shown).startswith("From 4 maps of 8 x 8 to 4 of 4 x 4")


@pytest.mark.usefixtures("only_run")
def test_the_page_shows_the_layers_of_the_network_that_is_picked() -> None:
    app = open_page("feature_maps", feature_maps_network="OwnBaseline1")
    assert app.selectbox(key="feature_maps_network").value == "OwnBaseline1"
    assert "Layer 1: 4 maps of 28 x 28" in words(app)
    healthy(app.selectbox(key="feature_maps_network").set_value("Champion").run())
