"""`python -m portal`: serve the pages."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from artifacts.contract import ArtifactError
from portal.navigation import ROOT
from portal.runs import open_run, runs_in


class CommandError(ValueError):
    """What was asked cannot be done; the text is one sentence for a person."""


def parser() -> argparse.ArgumentParser:
    """The command line; a subcommand sets `run` to the function that does it."""
    top = argparse.ArgumentParser(prog="python -m portal", description="Show the study in a browser.")
    top.add_argument("--port", type=int, default=8501, help="port to listen on (8501)")
    top.add_argument("--host", default="localhost", help="address to listen on; 0.0.0.0 lets a class in (localhost)")
    top.add_argument("--run", type=Path, metavar="FOLDER", help="open this run, or the runs in this folder, first")
    top.set_defaults(command=serve)
    return top


def serve(arguments: argparse.Namespace) -> int:
    """Run the Streamlit server until it is interrupted; CommandError if it cannot start."""
    if arguments.run is not None:
        os.environ["FASHION_RUNS"] = str(_checked(arguments.run))
    _check_port(arguments.host, arguments.port)
    shown = "localhost" if arguments.host == "0.0.0.0" else arguments.host
    print(f"The portal opens at http://{shown}:{arguments.port} (Ctrl+C stops it).", flush=True)
    os.chdir(ROOT)  # Streamlit reads .streamlit/config.toml from here
    from streamlit.web import cli  # after chdir, and not needed by the other commands

    options = ["--server.port", str(arguments.port), "--server.address", arguments.host]
    cli.main(["run", str(ROOT / "portal" / "app.py"), *options], standalone_mode=False)
    return 0


def _checked(folder: Path) -> Path:
    """The absolute folder, if there is a run in it that opens."""
    places = runs_in(folder)
    if not places:
        raise CommandError(f"{folder} holds no run: name a folder with a manifest.json, or a folder of such folders.")
    open_run(places[0])
    return folder.resolve()


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Port {port} of {host} cannot be used ({error}): choose another with --port."
            ) from error


def main(words: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 2 with one sentence on stderr."""
    arguments = parser().parse_args(words)
    try:
        return arguments.command(arguments)
    except (CommandError, ArtifactError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
