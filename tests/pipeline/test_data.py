"""The data set's sources, checksums, parsing and split."""

import contextlib
import gzip
import hashlib
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline import data
from pipeline.support.errors import UserError
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


def digests(images: np.ndarray) -> set[bytes]:
    return {hashlib.sha256(image.tobytes()).digest() for image in images}


def test_no_image_is_in_two_parts_of_the_data(fashion: data.Dataset) -> None:
    """Disjoint numbers would not help if the same picture had two: by content, its mirror image included."""
    train, test = digests(fashion.train_images), digests(fashion.test_images)
    assert (len(train), len(test)) == (60_000, 10_000)  # none twice within a file
    assert not train & test
    assert not digests(fashion.train_images[:, :, ::-1]) & test


@pytest.mark.parametrize("train_images", [50_000, 40_000])
def test_no_image_is_in_two_parts_of_a_split(fashion: data.Dataset, train_images: int) -> None:
    split = data.split(fashion, train_images=train_images, validation_images=10_000, seed=0)
    train, validation = (fashion.train_images[part] for part in (split.train, split.validation))
    assert not digests(train) & digests(validation)
    assert not digests(train[:, :, ::-1]) & digests(validation)


def test_the_same_image_twice_would_be_found(fashion: data.Dataset) -> None:
    assert digests(fashion.train_images[:3]) & digests(fashion.train_images[2:4])


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


@pytest.fixture(scope="module")
def own_copy(fashion: data.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fashion-MNIST's four files, not gzipped, for these tests to damage and to mend."""
    folder = tmp_path_factory.mktemp("copy")
    for part, prefix in (("train", "train"), ("test", "t10k")):
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx_bytes(getattr(fashion, f"{part}_images")))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx_bytes(getattr(fashion, f"{part}_labels")))
    assert data.load(folder).name == "Fashion-MNIST"
    return folder


@pytest.mark.parametrize("name", sorted(data.FASHION_MNIST))
def test_a_flipped_byte_anywhere_in_a_file_is_refused_by_name(own_copy: Path, name: str) -> None:
    """The first byte, the last, and three between; the four files are read in one order, so this one alone is named."""
    size, draw = data.FASHION_MNIST[name][0], random.Random(name)
    for offset in (0, size - 1, *(draw.randrange(1, size - 1) for _ in range(3))):
        with (
            flipped(own_copy / name, offset, draw.randrange(1, 256)),
            pytest.raises(UserError, match=f"{name} is not the file of the data set .*sha256 differs.*fetch it again"),
        ):
            data._read(own_copy, name, *data.FASHION_MNIST[name])
    with flipped(own_copy / name, size // 2, 1), pytest.raises(UserError, match=name):
        data.load(own_copy)
    data._read(own_copy, name, *data.FASHION_MNIST[name])  # mended


@contextlib.contextmanager
def flipped(path: Path, offset: int, bits: int) -> Iterator[None]:
    """The file with one byte changed in place; afterwards as before."""

    def flip() -> None:
        with path.open("r+b") as file:
            file.seek(offset)
            [byte] = file.read(1)
            file.seek(offset)
            file.write(bytes([byte ^ bits]))

    flip()
    try:
        yield
    finally:
        flip()


def test_a_flipped_byte_anywhere_in_a_gzip_file_is_refused_or_changes_nothing(
    fashion: data.Dataset, tmp_path: Path
) -> None:
    """All of the header and of the sums, and every 40th byte between; some do not matter, such as the header's date."""
    name = "t10k-labels-idx1-ubyte"
    good, refused = idx_bytes(fashion.test_labels), 0
    whole = gzip.compress(good, mtime=0)
    offsets = sorted({*range(20), *range(0, len(whole), 40), *range(len(whole) - 8, len(whole))})
    for offset in offsets:
        (tmp_path / f"{name}.gz").write_bytes(
            whole[:offset] + bytes([whole[offset] ^ 1 << offset % 8]) + whole[offset + 1 :]
        )
        try:
            assert data._read(tmp_path, name, *data.FASHION_MNIST[name]) == good, offset
        except UserError as error:
            assert name in str(error)
            refused += 1
    assert refused >= len(offsets) - 10


@pytest.mark.parametrize("name", sorted(data.FASHION_MNIST))
def test_one_part_in_the_place_of_the_other_is_refused(own_copy: Path, tmp_path: Path, name: str) -> None:
    """The test file's labels as the training file's, say: every header is right, and only the sum tells."""
    for each in data.FASHION_MNIST:
        (tmp_path / each).symlink_to(own_copy / each)
    (tmp_path / name).unlink()
    other = name.replace("train", "t10k") if "train" in name else name.replace("t10k", "train")
    (tmp_path / name).symlink_to(own_copy / other)
    with pytest.raises(UserError, match=name):
        data.load(tmp_path)


def test_a_gzip_bomb_is_not_unpacked(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "OTHER_MAX_BYTES", 1 << 20)
    (data_folder / "train-images-idx3-ubyte").unlink()
    (data_folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(1 << 24)))
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=r"train-images-idx3-ubyte.*sha256 differs"):
            data.load(data_folder)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20  # twice the cap, for a buffer that grows
    finally:
        tracemalloc.stop()


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
