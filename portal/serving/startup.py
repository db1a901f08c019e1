"""Fast first pages: modules loaded early, fewer objects to scan, charts not validated twice."""

import gc
import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from altair.utils import schemapi

from portal import charts

# Beside the charts' modules, what the entrypoint and the pages import; those that import Streamlit are left to it.
MODULES = (
    "onnxruntime",
    "altair",
    "pandas",
    "cv2",
    "portal.predict.answers",
    "portal.predict.explain",
    "portal.takeaway.files",
)

# Altair checks each part of a chart against its schema as it is made: a third of a page's time. The tests of the charts
# have it on, and the charts of a running portal are the same.
schemapi.disable_debug_mode()

PATIENCE = 1.0  # seconds
LONG = {"predict"}  # photos: the work is in libraries that leave Python free, and may take a while

_turn = Lock()
_settled: set[str] = set()
_lock = Lock()


def preload() -> None:
    """Import what the pages need, so that the first visitor does not wait for it."""
    for name in MODULES:
        importlib.import_module(name)
    for module in pkgutil.iter_modules(charts.__path__):
        importlib.import_module(f"{charts.__name__}.{module.name}")


@contextmanager
def turn(page: str) -> Iterator[None]:
    """Hold while a page is drawn: one at a time, since threads of Python compute one after the other anyway, and pages
    half drawn only keep each other waiting. Who has waited for PATIENCE begins all the same: a long page stops nobody.
    """
    mine = page not in LONG and _turn.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if mine:
            _turn.release()


def settle(page: str) -> None:
    """After a page was drawn for the first time: let the garbage collector walk what is loaded now never again.

    With onnxruntime, pandas and Altair loaded a full walk takes longer than most pages, and finds nothing: modules and
    documents stay as long as the server does.
    """
    with _lock:
        if page not in _settled:
            _settled.add(page)
            gc.collect()
            gc.freeze()
