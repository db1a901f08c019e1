"""Makes this interpreter one that lacks what Windows lacks: on PYTHONPATH, Python imports it before anything else."""

import multiprocessing.context
import multiprocessing.reduction
import os
import signal
import sys

for name in ("fcntl", "multiprocessing.forkserver"):
    sys.modules[name] = None  # type: ignore[assignment]  # importing it fails
for name in ("fork", "forkpty", "sched_getaffinity", "process_cpu_count"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("pthread_sigmask", "setitimer", "SIGALRM"):
    delattr(signal, name)
multiprocessing.reduction.HAVE_SEND_HANDLE = False  # then Python counts no forkserver among its start methods
for name in ("fork", "forkserver"):
    del multiprocessing.context._concrete_contexts[name]  # type: ignore[attr-defined]
contexts = multiprocessing.context
contexts._default_context._default_context = contexts._concrete_contexts["spawn"]  # type: ignore[attr-defined]
