"""Walks the portal where there is no network: `unshare --user --map-root-user --net python -m tests.e2e.offline`."""

import fcntl
import socket
import struct
import sys

from portal.core.navigation import available_pages
from tests.e2e.server import chromium, open_page, portal, watch

SIOCSIFFLAGS, UP = 0x8914, 0x1  # netdevice(7)


def loopback_up() -> None:
    """A new network namespace has the loopback device, but switched off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", UP))


def cut_off() -> bool:
    """Whether no other machine can be reached."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 53))
        except OSError:
            return True
    return False


def main() -> int:
    loopback_up()
    if not cut_off():
        print("there is a network here")
        return 1
    with portal() as address, chromium() as browser:
        page = browser.new_page()
        faults = watch(page, address)
        for info in available_pages():
            open_page(page, address, info.name)
            if page.locator('[data-testid="stException"]').count():
                faults.append(f"{info.name} shows an error")
    print("\n".join(faults) or "no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
