"""What a published copy leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from artifacts.contract import ArchitecturesSummary
from artifacts.store import Run
from pipeline import publish
from pipeline.publish import keep_first
from tests.portal.tiny_run import VALIDATION, TinyRun


def test_the_first_validation_images_are_kept_with_every_network_s_answers(tmp_path: Path) -> None:
    before, few = TinyRun().write(tmp_path / "study"), VALIDATION // 3
    images = before.arrays("data/validation.npz")["images"]
    suspected = before.arrays("labels/issues.npz")["in_validation"]
    keep_first(before.folder, few)
    after = Run(before.folder)
    assert after.verify() == []
    assert np.array_equal(after.arrays("data/validation.npz")["images"], images[:few])
    assert len(after.arrays("final/validation.npz")["probabilities"]) == few
    for result in after.document(ArchitecturesSummary).results:
        answers = after.arrays(f"architectures/{result.name}.npz")
        assert answers["val_predictions"].shape[1] == len(answers["val_probabilities"]) == few
    assert after.arrays("labels/issues.npz")["in_validation"].tolist() == suspected[suspected < few].tolist()


def test_a_run_with_fewer_images_stays_as_it_is(tmp_path: Path) -> None:
    run = TinyRun().write(tmp_path / "study")
    keep_first(run.folder, 10 * VALIDATION)
    assert Run(run.folder).manifest.files == run.manifest.files


def test_the_gallery_is_thinned_evenly_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = TinyRun().write(tmp_path / "study")
    whole = run.arrays("final/embedding.npz")
    few = len(whole["gallery"]) // 2
    monkeypatch.setattr(publish, "KEPT_GALLERY", few)
    for _ in range(2):
        keep_first(run.folder, VALIDATION)
        kept = Run(run.folder).arrays("final/embedding.npz")
        assert kept["gallery_index"].tolist() == whole["gallery_index"][::2].tolist()
        assert {len(kept[name]) for name in kept if name.startswith("gallery")} == {few}
        assert np.array_equal(kept["test"], whole["test"])
