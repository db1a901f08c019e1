"""Published vulnerabilities of what the locks hold, looked up on 28 November 2026 in stored copies of public audits.

The newest record found in them is of 10 October 2026. `pip-audit` (`test_locks.py`, slow) asks for today's where the
network allows.
"""

from typing import Final

# A version without the known vulnerabilities of those before it (the first such, if told), and the last of these.
FLOORS: Final = {
    "anyio": ("4.14.2", "PYSEC-2026-4023"),
    "certifi": ("2024.7.4", "PYSEC-2024-230"),
    "click": ("8.3.3", "PYSEC-2026-2132"),
    "filelock": ("3.20.3", "PYSEC-2026-1374"),
    "h11": ("0.16.0", "PYSEC-2026-348"),
    "idna": ("3.15", "PYSEC-2026-215"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "joblib": ("1.2.0", "PYSEC-2022-288"),
    "mako": ("1.4.2", "CVE-2026-102991"),
    "markdown-it-py": ("2.2.0", "PYSEC-2023-24"),
    "numpy": ("1.22.2", "CVE-2021-41495"),
    "onnx": ("1.22.0", "CVE-2026-63632"),
    "opencv-python-headless": ("4.12.0", "CVE-2025-53644"),
    "pandas": ("1.0.4", "PYSEC-2020-73"),
    "pillow": ("12.3.0", "PYSEC-2026-3496"),
    "protobuf": ("6.33.5", "PYSEC-2026-1805"),
    "pyarrow": ("23.0.1", "PYSEC-2026-113"),
    "pydantic": ("2.4.0", "CVE-2024-3772"),
    "pygments": ("2.20.0", "PYSEC-2026-2987"),
    "python-multipart": ("0.0.31", "PYSEC-2026-3040"),
    "pyyaml": ("5.4", "PYSEC-2021-142"),
    "requests": ("2.33.0", "PYSEC-2026-2275"),
    "scikit-learn": ("1.5.0", "PYSEC-2024-110"),
    "scipy": ("1.10.0", "PYSEC-2023-102"),
    "setuptools": ("83.0.0", "PYSEC-2026-3447"),
    "sqlalchemy": ("1.3.0", "CVE-2019-7164"),
    "starlette": ("1.3.1", "PYSEC-2026-249"),
    "streamlit": ("1.61", "PYSEC-2026-2285"),
    "torch": ("2.13.0", "PYSEC-2025-194"),
    "torchvision": ("0.29.0", "CVE-2026-65918"),
    "tqdm": ("4.66.3", "CVE-2024-34062"),
    "urllib3": ("2.8.0", "PYSEC-2026-4177"),
    "uvicorn": ("0.11.7", "CVE-2020-7695"),
    "websockets": ("9.1", "CVE-2021-33880"),
}

_RANGE = "2026-11-28", "torch up to 2.6 or 2.7, in a form that some scanners cannot read: these report every version"
_DISPUTED = (
    "2026-11-28",
    "disputed by its maintainers: a file of one's own making, loaded by joblib; nothing here loads one",
)
# Records without a fixed version that a scanner can read, so it may report ours: identifier -> (date, why accepted).
ACCEPTED: Final = {
    "PYSEC-2026-139": ("2026-11-28", "torch's loader of .pt2 files, up to 2.10; nothing here loads one"),
    **{f"PYSEC-2025-{number}": _RANGE for number in (189, 190, 192, 193, 194, 195, 196, 197, 210)},
    "PYSEC-2024-277": _DISPUTED,
    "PYSEC-2020-107": _DISPUTED,
}
# What these are about: callbacks of torch.jit's futures, quantised modules, recurrent networks, TorchScript and its
# FlatBuffers, CUDA's allocator by hand, the profiler; .pt2 files; joblib's files. No module of ours names any of it.
UNUSED: Final = (
    "torch.jit",
    "torch.ao",
    "torch.quantization",
    "torch.profiler",
    "torch.export.load",
    "nn.utils.rnn",
    "nn.LSTM",
    "lstm_cell",
    "caching_allocator",
    "joblib",
)
