"""Publishing over an earlier study: what it must not forget."""

import dataclasses
from pathlib import Path

import pytest

from artifacts import contract, store
from artifacts.contract import Manifest
from artifacts.store import Run
from pipeline import publish
from tests.portal.tiny_run import TinyRun


def with_reading(folder: Path, at: str) -> contract.TestRead:
    """The run in `folder` with one reading more of the test set; the reading."""
    manifest = Run(folder).manifest
    read = contract.TestRead("final", "0" * 64, 10_000, 2, at)
    changed = dataclasses.replace(manifest, test_reads=(*manifest.test_reads, read))
    store.write_atomic(folder / Manifest.PATH, store.manifest_bytes(changed))
    return read


def test_readings_by_the_study_that_is_replaced_stay_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "STAGES", ())
    old, new = (TinyRun().write(tmp_path / name).folder for name in ("old", "new"))
    first, second = with_reading(old, "2026-01-01"), with_reading(new, "2026-02-02")
    for _ in range(2):  # the second time nothing is new
        publish.publish(new, old)
        reads = Run(old).manifest.test_reads
        assert reads.index(first) < reads.index(second)
        assert len(reads) == len(set(reads))
    assert Run(old).verify() == []
