"""The committed study: everything that its manifest promises is there, so that a fresh checkout shows every page."""

from __future__ import annotations

from pathlib import Path

from artifacts.store import Run

STUDY = Path(__file__).resolve().parents[2] / "artifacts" / "study"
MOST_BYTES = 40 * 1024**2


def test_the_committed_study_is_whole_and_light() -> None:
    run = Run(STUDY)
    assert run.verify() == []
    assert sum(record.bytes for record in run.manifest.files.values()) <= MOST_BYTES
