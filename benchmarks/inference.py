"""Predictions of the networks: the stored file in the portal's session against torch in eager mode."""

from collections.abc import Sequence

import numpy as np
import torch

from artifacts.contract import ExportedModel
from benchmarks.measure import Contestant, alternate, print_table, rate_of
from pipeline.models import registry
from pipeline.onnx_export import Exported, export, reduce_weights
from portal.networks.inference import Network, _load

BATCHES = (1, 64)
IMAGES = 20  # a round of single images; a round of a larger batch is one call


def _onnx(content: bytes, images: np.ndarray, calls: int) -> Contestant:
    """Rounds of `calls` predictions, as the portal makes them."""
    exported = ExportedModel("network", "architecture", "model.onnx", "int8", 0, 1, (1, 1, 1), ())
    session, _ = _load(content, exported, layers=False)
    network = Network(session, exported, images.shape[1])

    def work() -> None:
        for _ in range(calls):
            network.predict(images)

    return lambda: rate_of(work, calls * len(images))


def _eager(model: Exported, images: np.ndarray, calls: int) -> Contestant:
    batch = torch.from_numpy(images)

    @torch.inference_mode()
    def work() -> None:
        for _ in range(calls):
            model(batch)

    return lambda: rate_of(work, calls * len(images))


def _row(name: str, batch: int, rounds: int) -> tuple[str, list[str]]:
    """One network, with the weights it is made with, at one batch size."""
    network = registry.build(name, classes=10, image_size=28, seed=0).eval()
    content = reduce_weights(export(network, 28), "int8").SerializeToString()
    images = np.random.default_rng(0).integers(0, 256, (batch, 28, 28), dtype=np.uint8)
    calls = max(1, IMAGES // batch)
    contestants = {"torch": _eager(Exported(network).eval(), images, calls), "int8": _onnx(content, images, calls)}
    result = alternate(contestants, rounds)
    milliseconds = [f"{1000 * batch / result.median(each):.2f}" for each in contestants]
    ratios = [f"{result.ratio('int8', 'torch', cpu=cpu):.2f}" for cpu in (False, True)]
    return f"{name}, batch {batch}", [*milliseconds, *ratios, f"{len(content) / 1e6:.1f} MB"]


def print_inference(networks: Sequence[str], rounds: int, threads: int) -> None:
    torch.set_num_threads(threads)
    print_table(
        f"Predictions, torch with {threads} threads, the portal's session with its 2 (weights are stored in int8 and "
        "dequantized at load; the arithmetic is fp32)",
        ["torch, ms", "ONNX int8, ms", "times torch", "by CPU time", "file"],
        [_row(name, batch, rounds) for name in networks for batch in BATCHES],
    )
