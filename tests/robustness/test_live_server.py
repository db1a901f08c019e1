"""A running portal under attack: oversized uploads, foreign origins and hosts, traversal, a page with a fault."""

import json
import os
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from artifacts.photo import MAX_BYTES
from artifacts.store import Run
from portal.core.navigation import ROOT
from portal.serving.addresses import LOOPBACK
from portal.serving.server import names
from tests.e2e.server import portal
from tests.robustness.visitor import Visitor, ask, handshake


@pytest.fixture(scope="module")
def address(full_run: Run) -> Iterator[str]:
    with portal(full_run.folder) as address:
        yield address


# ---------------------------------------------------------------------------------------------------------- uploads


def test_a_visitor_can_upload_a_picture(address: str) -> None:
    with Visitor(address) as visitor:
        visitor.open("predict")
        assert visitor.upload(bytes(1_000)) == 204


def test_more_than_the_cap_is_refused(address: str) -> None:
    with Visitor(address) as visitor:
        visitor.open("predict")
        assert visitor.upload(bytes(MAX_BYTES - 1_000)) == 204  # Streamlit counts the form about the file too
        assert visitor.upload(bytes(MAX_BYTES + 1)) == 413
        # Without a length: the server must count what arrives.
        assert visitor.upload(bytes(MAX_BYTES + 2_000_000), headers={"Content-Length": "1"}) in (400, 413)


@pytest.mark.parametrize("change", [{"X-Xsrftoken": ""}, {"Cookie": ""}, {"X-Xsrftoken": "2|aa|bb|1700000000"}])
def test_an_upload_without_the_right_token_is_refused(address: str, change: dict[str, str]) -> None:
    with Visitor(address) as visitor:
        visitor.open("predict")
        assert visitor.upload(b"x", headers=change) == 403


def test_nobody_uploads_into_a_session_that_is_not_there(address: str) -> None:
    with Visitor(address) as visitor:
        visitor.session = "no-such-session"
        assert visitor.upload(b"x") == 400


# ------------------------------------------------------------------------------------------------- origins and hosts


def test_a_page_of_another_origin_gets_no_session(address: str) -> None:
    host = address.removeprefix("http://")
    assert handshake(address, host, "http://evil.example") == 403
    assert handshake(address, host, "null") == 403


def test_a_name_that_is_not_the_portals_gets_no_session(address: str) -> None:
    """DNS rebinding: a stranger's page under its own name, whose address is this machine's."""
    for name in ("evil.example", "localhost.evil.example", "evil.example:80", "localhost@evil.example", ""):
        assert handshake(address, name, f"http://{name}") == 403, name


def test_the_portals_own_names_get_one(address: str) -> None:
    port = address.rpartition(":")[2]
    for name in ("localhost", "127.0.0.1", "[::1]"):
        assert handshake(address, f"{name}:{port}", f"http://{name}:{port}") == 101


def test_the_server_asks_no_other_machine(full_run: Run) -> None:
    """Streamlit would look up this machine's public address: to greet, and for each visitor of another origin."""
    with socketserver.ThreadingTCPServer(("localhost", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        there = f"http://localhost:{proxy.server_address[1]}"
        ways_out = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), there)
        Proxy.asked.clear()
        with portal(full_run.folder, "--host", "0.0.0.0", environment=ways_out) as address:
            assert handshake(address, address.removeprefix("http://"), "http://evil.example") == 403
            with Visitor(address) as visitor:
                visitor.open("predict")
        proxy.shutdown()
    assert Proxy.asked == []


class Proxy(socketserver.StreamRequestHandler):
    """Where the portal's requests to other machines would go."""

    asked: ClassVar[list[bytes]] = []

    def handle(self) -> None:
        self.asked.append(self.rfile.readline())


def test_which_names_are_the_portals() -> None:
    assert names("localhost", []) == LOOPBACK
    assert names("0.0.0.0", []) == ()
    assert names("localhost", ["portal.school.example"]) == ("portal.school.example",)


# -------------------------------------------------------------------------------------------------------- traversal

TARGETS = ("etc/passwd", "pyproject.toml", "portal/app.py", ".streamlit/config.toml")
WAYS = (
    "/../../../../{}",
    "/%2e%2e/%2e%2e/%2e%2e/{}",
    "/..%2f..%2f..%2f{}",
    "/..%5c..%5c..%5c{}",
    "/....//....//{}",
    "//{}",
    "/\\\\{}",
    "/static/../../../../{}",
    "/static/%2e%2e/%2e%2e/%2e%2e/{}",
    "/app/static/../../{}",
    "/app/static/..%2f..%2f{}",
    "/media/../../{}",
    "/media/..%2f..%2f{}",
    "/component/portal/../../{}",
    "/component/portal/..%2f..%2f{}",
    "/_stcore/bidi-components/portal/..%2f..%2f{}",
    "/_stcore/upload_file/../../{}",
    "/_stcore/%2e%2e/{}",
    "/predict/../../{}",
    "/{}%00.png",
    "/{}",
    "/file:///{}",
    "/%252e%252e%252f{}",
    "/..;/..;/{}",
)


def test_no_path_leads_out_of_the_front_end(address: str) -> None:
    assert len(WAYS) >= 20
    index = ask(address, "/")[1]
    for target in TARGETS:
        file = Path("/") / target if target.startswith("etc") else ROOT / target
        content = file.read_bytes().strip()[:200]
        for way in WAYS:
            status, body = ask(address, way.format(target))
            assert content not in body, way.format(target)
            assert status >= 300 or body == index, way.format(target)


def test_no_program_drives_the_pages(address: str) -> None:
    assert ask(address, "/_stcore/agent/interact", method="POST", body=b"{}")[0] >= 400


# ---------------------------------------------------------------------------------------------------- configuration

READ_BACK = """
import json, sys
from streamlit import config
from streamlit.web import bootstrap
keys = json.loads(sys.argv[1])
bootstrap.run = lambda *words: print(json.dumps({key: config.get_option(key) for key in keys}))
from portal.cli import main
main(["--port", "0"])
"""
SAFE = {
    "logger.hideWelcomeMessage": True,
    "client.showErrorDetails": "none",
    "server.maxUploadSize": MAX_BYTES // 1024**2,
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.corsAllowedOrigins": [],
    "server.allowedHosts": list(LOOPBACK),
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.fileWatcherType": "none",
    "server.scriptHealthCheckEnabled": False,
    "browser.gatherUsageStats": False,
    "global.developmentMode": False,
}


def test_the_configuration_in_effect_is_the_safe_one() -> None:
    """Read back where the server would start, after the file, the command line and the environment are merged."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("STREAMLIT_")}
    command = [sys.executable, "-c", READ_BACK, json.dumps(list(SAFE))]
    done = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == SAFE


# ------------------------------------------------------------------------------------------------- a page with a fault


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the portal whose dataset page has a fault."""
    root = tmp_path_factory.mktemp("copy")
    for name in ("portal", "pages", ".streamlit", "artifacts"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("study", "__pycache__"))
    page = root / "pages" / "dataset.py"
    page.write_text(page.read_text() + '\n\nsecret = "SENTINEL"\nraise LookupError(f"{secret} in {__file__}")\n')
    return root


def test_a_fault_shows_no_traceback(faulty: Path, full_run: Run) -> None:
    with portal(full_run.folder, root=faulty) as address, Visitor(address) as visitor:
        sent = visitor.open("dataset")
        assert sent[-1].WhichOneof("type") == "script_finished"
        shown = [message.delta.new_element for message in sent if message.WhichOneof("type") == "delta"]
        [error] = [element.exception for element in shown if element.HasField("exception")]
        assert not error.stack_trace
        everything = b"".join(message.SerializeToString() for message in sent if message.WhichOneof("type") == "delta")
        for told in (b"SENTINEL", b"LookupError", b"Traceback", b"dataset.py", str(faulty).encode()):
            assert told not in everything
        assert visitor.open("overview")[-1].WhichOneof("type") == "script_finished"  # the server lives on
