"""Description of this machine, recorded with every measured figure."""

import os
import platform
from importlib import metadata
from pathlib import Path

import psutil
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
        cores=cores(),
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        device=device,
        platform=f"{platform.system()} {platform.machine()}",
        versions={"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}},
    )


def cores() -> int:
    """Number of CPU cores this process may use; all cores where Python 3.11 or 3.12 cannot ask (macOS, Windows)."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def unused_gpu() -> str:
    """A sentence for the first line of a run if this machine has a GPU that training leaves idle, else empty."""
    if torch.backends.mps.is_available():
        return " Apple's GPU (mps) is not used: nobody has tested its numbers here, so the CPU trains."
    return ""


def _processor() -> str:
    """Return the model name from Linux, else what Python reports."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
