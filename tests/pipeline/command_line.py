"""The pipeline's command as a person types it, and what it may say when it cannot go on."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def command(run: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", *arguments, "--profile", "smoke", "--run", run]


def one_sentence(stderr: str) -> str:
    assert "Traceback" not in stderr, stderr
    assert len(stderr.strip().splitlines()) == 1, stderr
    return stderr.strip()
