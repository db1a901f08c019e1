"""The data set's sources, checksums, parsing and split."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from pipeline import data
from pipeline.errors import UserError
from tests.pipeline.conftest import CLASS_NAMES, idx_bytes, write_data


@pytest.fixture(scope="module")
def fashion() -> data.Dataset:
    return data.load()


def test_fashion_mnist_is_the_real_one(fashion: data.Dataset) -> None:
    assert fashion.train_images.shape == (60_000, 28, 28)
    assert fashion.test_images.shape == (10_000, 28, 28)
    assert fashion.classes == data.FASHION_MNIST_NAMES
    assert fashion.sha256 == {name: sha for name, (_, sha) in data.FASHION_MNIST.items()}


@pytest.mark.parametrize("train_images", [50_000, 40_000])
def test_split_is_stratified_disjoint_and_fixed(fashion: data.Dataset, train_images: int) -> None:
    split = data.split(fashion, train_images=train_images, validation_images=10_000, seed=0)
    assert not np.intersect1d(split.train, split.validation).size
    assert np.bincount(fashion.train_labels[split.train]).tolist() == [train_images // 10] * 10
    assert np.bincount(fashion.train_labels[split.validation]).tolist() == [1_000] * 10
    data.split.cache_clear()
    again = data.split(fashion, train_images=train_images, validation_images=10_000, seed=0)
    np.testing.assert_array_equal(split.train, again.train)


def test_both_splits_share_their_validation_part(fashion: data.Dataset) -> None:
    larger = data.split(fashion, train_images=50_000, validation_images=10_000, seed=0)
    smaller = data.split(fashion, train_images=40_000, validation_images=10_000, seed=0)
    np.testing.assert_array_equal(larger.validation, smaller.validation)


def test_split_too_large_is_one_sentence(fashion: data.Dataset) -> None:
    with pytest.raises(UserError, match="give smaller sizes"):
        data.split(fashion, train_images=59_000, validation_images=10_000, seed=0)


def test_another_data_set_brings_its_own_names(data_folder: Path, sample: tuple[np.ndarray, np.ndarray]) -> None:
    other = data.load(data_folder)
    assert other.name == "garments"
    assert other.classes == CLASS_NAMES
    np.testing.assert_array_equal(other.test_images, sample[0])
    np.testing.assert_array_equal(other.train_labels, sample[1])


@pytest.mark.parametrize("name", sorted(data.FASHION_MNIST))
@pytest.mark.parametrize("fault", ["missing", "truncated", "wrong magic", "too many", "broken gzip"])
def test_damaged_file_is_refused_by_name(data_folder: Path, name: str, fault: str) -> None:
    path = next(p for p in (data_folder / name, data_folder / f"{name}.gz") if p.exists())
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    path.unlink()
    if fault == "truncated":
        (data_folder / name).write_bytes(content[:-1])
    elif fault == "wrong magic":
        (data_folder / name).write_bytes(b"\x00\x00\x09" + content[3:])
    elif fault == "too many":
        (data_folder / name).write_bytes(content + b"\x00")
    elif fault == "broken gzip":
        (data_folder / f"{name}.gz").write_bytes(gzip.compress(content)[:-9])
    with pytest.raises(UserError, match=name):
        data.load(data_folder)


def test_fashion_mnist_with_one_wrong_byte_is_refused(tmp_path: Path, fashion: data.Dataset) -> None:
    for part in ("train", "t10k"):
        images, labels = ("train_images", "train_labels") if part == "train" else ("test_images", "test_labels")
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(getattr(fashion, images)))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(getattr(fashion, labels)))
    assert data.load(tmp_path).name == "Fashion-MNIST"
    path = tmp_path / "t10k-labels-idx1-ubyte"
    content = bytearray(path.read_bytes())
    content[5_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="sha256 differs"):
        data.load(tmp_path)


def test_a_gzip_bomb_is_not_unpacked(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "OTHER_MAX_BYTES", 1 << 20)
    (data_folder / "train-images-idx3-ubyte").unlink()
    (data_folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(1 << 24)))
    with pytest.raises(UserError, match=r"sha256 differs|no IDX"):
        data.load(data_folder)


def test_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        data.load(tmp_path / "nowhere")


def test_labels_beyond_the_names_are_refused(tmp_path: Path, sample: tuple[np.ndarray, np.ndarray]) -> None:
    folder = write_data(tmp_path / "few", *sample, ("only", "two"))
    with pytest.raises(UserError, match="beyond the 2 class names"):
        data.load(folder)


def test_an_empty_class_is_refused(tmp_path: Path, sample: tuple[np.ndarray, np.ndarray]) -> None:
    folder = write_data(tmp_path / "many", *sample, (*CLASS_NAMES, "kind 10"))
    with pytest.raises(UserError, match="fewer than two images of the class kind 10"):
        data.load(folder)


def test_no_source_names_them_all_and_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(data, "DEBIAN_FOLDER", tmp_path / "debian")
    monkeypatch.setattr(data, "_download_with_torchvision", lambda: None)
    monkeypatch.setattr(data, "_download_with_apt", lambda: None)
    with pytest.raises(UserError, match=r"apt-get install dataset-fashion-mnist.*--data FOLDER"):
        data.load()


def test_a_download_fills_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fashion: data.Dataset) -> None:
    monkeypatch.setattr(data, "CACHE", tmp_path / "cache" / "fashion-mnist")
    source = fashion.folder
    monkeypatch.setattr(data, "DEBIAN_FOLDER", tmp_path / "debian")
    monkeypatch.setattr(data, "_download_with_torchvision", lambda: data._keep(source))
    assert data.load().folder == tmp_path / "cache" / "fashion-mnist"
    monkeypatch.setattr(data, "_download_with_torchvision", lambda: pytest.fail("The cache was not used."))
    assert data.load().fingerprint == fashion.fingerprint
