"""A complete tiny run for the tests of artifacts and portal."""

from tests.portal.conftest import full_run, only_run, serializable_state, tiny

__all__ = ["full_run", "only_run", "serializable_state", "tiny"]
