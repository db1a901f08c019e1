"""ONNX export: one file, a free batch size, the four outputs, and weights stored smaller."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from pipeline.models import registry
from pipeline.onnx_export import OUTPUTS, export, export_photo, reduce_weights, run_onnx
from pipeline.training.loop import logits_of


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    network = registry.build("OwnBaseline1", classes=10, image_size=28, seed=3)
    torch.nn.init.normal_(network.classifier.weight, std=0.2)  # untrained logits would be too flat to compare
    return network.eval()


@pytest.fixture(scope="module")
def proto(model: torch.nn.Module) -> onnx.ModelProto:
    return export(model, 28)


def test_all_outputs_for_any_batch(proto: onnx.ModelProto, sample: tuple[np.ndarray, np.ndarray]) -> None:
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    assert [each.name for each in session.get_outputs()] == list(OUTPUTS)
    for count in (1, 7):
        logits, probabilities, embedding, maps = session.run(None, {"images": sample[0][:count]})
        assert logits.shape == probabilities.shape == (count, 10)
        assert embedding.shape == (count, 256) and maps.shape == (count, 32, 28, 28)
        np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("precision", "tolerance", "share"), [("fp32", 1e-4, 1.0), ("fp16", 0.02, 0.6), ("int8", 0.3, 0.35)]
)
def test_logits_and_size_of_each_precision(
    model: torch.nn.Module,
    proto: onnx.ModelProto,
    sample: tuple[np.ndarray, np.ndarray],
    precision: str,
    tolerance: float,
    share: float,
) -> None:
    content = reduce_weights(proto, precision).SerializeToString()
    images = sample[0][:64]
    expected = logits_of(model, torch.from_numpy(images).unsqueeze(1), exact=True).numpy()
    actual = run_onnx(content, images)
    assert np.abs(actual - expected).max() <= tolerance
    assert (actual.argmax(1) == expected.argmax(1)).mean() > 0.95
    assert len(content) <= share * len(proto.SerializeToString()) + 1


@pytest.mark.parametrize("prior", [(), tuple(-0.5 * number for number in range(10))])
def test_the_photo_models_prior_changes_its_classes_and_not_its_rejection(
    sample: tuple[np.ndarray, np.ndarray], prior: tuple[float, ...]
) -> None:
    network = registry.build("PhotoNet", classes=10, image_size=28, seed=1).eval()
    torch.nn.init.normal_(network.classifier.weight, std=0.2)
    session = onnxruntime.InferenceSession(
        export_photo(network, 28, temperature=2.0, log_prior=prior).SerializeToString()
    )
    images = sample[0][:8]
    logits, probabilities, rejection = session.run(["logits", "probabilities", "rejection"], {"images": images})
    expected = logits_of(network, torch.from_numpy(images).unsqueeze(1), exact=True)
    own = expected[:, :10] - torch.tensor(prior or [0.0])
    np.testing.assert_allclose(logits, own, atol=1e-4)
    np.testing.assert_allclose(probabilities, (own / 2).softmax(1), atol=1e-4)
    np.testing.assert_allclose(rejection, expected[:, 10] - expected[:, :10].logsumexp(1), atol=1e-4)


def test_files_say_nothing_of_the_machine_and_hold_all_weights(proto: onnx.ModelProto) -> None:
    content = proto.SerializeToString()
    assert b"/pipeline/" not in content and b"site-packages" not in content
    assert all(weight.data_location == onnx.TensorProto.DEFAULT for weight in proto.graph.initializer)
