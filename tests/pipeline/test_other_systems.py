"""Smoke without what Windows lacks (`other_systems/sitecustomize.py`) gives the numbers of the usual interpreter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from artifacts.store import Run
from pipeline.runner import RunFolder
from tests.pipeline.command_line import ROOT, command

BARE = Path(__file__).parent / "other_systems"
# Smaller than smoke: processes without a forkserver import torch each.
CUT = ("--set", "augmentations.seeds=1", "--set", "augmentations.train_images=32")


@pytest.fixture
def bare() -> dict[str, str]:
    """The environment of that interpreter and of all processes it starts."""
    environment = os.environ | {"PYTHONPATH": str(BARE)}
    missing = "import os, signal, multiprocessing; assert not hasattr(os, 'fork') and not hasattr(signal, 'SIGALRM')\n"
    missing += "assert 'forkserver' not in multiprocessing.get_all_start_methods()\n"
    missing += "try: import fcntl\nexcept ImportError: print('bare')"
    code = subprocess.run([sys.executable, "-c", missing], env=environment, capture_output=True, text=True, check=True)
    assert code.stdout == "bare\n"
    return environment


@pytest.mark.timeout(900)
def test_a_smoke_run_without_what_windows_lacks_writes_the_same(run_name: str, bare: dict[str, str]) -> None:
    written = []
    for environment in (bare, dict(os.environ)):
        words = command(run_name, "augmentations", *CUT)
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        folder = RunFolder(ROOT / "runs" / run_name)
        written.append(Run(folder.study).manifest.files)
        shutil.rmtree(folder.folder)
    assert written[0] and written[0] == written[1]
