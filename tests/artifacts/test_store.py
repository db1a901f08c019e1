"""Reading and writing a run: canonical, atomic, checked."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts import store
from artifacts.arrays import check
from artifacts.contract import ArtifactError, ConfusedPair, ErrorsSummary, Manifest
from artifacts.store import Run

SUMMARY = ErrorsSummary(10, 2, (ConfusedPair(0, 1, 2),), (1,), (0,), 0.9, 0.5)


def test_documents_survive_the_way_to_disk_and_back() -> None:
    data = store.encode(SUMMARY)
    assert store.decode(ErrorsSummary, data, source="here") == SUMMARY
    assert store.encode(store.decode(ErrorsSummary, data, source="here")) == data


def test_a_number_that_is_not_finite_is_never_written() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        store.encode(ErrorsSummary(1, 0, (), (), (), float("nan"), 0.0))


@pytest.mark.parametrize(
    "change",
    [{"images": "many"}, {"unknown": 1}, {"mean_confidence_right": None}, {"pairs": [[1]]}],
    ids=["type", "unknown field", "missing value", "nested"],
)
def test_a_document_that_breaks_the_contract_is_named(change: dict[str, object]) -> None:
    plain = json.loads(store.encode(SUMMARY)) | change
    with pytest.raises(ArtifactError, match=r"^errors/summary.json does not follow the contract at "):
        store.decode(ErrorsSummary, json.dumps(plain).encode(), source="errors/summary.json")


@given(st.binary(max_size=200))
def test_decoding_any_bytes_gives_a_document_or_an_artifact_error(data: bytes) -> None:
    with pytest.raises(ArtifactError):
        store.decode(ErrorsSummary, data, source="x")
    with pytest.raises(ArtifactError):
        store.npz_arrays(data, source="x")


def test_equal_arrays_give_equal_bytes() -> None:
    arrays = {"b": np.arange(5), "a": np.zeros((2, 2))}
    assert store.npz_bytes(arrays) == store.npz_bytes(dict(reversed(arrays.items())))


def test_a_pickled_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, allow_pickle=True, a=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ArtifactError):
        store.npz_arrays(path.read_bytes(), source="x.npz")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    store.write_atomic(path, b"old")

    def full_disk(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        store.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_arrays_of_another_dtype_shape_or_name_are_named() -> None:
    good = {"images": np.zeros((3, 28, 28), np.uint8), "labels": np.zeros(3, np.uint8)}
    check("data/test.npz", good, classes=10, image_size=28)
    for change, message in [
        ({"labels": np.zeros(3, np.int64)}, "labels in data/test.npz is int64"),
        ({"labels": np.zeros(4, np.uint8)}, "where N should be 3"),
        ({"images": np.zeros((3, 32, 32), np.uint8)}, "where S should be 28"),
        ({"extra": np.zeros(1)}, "holds the arrays"),
    ]:
        with pytest.raises(ArtifactError, match=message):
            check("data/test.npz", good | change, classes=10, image_size=28)
    with pytest.raises(ArtifactError, match="no array file"):
        check("elsewhere.npz", good, classes=10, image_size=28)


def test_a_run_refuses_what_its_manifest_does_not_list_or_know(full_run: Run) -> None:
    assert full_run.verify() == []
    with pytest.raises(ArtifactError, match=r"The run has no \.\./manifest.json"):
        full_run.bytes("../manifest.json")


def test_a_manifest_of_another_schema_says_so(full_run: Run, tmp_path: Path) -> None:
    plain = json.loads((full_run.folder / "manifest.json").read_bytes()) | {"schema": 99}
    (tmp_path / "manifest.json").write_text(json.dumps(plain))
    with pytest.raises(ArtifactError, match="schema 99, this version reads schema 1: run it again"):
        Run(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"schema": 1}', b"null"])
def test_a_damaged_manifest_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / Manifest.PATH).write_bytes(content)
    with pytest.raises(ArtifactError, match=r"^(manifest.json|The run) .*\.$"):
        Run(tmp_path)
