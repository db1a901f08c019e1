"""How quick the portal's pages are, alone and with a class of visitors: `python -m benchmarks.portal_load`.

Headless visitors speak Streamlit's websocket protocol, as a browser does; what a browser then draws is not in it. Every
time is given twice: on the clock, and in CPU seconds of the server, which hold on a machine that others use too.
"""

import argparse
import os
import random
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from portal.core.navigation import available_pages
from tests.e2e.server import portal
from tests.robustness.visitor import Visitor

PAGES = [page.name for page in available_pages()]
WARM_ROUNDS = 7


@dataclass
class Server:
    """The portal's process, as the kernel counts it (Linux)."""

    pid: int

    def cpu(self) -> float:
        """User and system seconds so far: fields 14 and 15 of proc(5)'s stat."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident MiB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))

    def timed(self, work: Callable[[], object]) -> tuple[float, float]:
        """Milliseconds on the clock and of the server's CPU."""
        cpu, begun = self.cpu(), time.perf_counter()
        work()
        return 1e3 * (time.perf_counter() - begun), 1e3 * (self.cpu() - cpu)


def child_of(parent: int) -> int:
    """The one process that `parent` started."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return int(found[-1])


def print_pages(address: str, server: Server, pages: list[str]) -> None:
    """Each page cold (its first view in this server) and warm (the median of the next ones in the same session)."""
    print(f"{'page':16}{'cold, ms (CPU)':>18}{'warm, ms (CPU)':>18}")
    for page in pages:
        with Visitor(address) as visitor:
            name = "" if page == "overview" else page
            cold = server.timed(lambda: visitor.open(name))  # noqa: B023 - called at once
            warm = [server.timed(lambda: visitor.open(name)) for _ in range(WARM_ROUNDS)]  # noqa: B023
        wall, cpu = (statistics.median(each) for each in zip(*warm, strict=True))
        print(f"{page:16}{cold[0]:11.0f} ({cold[1]:.0f}){wall:11.0f} ({cpu:.0f})")


@dataclass
class Crowd:
    """Visitors who each open a page, think, and open the next."""

    address: str
    pages: list[str]
    think: float  # mean seconds between two clicks, evenly from half to one and a half of it
    waits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def visit(self, number: int, until: float) -> None:
        draw = random.Random(number)
        try:
            time.sleep(draw.uniform(0, self.think))
            with Visitor(self.address) as visitor:
                visitor.open("" if self.pages[0] == "overview" else self.pages[0])
                while time.monotonic() < until:
                    time.sleep(draw.uniform(0.5, 1.5) * self.think)
                    page = draw.choice(self.pages)
                    begun = time.perf_counter()
                    visitor.open("" if page == "overview" else page)
                    self.waits.append(time.perf_counter() - begun)
        except Exception as error:  # a visitor who fails is a result, whatever it was
            self.errors.append(repr(error))

    def run(self, visitors: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        together(lambda number: self.visit(number, until), visitors)

    def line(self) -> str:
        ordered = sorted(self.waits)
        p95 = ordered[int(0.95 * (len(ordered) - 1))]
        middle = statistics.median(ordered)
        return f"p50 {1e3 * middle:.0f} ms, p95 {1e3 * p95:.0f} ms, {len(ordered)} clicks, {len(self.errors)} errors"


def together(work: Callable[[int], object], visitors: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def first_loads(address: str, visitors: int) -> list[float]:
    """Seconds until the first page stands, of visitors who all come at once."""
    waits: list[float] = []

    def come(number: int) -> None:
        begun = time.perf_counter()
        with Visitor(address) as visitor:
            visitor.open()
        waits.append(time.perf_counter() - begun)

    together(come, visitors)
    return waits


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.portal_load", description=__doc__)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--think", type=float, default=5.0, help="mean seconds between two clicks (default 5)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the crowd stays (default 60)")
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=PAGES)
    given = parser.parse_args()
    with ExitStack() as stack:
        address = stack.enter_context(portal())
        server = Server(child_of(os.getpid()))
        print(f"load of this machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print_pages(address, server, given.pages)
        before = server.memory()
        for visitors in (1, given.visitors):
            crowd = Crowd(address, given.pages, given.think if visitors > 1 else 0.2)
            cpu = server.cpu()
            crowd.run(visitors, given.seconds if visitors > 1 else given.seconds / 3)
            spent = 1e3 * (server.cpu() - cpu) / max(1, len(crowd.waits) + visitors)
            print(f"{visitors} visitor(s): {crowd.line()}; {spent:.0f} ms of CPU a click")
            print("".join(f"  {error}\n" for error in crowd.errors[:3]), end="")
        waits = sorted(first_loads(address, given.visitors))
        print(f"{given.visitors} first loads at once: median {waits[len(waits) // 2]:.2f} s, last {waits[-1]:.2f} s")
        print(f"memory: {before:.0f} MiB with every page seen, {server.memory():.0f} MiB after the crowd")


if __name__ == "__main__":
    main()
