"""Answers of OwnBaseline2: the exported file in the portal's session against torch in eager mode."""

from __future__ import annotations

import numpy as np
import torch

from artifacts.contract import ExportedModel
from benchmarks.measure import Contestant, alternate, print_table, rate_of
from pipeline.models import registry
from pipeline.onnx_export import Exported, Precision, export, reduce_weights
from portal.networks.inference import OUTPUTS, _load

PRECISIONS: tuple[Precision, ...] = ("fp32", "int8", "fp16")
BATCHES = (1, 64)


def _onnx(content: bytes, precision: Precision, images: np.ndarray, calls: int) -> Contestant:
    """Rounds of `calls` calls, which ask for logits and probabilities."""
    exported = ExportedModel("OwnBaseline2", "architecture", "model.onnx", precision, 0, 1, (1, 1, 1), ())
    session, _ = _load(content, exported, layers=False)

    def work() -> None:
        for _ in range(calls):
            session.run(OUTPUTS[:2], {"images": images})

    return lambda: rate_of(work, calls * len(images))


def _eager(model: Exported, images: np.ndarray, calls: int) -> Contestant:
    batch = torch.from_numpy(images)

    @torch.inference_mode()
    def work() -> None:
        for _ in range(calls):
            model(batch)

    return lambda: rate_of(work, calls * len(images))


def print_inference(rounds: int, threads: int) -> None:
    torch.set_num_threads(threads)
    network = registry.build("OwnBaseline2", classes=10, image_size=28, seed=0).eval()
    proto = export(network, 28)
    contents = {precision: reduce_weights(proto, precision).SerializeToString() for precision in PRECISIONS}
    sizes = {str(name): len(content) for name, content in contents.items()}
    eager, rows = Exported(network).eval(), []
    for batch in BATCHES:
        images = np.random.default_rng(0).integers(0, 256, (batch, 28, 28), dtype=np.uint8)
        calls = max(10, 512 // batch)
        contestants: dict[str, Contestant] = {
            name: _onnx(content, name, images, calls) for name, content in contents.items()
        }
        result = alternate({**contestants, "torch": _eager(eager, images, calls)}, rounds)
        for name in ("torch", *PRECISIONS):
            rate = result.median(name)
            cells = [f"{1000 * batch / rate:.2f}", f"{rate:,.0f}", f"{result.ratio(name, 'torch'):.2f}"]
            size = "" if name == "torch" else f"{sizes[name] / 1e6:.1f} MB"
            rows.append((f"{'torch fp32' if name == 'torch' else 'ONNX ' + name}, batch {batch}", [*cells, size]))
    print_table(
        f"Answers of OwnBaseline2, {threads} threads (int8 and fp16: how weights are stored; the arithmetic is fp32)",
        ["ms a call", "images/s", "/ torch", "file"],
        rows,
    )
