"""The portal as a deployment has it: the Dockerfile's lines, in a new virtual environment and folder. So no torch.

No container engine is needed: what COPY, RUN, USER, CMD and HEALTHCHECK say is done here, only the base image is not.
"""

import ast
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.core.navigation import PAGES
from tests.dockerfiles import ROOT, as_image_user, copies, copy_all, instructions, lets_in, open_folder
from tests.interpreters import environment
from tests.robustness.visitor import Visitor


@pytest.fixture(scope="module")
def lines() -> list[tuple[str, str]]:
    return instructions("Dockerfile")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def python(lines: list[tuple[str, str]], place: Path) -> Path:
    """The interpreter of an environment that has what the image installs, its sums checked, and nothing else."""
    folder = place / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    [install] = [words for kind, words in lines if kind == "RUN" and "pip install" in words]
    assert "--require-hashes" in install and "portal/requirements.lock" in install
    words = shlex.split(install)[1:]
    subprocess.run([folder / "bin" / "python", *words, "--quiet", "--disable-pip-version-check"], cwd=ROOT, check=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def app(place: Path) -> Path:
    """A folder with what the image copies."""
    copy_all("Dockerfile", ".dockerignore", place / "app")
    return place / "app"


@pytest.mark.timeout(900)
def test_the_portal_starts_and_every_page_runs_without_torch(python: Path, app: Path) -> None:
    assert subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode != 0
    result = subprocess.run([python, "-c", WALK], cwd=app, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    assert f"{len(PAGES)} pages" in result.stdout


@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_every_page_runs_on_a_newer_python(version: str, app: Path, tmp_path: Path) -> None:
    """From the same lock."""
    lock = ROOT / "portal" / "requirements.lock"
    python = environment(version, tmp_path / "venv", "--require-hashes", "-r", lock)
    result = subprocess.run([python, "-c", WALK], cwd=app, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    assert f"{len(PAGES)} pages" in result.stdout


@pytest.mark.timeout(600)
def test_the_images_command_serves_every_page_to_visitors_and_its_check_notices(
    python: Path, app: Path, place: Path, lines: list[tuple[str, str]]
) -> None:
    command, check = (ast.literal_eval(dict(lines)[kind].partition("CMD ")[2] or dict(lines)[kind]) for kind in CHECKED)
    port = free_port()
    check = [word.replace("8501", str(port)) for word in check]
    assert run(python, check, app).returncode != 0
    # Like a container: none of this process's settings, nothing but the image's files, and no right to write to them.
    log = place / "log"
    with log.open("w") as errors:
        server = subprocess.Popen(
            [python, *command[1:], "--port", str(port)], cwd=app, stderr=errors, **as_image_user()
        )
    try:
        deadline = time.monotonic() + 240  # a machine may be busy
        while run(python, check, app).returncode != 0:
            assert time.monotonic() < deadline and server.poll() is None
            time.sleep(0.3)
        with Visitor(f"http://127.0.0.1:{port}") as visitor:
            for page in PAGES:
                sent = visitor.open("" if page.name == "overview" else page.name)
                assert not [each for each in sent if each.delta.new_element.HasField("exception")], page.name
    finally:
        server.send_signal(signal.SIGTERM)  # what an engine sends to stop a container
        server.wait(20)
    assert "Traceback" not in log.read_text()


def test_the_image_is_not_root_and_holds_no_secrets(lines: list[tuple[str, str]]) -> None:
    order = [kind for kind, _ in lines]
    assert dict(lines)["USER"] == "portal"
    assert order.index("USER") < order.index("CMD")
    for source, _ in copies("Dockerfile"):
        assert (ROOT / source).exists() and lets_in(".dockerignore", source), source
    for path in (
        ".git/config",
        "runs/quick/study/manifest.json",
        "data/x",
        "pipeline/cli.py",
        "pages/__pycache__/x.pyc",
    ):
        assert not lets_in(".dockerignore", path), path


def run(python: Path, words: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([python, *words[1:]], cwd=folder, capture_output=True, check=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


CHECKED = ("CMD", "HEALTHCHECK")
WALK = """
from streamlit.testing.v1 import AppTest
from portal.core.navigation import available_pages

app = AppTest.from_file("portal/app.py", default_timeout=60).run()
assert not app.exception, app.exception
pages = available_pages()
for page in pages:
    app.switch_page(f"../pages/{page.name}.py").run()
    assert not app.exception, (page.name, app.exception)
print(len(pages), "pages")
"""
