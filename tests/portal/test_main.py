"""`python -m portal`: what it refuses, and that it serves."""

import socket
import urllib.request
from pathlib import Path

import pytest

from artifacts.store import Run
from portal.__main__ import main
from tests.e2e.server import portal


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command says on stderr when it ends with status 2."""
    assert main(words) == 2
    sentence = capsys.readouterr().err.strip()
    assert "\n" not in sentence
    return sentence


def test_a_folder_without_a_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "holds no run" in refused(capsys, "--run", str(tmp_path))
    assert "holds no run" in refused(capsys, "--run", str(tmp_path / "nowhere"))


def test_a_damaged_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.json").write_text("no json")
    assert "manifest.json is no JSON document" in refused(capsys, "--run", str(tmp_path))


def test_a_port_in_use_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "choose another with --port" in refused(capsys, "--port", str(port))


@pytest.mark.parametrize("port", ["-1", "70000"])
def test_a_port_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str], port: str) -> None:
    assert "choose another with --port" in refused(capsys, "--port", port)


def test_it_serves(full_run: Run) -> None:
    with portal(full_run.folder) as address, urllib.request.urlopen(address, timeout=10) as answer:
        assert answer.status == 200
