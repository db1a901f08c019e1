"""The data set: sources of its four IDX files, their checksums, and the split.

Sources and checksums: DESIGN.md, taken from the data set's makers (Xiao et al. 2017, arXiv:1708.07747). A folder with a
`names.txt` beside its IDX files (one class name a line) is another data set of the same kind and is taken as it is.
"""

import gzip
import hashlib
import shutil
import socket
import subprocess
import tempfile
import zlib
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold, train_test_split

from pipeline.photographs import Photographs
from pipeline.support.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "data" / "fashion-mnist"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
DEBIAN_PACKAGE = "dataset-fashion-mnist"

# name -> (bytes, sha256) of the decompressed file
FASHION_MNIST = {
    "train-images-idx3-ubyte": (47040016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
    "train-labels-idx1-ubyte": (60008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
    "t10k-images-idx3-ubyte": (7840016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    "t10k-labels-idx1-ubyte": (10008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
}
FASHION_MNIST_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
OTHER_MAX_BYTES = 1 << 30  # another data set's file may not unpack to more


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images uint8 (N, S, S) and labels uint8 (N,) as in the files; `sha256` by file name. Hashed by identity."""

    name: str
    classes: tuple[str, ...]
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    sha256: dict[str, str]
    folder: Path
    photographs: Photographs | None = None

    @property
    def image_size(self) -> int:
        return int(self.train_images.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        return hashlib.sha256("".join(self.sha256[name] for name in FASHION_MNIST).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Split:
    """Indices (uint32, sorted) into the training file; stratified by class, disjoint."""

    train: np.ndarray
    validation: np.ndarray


def load(folder: Path | None = None) -> Dataset:
    """Load the data set in `folder`, or Fashion-MNIST from the first source that has it, and check every byte."""
    if folder is not None:
        if not folder.is_dir():
            raise UserError(
                f"The data folder {folder} does not exist or is no folder; give the one with the IDX files."
            )
        return _load_folder(folder)
    here = next(filter(_holds_files, (CACHE, DEBIAN_FOLDER)), None)
    if found := here or _download_with_torchvision() or _download_with_apt():
        return _load_folder(found)
    raise UserError(
        f"Fashion-MNIST was not found in {CACHE} or {DEBIAN_FOLDER} and could not be downloaded with torchvision or "
        f"apt-get: run 'apt-get install {DEBIAN_PACKAGE}', or give the folder with its four IDX files as --data FOLDER."
    )


@lru_cache(maxsize=4)
def split(dataset: Dataset, *, train_images: int, validation_images: int, seed: int) -> Split:
    """A stratified split of the training file; the deck's tables say 50,000 + 10,000, its slide 40,000 + 10,000."""
    total = len(dataset.train_labels)
    if train_images + validation_images > total:
        raise UserError(
            f"The split asks for {train_images} + {validation_images} images, but the training file has {total}: "
            "give smaller sizes."
        )
    index = np.arange(total, dtype=np.uint32)
    rest, validation = _stratified(index, dataset.train_labels, total - validation_images, seed)
    return Split(train=np.sort(subset(rest, dataset.train_labels, train_images, seed)), validation=np.sort(validation))


def subset(index: np.ndarray, labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """`count` of the given indices, stratified by `labels[index]`, sorted; all of them if there are no more."""
    if count >= len(index):
        return index
    return np.sort(_stratified(index, labels, count, seed)[0])


def of_each_class(labels: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Positions (classes, count) in `labels`, drawn from each class; fewer where the smallest class has fewer."""
    classes, sizes = np.unique(labels, return_counts=True)
    count = min(count, int(sizes.min()))
    return np.stack([generator.choice(np.flatnonzero(labels == each), count, replace=False) for each in classes])


def _stratified(index: np.ndarray, labels: np.ndarray, count: int, seed: int) -> list[np.ndarray]:
    """Split `count` of the indices off, stratified; UserError if a part cannot hold every class."""
    try:
        return train_test_split(
            index, train_size=count, test_size=len(index) - count, random_state=seed, stratify=labels[index]
        )
    except ValueError as error:
        raise UserError(
            f"The split asks for {count} of {len(index)} images, too few on one side to hold every class: "
            "give other sizes."
        ) from error


def fold(labels: np.ndarray, number: int, of: int, seed: int) -> np.ndarray:
    """Positions in `labels`, sorted, of the part with this number (from 0) of `of` parts, stratified by class."""
    folds = StratifiedKFold(of, shuffle=True, random_state=seed).split(np.zeros(len(labels)), labels)
    return list(folds)[number][1]


def with_test_images(dataset: Dataset, count: int) -> Dataset:
    """Return the data set with `count` of its test images, stratified; only the smoke profile uses fewer than all."""
    index = subset(np.arange(len(dataset.test_labels)), dataset.test_labels, count, seed=0)
    return replace(dataset, test_images=dataset.test_images[index], test_labels=dataset.test_labels[index])


# ----------------------------------------------------------------------------------------------------------- sources


def _holds_files(folder: Path) -> bool:
    return all(_file_in(folder, name) is not None for name in FASHION_MNIST)


def _file_in(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _download_with_torchvision() -> Path | None:
    from torchvision.datasets import FashionMNIST

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(20)
    try:
        with tempfile.TemporaryDirectory() as temporary:
            FashionMNIST(temporary, download=True)
            return _keep(Path(temporary) / "FashionMNIST" / "raw")
    except (OSError, RuntimeError):
        return None
    finally:
        socket.setdefaulttimeout(before)


def _download_with_apt() -> Path | None:
    """Download Debian's package and unpack it without root. Fetch package lists once: a new machine may lack them."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return None
    with tempfile.TemporaryDirectory() as temporary:
        for command in (["apt-get", "download", DEBIAN_PACKAGE], ["apt-get", "update"]) * 2:
            subprocess.run(command, cwd=temporary, capture_output=True, check=False, timeout=300)
            packages = list(Path(temporary).glob("*.deb"))
            if packages:
                subprocess.run(["dpkg-deb", "-x", packages[0], temporary], check=True, capture_output=True)
                return _keep(Path(temporary) / DEBIAN_FOLDER.relative_to("/"))
    return None


def _keep(folder: Path) -> Path:
    """Move the four files of `folder` to the cache, all or none."""
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE.parent) as temporary:
        target = Path(temporary) / CACHE.name
        target.mkdir()
        for name in FASHION_MNIST:
            path = _file_in(folder, name)
            if path is None:
                raise UserError(f"The download holds no {name}: try again, or give the files with --data FOLDER.")
            shutil.copy(path, target / path.name)
        shutil.rmtree(CACHE, ignore_errors=True)
        target.rename(CACHE)
    return CACHE


# ----------------------------------------------------------------------------------------------------------- reading


def _load_folder(folder: Path) -> Dataset:
    names = _class_names(folder)
    expected = FASHION_MNIST if names is None else dict.fromkeys(FASHION_MNIST, (OTHER_MAX_BYTES, None))
    contents = {name: _read(folder, name, *expected[name]) for name in FASHION_MNIST}
    arrays = {name: _parse_idx(folder, name, data) for name, data in contents.items()}
    dataset = Dataset(
        name="Fashion-MNIST" if names is None else folder.resolve().name,
        classes=names or FASHION_MNIST_NAMES,
        train_images=arrays["train-images-idx3-ubyte"],
        train_labels=arrays["train-labels-idx1-ubyte"],
        test_images=arrays["t10k-images-idx3-ubyte"],
        test_labels=arrays["t10k-labels-idx1-ubyte"],
        sha256={name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
        folder=folder,
    )
    _check_consistent(dataset)
    return dataset


def _class_names(folder: Path) -> tuple[str, ...] | None:
    path = folder / "names.txt"
    if not path.is_file():
        return None
    names = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    if not 2 <= len(names) <= 256 or len(set(names)) != len(names):
        raise UserError(f"{path} must hold 2 to 256 different class names, one a line.")
    return names


def _read(folder: Path, name: str, size: int, sha256: str | None) -> bytes:
    """The decompressed bytes; never more than the declared size is unpacked, whatever the file claims."""
    path = _file_in(folder, name)
    if path is None:
        raise UserError(
            f"The data folder {folder} has no {name} or {name}.gz: put the data set's four IDX files there."
        )
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read ({error}): fetch the file again.") from error
    wrong = len(data) > size if sha256 is None else hashlib.sha256(data).hexdigest() != sha256
    if wrong:
        raise UserError(f"{path} is not the file of the data set (its sha256 differs): fetch it again.")
    return data


def _parse_idx(folder: Path, name: str, data: bytes) -> np.ndarray:
    """The array in an IDX file of unsigned bytes: magic 00 00 08 axes, the sizes as big-endian uint32, the values."""
    axes = 3 if "images" in name else 1
    head = 4 + 4 * axes
    shape = tuple(int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes))
    if data[:4] != bytes((0, 0, 8, axes)) or len(data) != head + int(np.prod(shape, dtype=np.int64)):
        raise UserError(f"{folder / name} is no IDX file of {axes} axes: fetch the file again.")
    return np.frombuffer(data, dtype=np.uint8, offset=head).reshape(shape)


def _check_consistent(dataset: Dataset) -> None:
    for part in ("train", "test"):
        images, labels = getattr(dataset, f"{part}_images"), getattr(dataset, f"{part}_labels")
        if len(images) != len(labels) or images.shape[1] != images.shape[2] or len(images) == 0:
            raise UserError(
                f"The {part} files in {dataset.folder} do not fit together: images must be square, one label each."
            )
        counts = np.bincount(labels, minlength=len(dataset.classes))
        if len(counts) > len(dataset.classes):
            raise UserError(f"The {part} labels in {dataset.folder} go beyond the {len(dataset.classes)} class names.")
        if counts.min() < 2:
            name = dataset.classes[int(counts.argmin())]
            raise UserError(f"The {part} file in {dataset.folder} has fewer than two images of the class {name}.")
    if dataset.train_images.shape[1:] != dataset.test_images.shape[1:]:
        raise UserError(f"The train and test images in {dataset.folder} differ in size.")
