"""onnxruntime tells its maker what it runs, unless it is told not to before it is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(("first", "reports"), [("portal", False), ("pipeline", False), ("artifacts", True)])
def test_a_home_stays_as_it_was(tmp_path: Path, first: str, reports: bool) -> None:
    """Its sign is the number that it keeps for the machine; `artifacts` alone shows that the sign would be seen."""
    command = [sys.executable, "-c", f"import {first}, onnxruntime"]
    subprocess.run(command, cwd=ROOT, check=True, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    assert bool(list(tmp_path.iterdir())) == reports


def test_nothing_loads_it_outside_of_these_packages() -> None:
    sources = [
        path for part in ("artifacts", "pages", "examples", "benchmarks") for path in (ROOT / part).rglob("*.py")
    ]
    assert sources and not [path for path in sources if "import onnxruntime" in path.read_text(encoding="utf-8")]
