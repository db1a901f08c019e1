"""A complete tiny run, on disk and opened."""

from pathlib import Path

import pytest
from streamlit import config

from artifacts.store import Run
from tests.portal.tiny_run import TinyRun


@pytest.fixture(scope="session", autouse=True)
def serializable_state() -> None:
    """What pages keep of a session is plain. Not in a running portal: see .streamlit/config.toml."""
    config.set_option("runner.enforceSerializableSessionState", True)


@pytest.fixture(scope="session")
def tiny() -> TinyRun:
    """The files of a complete run, in memory."""
    return TinyRun()


@pytest.fixture(scope="session")
def full_run(tiny: TinyRun, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A complete run on disk, which no test changes."""
    return tiny.write(tmp_path_factory.mktemp("full") / "study")


@pytest.fixture(autouse=True)
def no_own_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies in the developer's own networks folder."""
    monkeypatch.setenv("FASHION_NETWORKS", str(tmp_path / "networks"))


@pytest.fixture
def only_run(full_run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The portal opens on the complete run first."""
    monkeypatch.setenv("FASHION_RUNS", str(full_run.folder))
    return full_run.folder
