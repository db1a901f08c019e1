"""Stage robustness: which trials it asks, on which images, and what a network's curves are."""

from pathlib import Path

import numpy as np
import pytest
import torch

from artifacts.corruptions import CORRUPTIONS
from pipeline import data
from pipeline.config import SplitConfig, recipe
from pipeline.stages import robustness
from pipeline.stages.robustness import Job
from pipeline.training.loop import logits_of
from pipeline.training.trial_folder import TrialFolder
from pipeline.training.trials import TrialSpec, Workplace, execute, trained, validated


@pytest.fixture
def place(data_folder: Path, tmp_path: Path) -> Workplace:
    return Workplace(data.load(data_folder), tmp_path / "trials", torch.device("cpu"))


@pytest.fixture
def spec(place: Workplace) -> TrialSpec:
    split = SplitConfig(train_images=128, validation_images=64, validated=64)
    brief = recipe(epochs=1, batch_size=32, architecture="OwnBaseline1")
    return TrialSpec(brief, 0, "train", 64, split, place.dataset.fingerprint, 1)


def test_every_network_is_asked_about_the_same_images() -> None:
    index = np.arange(100, 200)
    assert robustness.chosen(index, 10, 0).tolist() == robustness.chosen(index, 10, 0).tolist()
    assert len(set(robustness.chosen(index, 10, 0)) & set(index)) == 10
    assert robustness.chosen(index, 100, 0).tolist() == index.tolist()


def test_curves_are_the_trained_networks_accuracy_on_corrupted_images(place: Workplace, spec: TrialSpec) -> None:
    execute(spec, place)
    found = robustness._curves(place, Job("OwnBaseline1", "network", spec, 16))
    assert set(found.accuracy) == {each.name for each in CORRUPTIONS}
    assert len({values[0] for values in found.accuracy.values()}) == 1  # the plain images, once
    index = robustness.chosen(validated(place.dataset, spec.split), 16, spec.split.seed)
    images, labels = place.dataset.train_images[index], place.dataset.train_labels[index]
    model = trained(spec.recipe, place.dataset, TrialFolder(place.trials, spec.key).weights())
    for corruption in CORRUPTIONS[:3]:
        corrupted = torch.from_numpy(corruption.apply(images, corruption.strengths[2]))[:, None]
        right = (logits_of(model, corrupted).argmax(1).numpy() == labels).mean()
        assert found.accuracy[corruption.name][2] == pytest.approx(right, abs=1 / 16)  # bf16 may tip one image
