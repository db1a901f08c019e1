"""Visitors share one session of a network: what each thread gets is what a single one gets, bit for bit."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from artifacts.contract import ExportSummary
from artifacts.store import Run
from portal.core.navigation import ROOT
from portal.networks import inference

THREADS = 8


def same_in_threads(network: inference.Network, images: np.ndarray, each: int) -> None:
    """Fails unless THREADS threads, `each` single inferences a thread, give the serial answers."""
    expected = [network.predict(image[None]).logits.tobytes() for image in images]

    def ask(thread: int) -> int:
        order = np.random.default_rng(thread).integers(len(images), size=each)
        return sum(network.predict(images[number][None]).logits.tobytes() == expected[number] for number in order)

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(ask, range(THREADS))) == [each] * THREADS


def test_four_thousand_single_inferences(full_run: Run) -> None:
    model = inference.final_model(full_run.document(ExportSummary).models)
    images = full_run.arrays("data/test.npz")["images"][:50]
    same_in_threads(inference.network(full_run, model), images, each=500)


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_the_published_networks() -> None:
    run = Run(ROOT / "artifacts" / "study")
    models = run.document(ExportSummary).models
    images = run.arrays("data/test.npz")["images"][:50]
    for model in (inference.final_model(models), inference.photo_model(models)):
        assert model is not None
        same_in_threads(inference.network(run, model), images, each=500)
