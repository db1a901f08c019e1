"""A small data set of another name, made from the committed sample of real images: quick to load and to train on; and
the name of a run."""

import gzip
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.pipeline.command_line import ROOT

# One thread: the tests' networks are small, and a busy machine stalls threads that wait for each other.
torch.set_num_threads(1)

SAMPLE = Path(__file__).parent.parent / "fixtures" / "fashion_mnist_sample.npz"
CLASS_NAMES = tuple(f"kind {number}" for number in range(10))


def idx_bytes(array: np.ndarray) -> bytes:
    """The IDX file of an array of unsigned bytes."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes((0, 0, 8, array.ndim)) + sizes + array.tobytes()


def write_data(folder: Path, images: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> Path:
    """A data folder with the same images for training and testing, some files gzipped, and names.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train-images-idx3-ubyte").write_bytes(idx_bytes(images))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images)))
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    (folder / "names.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def sample() -> tuple[np.ndarray, np.ndarray]:
    """256 real training images uint8 (256, 28, 28) and their labels."""
    with np.load(SAMPLE, allow_pickle=False) as archive:
        return archive["images"], archive["labels"]


@pytest.fixture
def data_folder(tmp_path: Path, sample: tuple[np.ndarray, np.ndarray]) -> Path:
    return write_data(tmp_path / "garments", *sample, CLASS_NAMES)


@pytest.fixture
def run_name() -> Iterator[str]:
    """The name of a run of this test's own."""
    name = f"test-{os.getpid()}-{time.monotonic_ns()}"
    yield name
    shutil.rmtree(ROOT / "runs" / name, ignore_errors=True)
