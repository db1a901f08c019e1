"""Every page with files of its run missing, cut off, flipped, empty or of another schema: a sentence, no traceback."""

import random
from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from artifacts.store import Run
from portal.core import memo
from portal.core.navigation import available_pages
from portal.networks import inference
from tests.portal.test_pages import open_page
from tests.portal.tiny_run import TinyRun
from tests.robustness.faults import FAULTS, fault

NAMES = [page.name for page in available_pages()]


@pytest.fixture(scope="module")
def own_run(tiny: TinyRun, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A complete run that these tests may damage and must mend."""
    return tiny.write(tmp_path_factory.mktemp("faulty") / "study")


@pytest.fixture(autouse=True)
def shown_alone(own_run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FASHION_RUNS", str(own_run.folder))
    yield
    forget()


def forget() -> None:
    """Nothing that was read before a fault may hide it."""
    st.cache_resource.clear()
    st.cache_data.clear()
    inference._sessions.clear()
    memo.clear()


def opened(name: str) -> AppTest:
    forget()
    return open_page(name)  # fails if the page raised


def read_by(name: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that the page reads from a complete run."""
    read: list[str] = []
    original = Run.bytes

    def noting(run: Run, path: str) -> bytes:
        read.append(path)
        return original(run, path)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "bytes", noting)
        opened(name)
    return sorted(set(read))


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_in_a_file_that_the_page_reads_is_a_sentence(
    name: str, own_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One fault in each of two files, drawn by the page's name; the slow test has all."""
    rng, paths = random.Random(name), read_by(name, monkeypatch)
    for path in rng.sample(paths, min(2, len(paths))):
        kind = rng.choice(FAULTS)
        with fault(own_run, path, kind):
            app = opened(name)
            said = [each.value for each in (*app.info, *app.warning, *app.error)]
            assert any("python -m pipeline" in text for text in said), (path, kind)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", NAMES)
def test_every_fault_in_every_file_that_the_page_reads(
    name: str, own_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = read_by(name, monkeypatch)
    for path in paths:
        for kind in FAULTS:
            with fault(own_run, path, kind):
                opened(name)
    print(f"{name}: {len(paths)} files, opened {len(paths) * len(FAULTS)} times, 0 uncaught")


def test_a_mended_file_shows_again(own_run: Run) -> None:
    with fault(own_run, "eda/summary.json", "flipped"):
        assert not opened("dataset").success
    assert open_page("dataset").success  # with what was cached under the fault
