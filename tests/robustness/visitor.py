"""A visitor without a browser: Streamlit's websocket and upload protocols, and HTTP with paths sent as written."""

from __future__ import annotations

import http.client
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

SECONDS = 60.0
STREAM = "/_stcore/stream"


class Visitor:
    """One session of a running portal, open within a `with`."""

    def __init__(self, address: str, cookies: str = "") -> None:
        """Connect to the portal at `address`, sending `cookies` as a browser would."""
        self.address, self.session, self.cookies = address, "", cookies
        words: dict[str, Any] = {"subprotocols": ["streamlit"], "max_size": None}
        if cookies:
            words["additional_headers"] = {"Cookie": cookies}
        self._connecting: Any = connect(address.replace("http", "ws", 1) + STREAM, **words)

    def __enter__(self) -> Visitor:
        self._socket = self._connecting.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._connecting.__exit__(*raised)

    def open(self, page: str = "", query: str = "") -> list[ForwardMsg]:
        """Run the script of the page with this URL path ("" is the first page); returns all that it sent."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = page
        self._socket.send(message.SerializeToString())
        sent: list[ForwardMsg] = []
        end = time.monotonic() + SECONDS
        while not sent or sent[-1].WhichOneof("type") != "script_finished":
            received = ForwardMsg()
            data = self._socket.recv(timeout=end - time.monotonic())
            assert isinstance(data, bytes)
            received.ParseFromString(data)
            sent.append(received)
        self.session = next(m.new_session.initialize.session_id for m in sent if m.HasField("new_session"))
        return sent

    def upload(self, data: bytes, name: str = "picture.png", headers: Mapping[str, str] | None = None) -> int:
        """Send a file as the upload field does; returns the HTTP status. `headers` override, "" leaves one out."""
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        token = xsrf_token(self.address)
        sent = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "X-Xsrftoken": token,
            "Cookie": "; ".join(filter(None, (f"_streamlit_xsrf={token}", self.cookies))),
        } | dict(headers or {})
        path = f"/_stcore/upload_file/{self.session}/{uuid.uuid4()}"
        kept = {key: value for key, value in sent.items() if value}
        return ask(self.address, path, method="PUT", body=body, headers=kept)[0]


def handshake(address: str, host: str, origin: str) -> int:
    """The status with which a request for a session is answered, 101 if it is granted."""
    words = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    words |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Host": host, "Origin": origin}
    return ask(address, STREAM, headers=words)[0]


def xsrf_token(address: str) -> str:
    """The token that the server gives a browser as a cookie."""
    cookies = [value for name, value in answer_headers(address, "/_stcore/health") if name.lower() == "set-cookie"]
    return next(part.split(";")[0].partition("=")[2] for part in cookies if part.startswith("_streamlit_xsrf="))


def answer_headers(address: str, path: str, headers: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """The headers that a GET is answered with."""
    connection = _connection(address)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        answer.read()
        return answer.getheaders()
    finally:
        connection.close()


def ask(
    address: str,
    path: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Status and body of one request, its path sent as it is written here, dots and slashes too."""
    connection = _connection(address)
    try:
        connection.putrequest(method, path, skip_host="Host" in (headers or {}))
        for key, value in (headers or {}).items():
            connection.putheader(key, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(message_body=body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (BrokenPipeError, ConnectionResetError):
        # A server may answer and close before it has read a body that it refuses.
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _connection(address: str) -> http.client.HTTPConnection:
    place = urlsplit(address)
    assert place.hostname and place.port
    return http.client.HTTPConnection(place.hostname, place.port, timeout=SECONDS)
