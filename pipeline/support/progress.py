"""Progress of a long stage: a live bar on a terminal, a line every ten seconds elsewhere (a log, CI)."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINE_SECONDS = 10.0
LEAST_SHARE = 0.005  # of the work, from which a pace can be told


class StageProgress:
    """Show the title, the share done, the time elapsed, and an estimate of the time left."""

    def __init__(self, console: Console, title: str) -> None:
        self.console = console
        self.title = title
        self.begun = self.spoken = time.monotonic()
        self.share = 0.0
        self._pace_from: tuple[float, float] | None = None
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        self._bar = Progress(
            *columns, TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), console=console, transient=True
        )
        self._task = self._bar.add_task(title, total=1.0)

    def __enter__(self) -> StageProgress:
        if self.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def __call__(self, share: float) -> None:
        """Report that `share` (0..1) of the work is done; it never decreases."""
        self.share = max(self.share, min(share, 1.0))
        self._bar.update(self._task, completed=self.share)
        now = time.monotonic()
        if not self.console.is_terminal and now - self.spoken >= LINE_SECONDS:
            self.spoken = now
            self.console.print(self._line(now), highlight=False)

    def _line(self, now: float) -> str:
        """Measure the pace from the first line on: work done by an earlier run would distort it."""
        left = "time left unknown"
        since, share = self._pace_from or (now, self.share)
        self._pace_from = since, share
        if self.share - share > LEAST_SHARE:
            left = f"about {clock((1 - self.share) * (now - since) / (self.share - share))} left"
        return f"  {self.title}: {self.share:4.0%}, {clock(now - self.begun)} elapsed, {left}"


def clock(seconds: float) -> str:
    """Format seconds as m:ss or h:mm:ss."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
