"""A complete tiny run for the tests of artifacts and portal; and a quiet end."""

import gc

from tests.portal.conftest import full_run, only_run, serializable_state, tiny

__all__ = ["full_run", "only_run", "serializable_state", "tiny"]


def pytest_sessionfinish() -> None:
    """Let the collector see everything again: the portal freezes what it has loaded, and in a process with torch the
    frozen triton modules would be reported as leaks when Python ends."""
    gc.unfreeze()
