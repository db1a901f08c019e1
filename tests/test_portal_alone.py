"""The portal as a deployment has it: a new virtual environment with portal/requirements.txt alone, so no torch."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from portal.navigation import PAGES

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has what the portal names, and nothing else."""
    folder = tmp_path_factory.mktemp("portal-venv")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", ROOT / "portal" / "requirements.txt"], check=True)
    return folder / "bin" / "python"


@pytest.mark.timeout(900)
def test_the_portal_starts_and_every_page_runs_without_torch(python: Path) -> None:
    assert subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode != 0
    result = subprocess.run([python, "-c", WALK], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    assert f"{len(PAGES)} pages" in result.stdout


@pytest.mark.timeout(120)
def test_the_server_answers(python: Path) -> None:
    server = subprocess.Popen([python, "-m", "portal", "--port", "8599"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert "http://localhost:8599" in server.stdout.readline()
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen("http://localhost:8599/_stcore/health", timeout=2) as answer:
                    assert answer.read() == b"ok"
                    break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.3)
    finally:
        server.terminate()
        server.wait(20)


WALK = """
from streamlit.testing.v1 import AppTest
from portal.navigation import available_pages

app = AppTest.from_file("portal/app.py", default_timeout=60).run()
assert not app.exception, app.exception
pages = available_pages()
for page in pages:
    app.switch_page(f"../pages/{page.name}.py").run()
    assert not app.exception, (page.name, app.exception)
print(len(pages), "pages")
"""
