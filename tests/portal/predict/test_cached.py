"""Networks are asked once for the same files and the same image, and again for any other."""

import dataclasses

import numpy as np
import pytest

from artifacts.contract import ArtifactError, ExportSummary
from artifacts.photo import decode, prepare
from artifacts.store import Run
from portal.core import memo
from portal.core.pictures import png
from portal.networks import inference
from portal.predict import cached, explain


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of images of each time a network is asked."""
    memo.clear()
    counted: list[int] = []
    real = inference.Network._run

    def run(self, images, outputs):
        counted.append(len(images))
        return real(self, images, outputs)

    monkeypatch.setattr(inference.Network, "_run", run)
    return counted


def images(run: Run, seed: int = 0) -> np.ndarray:
    side = run.manifest.image_size
    return np.random.default_rng(seed).integers(0, 256, (2, side, side), dtype=np.uint8)


def test_the_answers_are_inference_s_and_only_a_new_image_is_asked_about(full_run: Run, runs: list[int]) -> None:
    models = full_run.document(ExportSummary).models
    pair = images(full_run)
    expected = inference.ask_all(full_run, models, pair)
    given = cached.ask_all(full_run, models, pair)
    for name, probabilities in expected.items():
        np.testing.assert_allclose(given[name], probabilities, atol=1e-6)
    runs.clear()
    cached.ask_all(full_run, models, pair)
    assert cached.votes(full_run, models, pair[1]).keys() == expected.keys()
    assert not runs
    changed = np.stack([pair[0], images(full_run, 1)[0]])
    cached.ask_all(full_run, models, changed)
    assert runs == [1] * len(expected)


def test_the_same_question_about_another_class_image_or_network_is_new(full_run: Run, runs: list[int]) -> None:
    models = full_run.document(ExportSummary).models
    final, other = inference.final_model(models), next(model for model in models if model.role != "final")
    image = images(full_run)[0]
    first = cached.occlusion(full_run, final, image, 1)
    assert cached.occlusion(full_run, final, image, 1) is first
    assert len(runs) == 1
    for model, shown, target in ((other, image, 1), (final, images(full_run, 1)[0], 1), (final, image, 2)):
        assert cached.occlusion(full_run, model, shown, target) is not first
    assert len(runs) == 4


def test_an_answer_and_its_neighbours_are_kept(full_run: Run, runs: list[int]) -> None:
    models, pixels = full_run.document(ExportSummary).models, images(full_run)[0]
    final, embedding = inference.final_model(models), full_run.arrays("final/embedding.npz")
    preparation = prepare(decode(png(pixels)), size=full_run.manifest.image_size)
    one = cached.answer(full_run, models, preparation)
    near = cached.nearest(full_run, final, embedding, pixels)
    runs.clear()
    assert cached.answer(full_run, models, preparation) is one
    assert cached.nearest(full_run, final, embedding, pixels) is near
    assert not runs
    fresh = explain.nearest(inference.network(full_run, final), embedding, pixels)
    np.testing.assert_array_equal(near.labels, fresh.labels)


def test_a_network_that_is_missing_is_said_each_time(full_run: Run) -> None:
    models = full_run.document(ExportSummary).models
    gone = dataclasses.replace(models[0], file="models/gone.onnx")
    for _ in range(2):
        with pytest.raises(ArtifactError, match="no models/gone"):
            cached.votes(full_run, [gone], images(full_run)[0])
