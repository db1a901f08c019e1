"""Rounds of several contestants that alternate, so that a busy machine slows all of them; medians count.

Every round is timed twice: by the clock on the wall, and in CPU seconds of the process and its helpers. On a machine
that others use too, the second is what the work costs; the first also tells who got the cores.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch


class Rate(NamedTuple):
    """Units a second, and units a CPU second."""

    wall: float
    cpu: float


Contestant = Callable[[], Rate]  # works for one round


class Stopwatch:
    """Starts when it is made; `helpers` are processes whose CPU time counts too (Linux)."""

    def __init__(self, helpers: Iterable[int] = ()) -> None:
        self.helpers = tuple(helpers)
        self.started, self.begun = self._cpu(), time.perf_counter()

    def rate(self, units: int) -> Rate:
        return Rate(units / (time.perf_counter() - self.begun), units / (self._cpu() - self.started))

    def _cpu(self) -> float:
        return time.process_time() + sum(_cpu_seconds(helper) for helper in self.helpers)


def _cpu_seconds(process: int) -> float:
    """User and system seconds of another process, fields 14 and 15 of its stat file (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rate_of(work: Callable[[], object], units: int, device: torch.device | None = None) -> Rate:
    """The rate of one call of `work`."""
    watch = Stopwatch()
    work()
    if device is not None and device.type == "cuda":
        torch.cuda.synchronize(device)
    return watch.rate(units)


@dataclass(frozen=True)
class Rounds:
    """The rates of each contestant, one a round."""

    rates: dict[str, list[Rate]]

    def median(self, name: str) -> float:
        """Units a second by the wall clock."""
        return statistics.median(rate.wall for rate in self.rates[name])

    def ratio(self, name: str, other: str, *, cpu: bool = False) -> float:
        """How many times as fast as `other`: the median over rounds, each compared with its own neighbor."""
        pairs = zip(self.rates[name], self.rates[other], strict=True)
        return statistics.median(mine.cpu / theirs.cpu if cpu else mine.wall / theirs.wall for mine, theirs in pairs)


def alternate(contestants: Mapping[str, Contestant], rounds: int) -> Rounds:
    """Every contestant once a round; one round before them is not counted."""
    rates: dict[str, list[Rate]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, contestant in contestants.items():
            rate = contestant()
            if number:
                rates[name].append(rate)
    return Rounds(rates)


def print_table(title: str, columns: list[str], rows: list[tuple[str, list[str]]]) -> None:
    """A title, a line of column heads, and a line a row; numbers on the right."""
    widths = [max(12, *(len(column) for column in columns)) + 2] * len(columns)
    print(f"\n{title}")
    print(" " * 28 + "".join(f"{column:>{width}}" for column, width in zip(columns, widths, strict=True)))
    for name, cells in rows:
        numbers = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        print(f"{name:<28}" + "".join(numbers), flush=True)
