"""Serves the pages with Streamlit."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from portal.navigation import ROOT


class ServerError(ValueError):
    """The server cannot start; the text is one sentence for a person."""


def serve(host: str, port: int, runs: Path | None) -> None:
    """Run the server until it is interrupted, opening the run or the runs in `runs` first; ServerError if it cannot."""
    if runs is not None:
        os.environ["FASHION_RUNS"] = str(runs.resolve())
    _check_port(host, port)
    shown = "localhost" if host == "0.0.0.0" else host
    print(f"The portal opens at http://{shown}:{port} (Ctrl+C stops it).", flush=True)
    os.chdir(ROOT)  # Streamlit reads .streamlit/config.toml from here
    from streamlit.web import cli  # after chdir, and not needed by the other commands

    options = ["--server.port", str(port), "--server.address", host]
    cli.main(["run", str(ROOT / "portal" / "app.py"), *options], standalone_mode=False)


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise ServerError(f"Port {port} of {host} cannot be used ({error}): choose another with --port.") from error
