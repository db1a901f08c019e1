"""portal/networks/inference.py on a network whose answers can be worked out by hand."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from artifacts.contract import SCHEMA, ArtifactError, ExportedModel, Machine, Manifest
from artifacts.store import Run, encode, record
from portal.networks import inference
from tests.portal.tiny_network import tiny_network

SIDE = 12
MODEL = ExportedModel(
    name="Tiny",
    role="final",
    file="models/tiny.onnx",
    precision="fp32",
    parameters=44,
    embedding_size=4,
    feature_maps=(4, SIDE, SIDE),
    parity=(),
)


def run_with(folder: Path, data: bytes) -> Run:
    """A run of three classes that holds `data` as its only file."""
    manifest = Manifest(
        schema=SCHEMA,
        name="tiny",
        data="drawn",
        data_sha256={},
        profile="smoke",
        settings=(),
        seed=0,
        classes=("one", "two", "three"),
        image_size=SIDE,
        config={},
        machine=Machine(processor="", cores=1, memory_gib=1.0, device="cpu", platform="", versions={}),
        stages={},
        files={MODEL.file: record(data)},
        clock_files={},
    )
    (folder / "models").mkdir(parents=True, exist_ok=True)
    (folder / MODEL.file).write_bytes(data)
    (folder / Manifest.PATH).write_bytes(encode(manifest))
    return Run(folder)


@pytest.fixture(autouse=True)
def no_sessions_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "_sessions", {})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_with(tmp_path / "run", tiny_network(classes=3, image_size=SIDE))


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (7, SIDE, SIDE), dtype=np.uint8)


def test_a_prediction_has_one_row_an_image(run: Run, images: np.ndarray) -> None:
    prediction = inference.network(run, MODEL).predict(images)
    assert prediction.logits.shape == prediction.probabilities.shape == (7, 3)
    assert prediction.embedding.shape == (7, 4)
    np.testing.assert_allclose(prediction.probabilities.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(prediction.classes, prediction.logits.argmax(axis=1))


def test_the_identity_filter_gives_the_normalised_image(run: Run, images: np.ndarray) -> None:
    maps = inference.network(run, MODEL).feature_maps(images)
    assert maps.shape == (7, 4, SIDE, SIDE)
    np.testing.assert_allclose(maps[:, 0], images / 255, atol=1e-6)


def test_chunks_give_the_answers_of_one_call(run: Run, images: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    network = inference.network(run, MODEL)
    whole = network.predict(images)
    monkeypatch.setattr(inference, "CHUNK", 3)
    np.testing.assert_allclose(network.predict(images).logits, whole.logits, atol=1e-6)


def test_threads_share_one_session(run: Run, images: np.ndarray) -> None:
    expected = inference.network(run, MODEL).predict(images).logits
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: inference.network(run, MODEL).predict(images).logits, range(32)))
    assert len(inference._sessions) == 1
    for logits in answers:
        np.testing.assert_array_equal(logits, expected)


def test_a_full_cache_drops_the_longest_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "MAX_SESSIONS", 2)
    runs = [run_with(tmp_path / str(seed), tiny_network(classes=3, image_size=SIDE, seed=seed)) for seed in range(3)]
    for run in runs:
        inference.network(run, MODEL)
    assert list(inference._sessions) == [(run.manifest.files[MODEL.file].sha256, False) for run in runs[1:]]


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, SIDE, SIDE), np.float32),
        np.zeros((SIDE, SIDE), np.uint8),
        np.zeros((2, SIDE, SIDE + 1), np.uint8),
        np.zeros((0, SIDE, SIDE), np.uint8),
    ],
    ids=["float", "one image", "other side", "none"],
)
def test_other_arrays_are_refused(run: Run, images: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Images must be uint8"):
        inference.network(run, MODEL).predict(images)


def test_a_changed_file_is_refused(run: Run) -> None:
    (run.folder / MODEL.file).write_bytes(tiny_network(classes=3, image_size=SIDE, seed=9))
    with pytest.raises(ArtifactError, match="changed or damaged"):
        inference.network(run, MODEL)


def test_a_file_that_is_not_in_the_run_is_refused(run: Run) -> None:
    with pytest.raises(ArtifactError, match="The run has no models/other"):
        inference.network(run, replace(MODEL, file="models/other.onnx"))


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is damaged or no ONNX file: export it again"):
        inference.network(run_with(tmp_path / "run", b"no network"), MODEL)


def test_a_network_that_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    data = tiny_network(classes=3, image_size=SIDE).replace(b"convolved", b"convulved", 1)
    with pytest.raises(ArtifactError, match="cannot be loaded by onnxruntime"):
        inference.network(run_with(tmp_path / "run", data), MODEL)


def test_a_network_without_the_outputs_is_refused(tmp_path: Path) -> None:
    data = tiny_network(classes=3, image_size=SIDE).replace(b"embedding", b"embeddong")
    with pytest.raises(ArtifactError, match="does not take `images`"):
        inference.network(run_with(tmp_path / "run", data), MODEL)


def test_only_a_network_for_photos_says_how_likely_none_of_the_classes_is(tmp_path: Path, images: np.ndarray) -> None:
    run = run_with(tmp_path / "run", tiny_network(classes=3, image_size=SIDE, photo=True))
    rejection = inference.network(run, replace(MODEL, role="photo")).predict(images).rejection
    assert rejection is not None
    np.testing.assert_allclose(rejection, -images.mean(axis=(1, 2)) / 255, atol=1e-6)
    assert inference.network(run, MODEL).predict(images).rejection is None


def test_a_network_for_photos_that_cannot_reject_is_refused(run: Run) -> None:
    with pytest.raises(ArtifactError, match=r"and give .* rejection: export it again"):
        inference.network(run, replace(MODEL, role="photo"))


def test_the_network_for_photos_has_no_vote(run: Run, images: np.ndarray) -> None:
    models = [MODEL, replace(MODEL, name="photo", role="photo")]
    assert list(inference.ask_all(run, models, images[:1])) == ["Tiny"]
    assert inference.photo_model(models) == models[1]
    assert inference.photo_model(models[:1]) is None
