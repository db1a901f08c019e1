"""The study as a headless program: `python -m pipeline run-all` trains, measures and writes artifacts."""

import os

# From 1.29 on onnxruntime reports what it runs to its maker, and keeps a number for the machine, unless told first.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
