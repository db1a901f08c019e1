"""pipeline/stages/kept.py: the rows that a run keeps."""

import numpy as np
import pytest

from pipeline.stages import kept as module
from pipeline.stages.kept import kept

ROWS = 10


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_VALIDATION", 4)
    monkeypatch.setattr(module, "KEPT_GALLERY", 3)


def test_the_first_validation_images_are_kept_with_every_networks_answers() -> None:
    images, answers = np.arange(ROWS), np.arange(2 * ROWS).reshape(2, ROWS)
    assert kept("data/validation.npz", {"images": images, "labels": images})["images"].tolist() == [0, 1, 2, 3]
    for path in ("architectures/OwnBaseline1.npz", "champion/validation.npz"):
        found = kept(path, {"val_predictions": answers, "val_probabilities": answers.T})
        assert found["val_predictions"].tolist() == answers[:, :4].tolist()
        assert found["val_probabilities"].tolist() == answers.T[:4].tolist()
    suspected = {"index": images, "in_validation": np.array([1, 3, 4, 9])}
    assert kept("labels/issues.npz", suspected)["in_validation"].tolist() == [1, 3]


def test_few_images_and_other_files_stay_as_they_are() -> None:
    few = {"probabilities": np.arange(3)}
    assert kept("final/validation.npz", few)["probabilities"].tolist() == [0, 1, 2]
    test = {"probabilities": np.arange(ROWS)}
    assert kept("final/test.npz", test)["probabilities"].tolist() == test["probabilities"].tolist()


def test_the_gallery_is_thinned_evenly() -> None:
    found = kept(
        "final/embedding.npz", {"gallery": np.arange(ROWS), "gallery_label": np.arange(ROWS), "test": np.ones(ROWS)}
    )
    assert found["gallery"].tolist() == found["gallery_label"].tolist() == [0, 4, 8]
    assert len(found["test"]) == ROWS
