"""Description of this machine, recorded with every measured figure."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

import torch

from artifacts.contract import Machine

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "scikit-learn",
    "cleanlab",
    "optuna",
    "onnx",
    "onnxruntime",
    "pytorch_optimizer",
)


def describe() -> Machine:
    device = "CPU"
    if torch.cuda.is_available():
        device = f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}"
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        device=device,
        platform=f"{platform.system()} {platform.machine()}",
        versions={"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}},
    )


def _processor() -> str:
    """Return the model name from Linux, else what Python reports."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
