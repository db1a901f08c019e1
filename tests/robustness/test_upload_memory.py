"""What uploads cost a server: they lie in memory as long as their session. An accepted risk, measured here."""

import os
import time

import pytest

from artifacts.store import Run
from benchmarks.portal_load import Server, child_of
from tests.e2e.server import portal
from tests.robustness.visitor import Visitor

FILES, SIZE = 60, 4_900_000
SECONDS_KEPT = 120  # Streamlit keeps a session that long after its browser has gone, should it come back


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_sessions_uploads_cost_their_size_and_go_with_it(full_run: Run) -> None:
    with portal(full_run.folder) as address:
        server = Server(child_of(os.getpid()))
        with Visitor(address) as visitor:
            visitor.open("predict")
            before = server.memory()
            assert [visitor.upload(bytes(SIZE)) for _ in range(FILES)] == [204] * FILES
            full = server.memory()
        end = time.monotonic() + SECONDS_KEPT + 60
        after = full
        while time.monotonic() < end and after > before + 0.3 * (full - before):
            time.sleep(5)
            with Visitor(address) as other:  # Streamlit looks for what is over when something happens
                other.open()
            after = server.memory()
    sent = FILES * SIZE / 1024**2
    print(f"{sent:.0f} MiB sent, {before:.0f} MiB before, {full:.0f} with them, {after:.0f} after the session")
    assert full - before <= 1.3 * sent + 30
    assert after - before <= 0.4 * sent
