"""Other versions of Python that are installed here, and environments made with them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def installed(version: str) -> Path | None:
    """An interpreter of that version: on the path, or among pyenv's. Its shims on the path may be of another's."""
    named = [shutil.which(f"python{version}"), *(Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python")]
    for candidate in filter(None, named):
        if subprocess.run([candidate, "-c", "import ssl"], capture_output=True, check=False).returncode == 0:
            return Path(candidate)
    return None


def environment(version: str, folder: Path, *requirements: str | Path) -> Path:
    """The interpreter of a new environment in `folder`, by uv, which keeps what it downloads; skips without one."""
    interpreter = installed(version)
    if interpreter is None:
        pytest.skip(f"Python {version} is not installed here, so nothing is tried with it.")
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", interpreter, folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([*uv, "pip", "install", "--python", python, *requirements], check=True)
    return python
