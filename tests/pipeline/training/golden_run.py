"""Prints, as JSON, the loss of each step of two short trainings on the committed sample; run as a process of its own.

    python -m tests.pipeline.training.golden_run [SEED_OF_THE_IMPORT_ORDER]

Nothing but the standard library is imported before the shuffled order is.
"""

from __future__ import annotations

import importlib
import json
import random
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artifacts.contract import Recipe

SAMPLE = Path(__file__).parents[2] / "fixtures" / "fashion_mnist_sample.npz"
STEPS, IMAGES = 20, 64
MODULES = (
    "artifacts.store",
    "numpy",
    "onnxruntime",
    "optuna",
    "pipeline.models.registry",
    "pipeline.randomisation",
    "pipeline.stages",
    "pipeline.training.loop",
    "pytorch_optimizer",
    "sklearn.cluster",
    "torch",
)


def recipes() -> dict[str, Recipe]:
    """An epoch is one batch, so that a recipe's curve holds the loss of every step.

    The rate is low: roundings grow from step to step, and at ten times this rate are past 1e-3 after ten steps.
    """
    from pipeline.config import recipe

    both = {"architecture": "OwnBaseline2", "batch_size": IMAGES, "epochs": STEPS, "patience": STEPS, "lr": 0.0002}
    return {
        "SGD": recipe(**both, augmentation_set=7, replication="replace", dropout=0.3, label_smoothing=0.1, ema=0.99),
        "SAM": recipe(**both, augmentation_set=6, replication="replace", optimizer="SAM", rho=0.05),
    }


def losses() -> dict[str, list[float]]:
    """In fp32 on one thread: bf16, where there is any, has a tolerance of its own."""
    import numpy as np
    import torch

    from pipeline.models import registry
    from pipeline.training import loop
    from pipeline.training.trials import to_device

    torch.set_num_threads(1)
    loop.autocast = lambda device: nullcontext()  # type: ignore[assignment]
    with np.load(SAMPLE, allow_pickle=False) as archive:
        images, labels = archive["images"][:IMAGES], archive["labels"][:IMAGES]
    train = to_device(images, labels, torch.device("cpu"))
    curves = {}
    for name, wanted in recipes().items():
        model = registry.build("OwnBaseline2", classes=10, image_size=28, seed=1, dropout=wanted.dropout)
        curves[name] = list(loop.fit(model, train, None, wanted, 0).fit.curves.train_loss)
    return curves


if __name__ == "__main__":
    if len(sys.argv) > 1:
        order = list(MODULES)
        random.Random(int(sys.argv[1])).shuffle(order)
        for module in order:
            importlib.import_module(module)
    print(json.dumps(losses(), indent=1))
