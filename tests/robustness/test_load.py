"""What the portal costs: to start, and with a class of visitors. See benchmarks/portal_load.py for the figures."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from benchmarks.portal_load import Crowd, Server, child_of, first_loads, together
from portal.core.navigation import ROOT, available_pages
from tests.e2e.server import portal
from tests.robustness.visitor import Visitor

# Three times what was measured on a quiet machine of two cores, since tests run beside other work.
P95_SECONDS, P95_OF_A_HUNDRED, FIRST_LOAD_SECONDS = 0.3, 0.6, 4.5
SESSION_SECONDS = 125  # Streamlit keeps a session for two minutes after its browser has gone
PAGES = [page.name for page in available_pages()]

START = """
import sys, time
import portal.cli, portal.ui.elements, portal.ui.photo
from streamlit.testing.v1 import AppTest
spent = time.process_time()
memory = next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(spent, memory, any(name in sys.modules for name in ("torch", "torchvision", "optuna", "pipeline")))
"""


def test_the_portal_starts_quickly_without_torch() -> None:
    command = [sys.executable, "-c", START]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, megabytes, heavy = done.stdout.split()
    assert float(seconds) <= 6  # CPU seconds; 2 on a quiet machine
    assert float(megabytes) <= 250
    assert heavy == "False"


@contextmanager
def every_page_seen() -> Iterator[tuple[str, Server]]:
    """A server of the published study, every page seen once."""
    with portal() as address:
        server = Server(child_of(os.getpid()))
        with Visitor(address) as visitor:
            for page in PAGES:
                visitor.open("" if page == "overview" else page)
        yield address, server


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Server]]:
    with every_page_seen() as both:
        yield both


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fifty_visitors_wait_no_longer_than_one(served: tuple[str, Server]) -> None:
    address, _ = served
    alone, crowd = Crowd(address, PAGES, think=0.2), Crowd(address, PAGES, think=5.0)
    alone.run(1, 30)
    crowd.run(50, 90)
    print("one:", alone.line(), "| fifty:", crowd.line())
    assert not crowd.errors
    assert p95(crowd) <= max(P95_SECONDS, 3 * p95(alone))
    waits = sorted(first_loads(address, 50))
    print(f"first loads: median {waits[25]:.2f} s, last {waits[-1]:.2f} s")
    assert waits[-1] <= FIRST_LOAD_SECONDS


def p95(crowd: Crowd) -> float:
    return sorted(crowd.waits)[int(0.95 * (len(crowd.waits) - 1))]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_visitors_all_get_their_pages(served: tuple[str, Server]) -> None:
    address, server = served
    memory, cpu, crowd = server.memory(), server.cpu(), Crowd(address, PAGES, think=5.0)
    print(f"load of this machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    crowd.run(100, 60)
    grown, spent = server.memory() - memory, server.cpu() - cpu
    click = 1e3 * spent / (len(crowd.waits) + 100)
    print(f"a hundred: {crowd.line()}; {click:.0f} ms of CPU a click, {grown:.0f} MiB more")
    assert not crowd.errors
    assert grown <= 100
    assert p95(crowd) <= P95_OF_A_HUNDRED


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_visitor_who_stays_costs_a_mebibyte() -> None:
    """Fifty with twenty pages each, all of them still there; on a server of its own, whose memory has no room yet."""
    with every_page_seen() as (address, server), ExitStack() as stack:
        before = server.memory()
        visitors = [stack.enter_context(Visitor(address)) for _ in range(50)]
        together(lambda number: _look_around(visitors[number], number), 50)
        grown = server.memory() - before
    print(f"{before:.0f} MiB, with fifty visitors {grown:.0f} more, {grown / 50:.2f} each")
    assert grown <= 50


def _look_around(visitor: Visitor, number: int) -> None:
    draw = random.Random(number)
    for page in draw.sample(PAGES, len(PAGES)):
        time.sleep(draw.uniform(1, 4))
        visitor.open("" if page == "overview" else page)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_memory_stays_flat_while_visitors_come_and_go(served: tuple[str, Server]) -> None:
    """The first fifty leave what a process keeps for good; each fifty after them may leave nothing of their own."""
    address, server = served
    memory = [server.memory()]
    for _ in range(4):
        for number in range(50):
            with Visitor(address) as visitor:
                visitor.open(PAGES[number % len(PAGES)] if number % len(PAGES) else "")
        print(f"MiB with fifty that have just left: {server.memory():.0f}", flush=True)
        time.sleep(SESSION_SECONDS)
        with Visitor(address) as visitor:  # the next to come has the expired ones dropped
            visitor.open()
        memory.append(server.memory())
    print("MiB after 0, 50, 100, 150, 200 sessions:", [round(each) for each in memory])
    assert memory[-1] - memory[1] <= 0.05 * memory[1]
