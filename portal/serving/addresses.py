"""The address at which phones reach the portal, and its QR code."""

import socket
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np

LOOPBACK = ("localhost", "127.0.0.1", "::1")
ANYWHERE = ("192.0.2.1", 9)  # an address for documentation (RFC 5737), which nobody has
CONTAINERS = (Path("/.dockerenv"), Path("/run/.containerenv"))  # Docker's mark and Podman's
QUIET = 2  # white modules around a code beside OpenCV's own two: the standard (ISO 18004) wants four
LONGEST = 200  # characters: a longer address makes a code too fine for the back of a room


def network_address() -> str | None:
    """This machine's address on its network; None where it has none, or a container hides it.

    Nothing is sent: a datagram socket that is connected has only looked up its way out.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ANYWHERE)
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address in LOOPBACK or any(mark.exists() for mark in CONTAINERS) else address


def reachable_names(listens_on: str | None, allowed: Sequence[str]) -> list[str]:
    """Return the names by which other devices reach the portal; empty if it listens on this machine alone.

    `listens_on` is None if it listens on every address; an empty `allowed` allows every name.
    """
    if listens_on in LOOPBACK:
        return []
    if allowed:
        return [name for name in allowed if name not in LOOPBACK]
    address = network_address()
    return [address] if address else []


def for_phones(page: str, names: Sequence[str]) -> str | None:
    """Return the URL at which another device opens a page; None if it is unknown.

    The browser of the portal's own machine may call it localhost, which on a phone is the phone: then the first of
    `names` takes its place.
    """
    try:
        parts = urlsplit(page)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # no browser's, but a hand-made message may say so
        return None
    if parts.hostname in LOOPBACK and names:
        parts = parts._replace(netloc=f"{names[0]}{port}")
    short = parts if len(parts.geturl()) <= LONGEST else parts._replace(query="")
    is_good = parts.hostname not in (None, *LOOPBACK) and short.geturl().isascii() and len(short.geturl()) <= LONGEST
    return short.geturl() if is_good else None


def qr_code(text: str) -> np.ndarray:
    """A QR code, uint8 (S, S), a pixel a module, black on white with its quiet zone."""
    modules_SS = cv2.QRCodeEncoder.create().encode(text)
    return np.pad(modules_SS, QUIET, constant_values=255)
