"""Two portals behind a real nginx with deploy/nginx.conf: each visitor stays with one, and one may die."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from artifacts.store import Run
from portal.core.navigation import ROOT
from tests.e2e.server import portal
from tests.robustness.visitor import Visitor, answer_headers, ask

pytestmark = pytest.mark.slow
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")  # root's path has these


@pytest.fixture(scope="module")
def replicas(full_run: Run) -> Iterator[tuple[str, str, contextlib.ExitStack]]:
    with portal(full_run.folder) as first, contextlib.ExitStack() as second_lives:
        yield first, second_lives.enter_context(portal(full_run.folder)), second_lives


@pytest.fixture(scope="module")
def proxy(replicas: tuple[str, str, contextlib.ExitStack], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an nginx whose configuration is the repository's, with other ports."""
    if NGINX is None:
        pytest.skip("there is no nginx here: apt-get install nginx-light")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    for name, address in zip(("portal-1:8501", "portal-2:8501"), replicas[:2], strict=True):
        assert name in text
        text = text.replace(name, address.replace("http://localhost", "127.0.0.1"))
    text = re.sub(r"listen \d+", f"listen 127.0.0.1:{port}", text)
    temporary = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = f"pid {folder}/pid;\nerror_log stderr;\n" + text.replace(
        "http {\n", f"http {{\n    access_log off;\n{temporary}", 1
    )
    (folder / "nginx.conf").write_text(text)
    command = [NGINX, "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    assert subprocess.run([*command, "-t"], check=False).returncode == 0
    process = subprocess.Popen([*command, "-g", "daemon off;"])
    try:
        wait_for(port)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError("nginx did not start")


def new_cookie(proxy: str) -> str:
    """The cookie that a browser gets with its first page."""
    cookies = [value for name, value in answer_headers(proxy, "/") if name.lower() == "set-cookie"]
    return next(value.split(";")[0] for value in cookies if value.startswith("replica="))


def test_a_browser_keeps_its_cookie(proxy: str) -> None:
    cookie = new_cookie(proxy)
    again = [value for name, value in answer_headers(proxy, "/", {"Cookie": cookie}) if name.lower() == "set-cookie"]
    assert not [value for value in again if value.startswith("replica=")]
    assert new_cookie(proxy) != cookie


def test_every_request_of_a_visitor_reaches_the_same_portal(
    proxy: str, replicas: tuple[str, str, contextlib.ExitStack]
) -> None:
    """An upload is refused by a portal that does not know the session."""
    visitors_of = [0, 0]
    for _ in range(20):
        with Visitor(proxy, new_cookie(proxy)) as visitor:
            visitor.open("predict")
            assert [visitor.upload(bytes(2_000)) for _ in range(5)] == [204] * 5
            for number, address in enumerate(replicas[:2]):
                direct = Visitor(address)
                with direct:
                    direct.session = visitor.session
                    visitors_of[number] += direct.upload(bytes(10)) == 204
    print("visitors by portal:", visitors_of)
    assert sum(visitors_of) == 20 and min(visitors_of) >= 2


def test_without_the_cookie_uploads_go_astray(proxy: str) -> None:
    """What the test above would see, were the proxy to pick anew for each request."""
    with Visitor(proxy) as visitor:
        visitor.open("predict")
        assert 400 in [visitor.upload(bytes(10)) for _ in range(20)]


def test_the_proxy_refuses_what_is_too_large_and_hides_the_metrics(proxy: str) -> None:
    with Visitor(proxy, new_cookie(proxy)) as visitor:
        visitor.open("predict")
        assert visitor.upload(bytes(23 * 1024**2)) == 413
    assert ask(proxy, "/_stcore/metrics")[0] == 404


def test_a_flood_of_uploads_is_slowed(proxy: str) -> None:
    time.sleep(8)  # let the allowance of the tests before fill up again
    with Visitor(proxy, new_cookie(proxy)) as visitor:
        visitor.open("predict")
        answers = [visitor.upload(bytes(10)) for _ in range(120)]
    assert answers.count(204) >= 60
    assert 429 in answers


def test_when_one_portal_dies_its_visitors_get_the_other(
    proxy: str, replicas: tuple[str, str, contextlib.ExitStack]
) -> None:
    """Last, since it ends one."""
    cookies = [new_cookie(proxy) for _ in range(10)]
    replicas[2].close()
    for cookie in cookies:
        with contextlib.suppress(InvalidStatus), Visitor(proxy, cookie) as visitor:
            assert visitor.open()
            continue
        pytest.fail("a visitor got no session")
