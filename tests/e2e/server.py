"""A portal of its own for a test with a real browser, and what went wrong while the browser looked at it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from playwright.sync_api import Browser, Page, sync_playwright

from portal.core.navigation import ROOT

SECONDS_TO_START = 180.0
PATIENCE = 180_000.0  # milliseconds for what takes a second or two where nothing else runs


@contextlib.contextmanager
def portal(
    run: Path | None = None,
    *words: str,
    root: Path = ROOT,
    port: int | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """`python -m portal`, opening `run` first if given; yields its address, RuntimeError if it dies.

    `words` are more of the command's options, `environment` more of its variables; `root` is the folder with the
    portal, if not this one; `port` is a free one if none is named.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "portal", "--port", str(port), *(["--run", str(run)] if run else []), *words]
    process = subprocess.Popen(command, cwd=root, env={**os.environ, "OMP_NUM_THREADS": "1", **environment})
    try:
        _wait_until_healthy(f"http://localhost:{port}", process)
        yield f"http://localhost:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"The portal ended with status {process.returncode}.")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
            return
        time.sleep(0.2)
    raise RuntimeError(f"The portal did not answer within {SECONDS_TO_START:.0f} s.")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, or the one that playwright installed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


def watch(page: Page, address: str) -> list[str]:
    """A list that fills with what should not happen: requests that leave this machine, failures, script errors."""
    faults: list[str] = []

    def request(url: str) -> None:
        if not url.startswith((address, address.replace("http", "ws"), "data:", "blob:")):
            faults.append(f"request to {url}")

    def response(status: int, url: str) -> None:
        # On a deep link Streamlit's client first looks for its endpoints below the page's path, then at the root.
        if status >= 400 and not url.endswith(("/_stcore/health", "/_stcore/host-config")):
            faults.append(f"{status} from {url}")

    page.on("request", lambda it: request(it.url))
    page.on("response", lambda it: response(it.status, it.url))

    def console(kind: str, text: str) -> None:
        # Failed requests are told apart above.
        if kind == "error" and not text.startswith("Failed to load resource"):
            faults.append(f"console: {text}")

    page.on("console", lambda it: console(it.type, it.text))
    page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
    return faults


def open_page(page: Page, address: str, name: str) -> None:
    """Go to the portal's page `name` and wait until its script has run and its charts are drawn."""
    page.goto(f"{address}/{'' if name == 'overview' else name}", timeout=PATIENCE)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the page's script has run and its charts are drawn."""
    page.wait_for_selector("h1", timeout=PATIENCE)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=PATIENCE)
    page.wait_for_load_state("networkidle", timeout=PATIENCE)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')", timeout=PATIENCE)
    page.wait_for_timeout(1_000)  # charts animate into place
