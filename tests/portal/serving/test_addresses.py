"""portal/serving/addresses.py: what a phone has to open, and the code that says it."""

import ipaddress
import socket
from pathlib import Path

import cv2
import numpy as np
import pytest

from portal.core.pictures import enlarge
from portal.serving import addresses


@pytest.mark.parametrize(
    ("page", "names", "wanted"),
    [
        ("http://localhost:8501/quiz?sheet=3", ["192.168.1.5"], "http://192.168.1.5:8501/quiz?sheet=3"),
        ("http://127.0.0.1:8501/", ["laptop.school.example", "10.0.0.1"], "http://laptop.school.example:8501/"),
        ("http://[::1]:8501/quiz", ["10.0.0.1"], "http://10.0.0.1:8501/quiz"),
        ("http://localhost/quiz", ["10.0.0.1"], "http://10.0.0.1/quiz"),
        ("http://localhost:8501/quiz", [], None),
        ("https://study.example.org/quiz", [], "https://study.example.org/quiz"),
        ("http://10.0.0.1:8501/quiz", ["10.0.0.2"], "http://10.0.0.1:8501/quiz"),
        ("", ["10.0.0.1"], None),
        ("http://localhost:99999/quiz", ["10.0.0.1"], None),
        ("http://[::1/quiz", ["10.0.0.1"], None),
        ("http://10.0.0.1/" + "a" * addresses.LONGEST, [], None),
        ("http://h\u00fcte.example/quiz", [], None),
        ("http://localhost:8501/quiz?a=" + "b" * addresses.LONGEST, ["10.0.0.1"], "http://10.0.0.1:8501/quiz"),
    ],
)
def test_a_phone_opens_what_is_not_this_machine_alone(page: str, names: list[str], wanted: str | None) -> None:
    assert addresses.for_phones(page, names) == wanted


@pytest.mark.parametrize(
    ("listens_on", "allowed", "address", "wanted"),
    [
        ("localhost", ["localhost", "127.0.0.1", "::1"], "10.0.0.1", []),
        ("127.0.0.1", [], "10.0.0.1", []),
        ("0.0.0.0", [], "10.0.0.1", ["10.0.0.1"]),
        (None, [], "10.0.0.1", ["10.0.0.1"]),
        ("0.0.0.0", ["localhost", "class.example"], "10.0.0.1", ["class.example"]),
        ("0.0.0.0", [], None, []),
    ],
)
def test_only_names_that_the_portal_answers_to_are_told(
    monkeypatch: pytest.MonkeyPatch, listens_on: str | None, allowed: list[str], address: str | None, wanted: list[str]
) -> None:
    monkeypatch.setattr(addresses, "network_address", lambda: address)
    assert addresses.reachable_names(listens_on, allowed) == wanted


def test_the_machines_address_is_one_or_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(addresses, "CONTAINERS", (tmp_path / "none",))
    found = addresses.network_address()
    assert found is None or not ipaddress.ip_address(found).is_loopback
    monkeypatch.setattr(addresses, "CONTAINERS", (tmp_path / "none", tmp_path))
    assert addresses.network_address() is None  # a container's address is known inside of it alone


def test_without_a_network_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unreachable(socket.socket):
        def connect(self, address: object) -> None:
            raise OSError("Network is unreachable")

    monkeypatch.setattr(addresses.socket, "socket", Unreachable)
    assert addresses.network_address() is None


@pytest.mark.parametrize("length", [0, 60, addresses.LONGEST - 40])
def test_the_code_says_the_address(length: int) -> None:
    address = "http://192.168.178.25:8501/quiz?sheet=" + "7" * length
    code_SS = addresses.qr_code(address)
    assert code_SS.dtype == np.uint8 and set(np.unique(code_SS)) == {0, 255}
    assert cv2.QRCodeDetector().detectAndDecode(enlarge(code_SS, 6))[0] == address
    dark = np.argwhere(code_SS == 0)
    assert dark.min() == 4 and dark.max() == len(code_SS) - 5  # the quiet zone of the standard
