"""The portal as a deployment has it: the Dockerfile's lines, in a new virtual environment and folder. So no torch.

No container engine is needed: what COPY, RUN, CMD and HEALTHCHECK say is done here, only the base image is not.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.navigation import PAGES

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def lines() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their words."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def python(lines: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has what the image installs, its sums checked, and nothing else."""
    folder = tmp_path_factory.mktemp("portal-venv")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    [install] = [words for kind, words in lines if kind == "RUN" and "pip install" in words]
    assert "--require-hashes" in install and "portal/requirements.lock" in install
    words = shlex.split(install)[1:]
    subprocess.run([folder / "bin" / "python", *words, "--quiet", "--disable-pip-version-check"], cwd=ROOT, check=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def app(lines: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the image copies."""
    folder = tmp_path_factory.mktemp("app")
    for kind, words in lines:
        if kind == "COPY":
            source, target = words.split()
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, folder / target, dirs_exist_ok=True)
            else:
                shutil.copy(ROOT / source, folder / target)
    return folder


@pytest.mark.timeout(900)
def test_the_portal_starts_and_every_page_runs_without_torch(python: Path, app: Path) -> None:
    assert subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode != 0
    result = subprocess.run([python, "-c", WALK], cwd=app, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    assert f"{len(PAGES)} pages" in result.stdout


@pytest.mark.timeout(180)
def test_the_images_command_serves_and_its_check_notices(python: Path, app: Path, lines: list[tuple[str, str]]) -> None:
    command, check = (ast.literal_eval(dict(lines)[kind].partition("CMD ")[2] or dict(lines)[kind]) for kind in CHECKED)
    port = free_port()
    check = [word.replace("8501", str(port)) for word in check]
    assert run(python, check, app).returncode != 0
    # Like a container: none of this process's settings, and nothing but the image's files at hand.
    server = subprocess.Popen([python, *command[1:], "--port", str(port)], cwd=app, env={"PATH": os.environ["PATH"]})
    try:
        deadline = time.monotonic() + 90
        while run(python, check, app).returncode != 0:
            assert time.monotonic() < deadline and server.poll() is None
            time.sleep(0.3)
    finally:
        server.send_signal(signal.SIGTERM)  # what an engine sends to stop a container
        server.wait(20)


def test_the_image_is_not_root_and_holds_no_secrets(lines: list[tuple[str, str]]) -> None:
    order = [kind for kind, _ in lines]
    assert dict(lines)["USER"] == "portal"
    assert order.index("USER") < order.index("CMD")
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "**" in ignored
    copied = {words.split()[0].split("/")[0] for kind, words in lines if kind == "COPY"}
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")}


def run(python: Path, words: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([python, *words[1:]], cwd=folder, capture_output=True, check=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


CHECKED = ("CMD", "HEALTHCHECK")
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
