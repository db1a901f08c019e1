"""The portal: shows what the pipeline measured; never imports it, nor torch."""

import os

# From 1.29 on onnxruntime reports what it runs to its maker, and keeps a number for the machine, unless told first.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
