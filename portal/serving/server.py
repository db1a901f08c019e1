"""Serve the pages with Streamlit."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

from portal.core.navigation import ROOT
from portal.serving.addresses import LOOPBACK, network_address
from portal.serving.memory import share_heaps

LARGE = 22  # pixels of plain text; 16 otherwise
START_FOR_ALL = "python -m portal --host 0.0.0.0"


class ServerError(ValueError):
    """The server cannot start; the text is one sentence for a person."""


def serve(host: str, port: int, runs: Path | None, known_as: Sequence[str] = (), *, large: bool = False) -> None:
    """Run the server until it is interrupted, opening the run or the runs in `runs` first; ServerError if it cannot.

    `large` enlarges all text, for every visitor: Streamlit's text size belongs to the server, not to a session. Only
    visitors who call it by a name in `known_as` get pages; without any, see `names`.
    """
    if runs is not None:
        os.environ["FASHION_RUNS"] = str(runs.resolve())
    _check_port(host, port)
    share_heaps()
    shown = "localhost" if host == "0.0.0.0" else host
    print(f"The portal opens at http://{shown}:{port} (Ctrl+C stops it).", flush=True)
    if host == "0.0.0.0" and not known_as and (address := network_address()):
        print(f"Phones on the same network open http://{address}:{port}.", flush=True)
    os.chdir(ROOT)  # Streamlit reads .streamlit/config.toml from here
    # After chdir; and the other commands answer without Streamlit and Altair.
    from streamlit.web import cli

    from portal.serving import startup

    startup.preload()
    _ask_nobody()

    options = ["--server.port", str(port), "--server.address", host]
    if large:
        options += ["--theme.baseFontSize", str(LARGE)]
    for name in names(host, known_as):
        options += ["--server.allowedHosts", name]
    cli.main(["run", str(ROOT / "portal" / "app.py"), *options], standalone_mode=False)


def names(host: str, known_as: Sequence[str]) -> tuple[str, ...]:
    """The names that a request's Host header may have; empty: any.

    On localhost, only its own: else a stranger's page could give its own name this machine's address (DNS rebinding)
    and read the portal. Elsewhere the server cannot know its names, and shows nothing that its visitors may not see.
    """
    if known_as:
        return tuple(known_as)
    return LOOPBACK if host in LOOPBACK else ()


def _ask_nobody() -> None:
    """Streamlit compares foreign origins with this machine's public address too, and asks another machine for it.

    For each such visitor anew if that does not answer, and meanwhile nobody else is served.
    """
    from streamlit import net_util

    net_util.get_external_ip = lambda: None


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        if os.name == "posix":  # on Windows this option would let two servers share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise ServerError(f"Port {port} of {host} cannot be used ({error}): choose another with --port.") from error
