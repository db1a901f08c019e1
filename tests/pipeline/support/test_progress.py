"""The lines of a log that say how far a stage is: what was done before tells nothing about the pace."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from pipeline.support import progress
from pipeline.support.progress import StageProgress

Report = Callable[[float, float], str]


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Report:
    """At a second, a share of the work: the line that is printed, if any."""
    now, written = [0.0], io.StringIO()
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    stage = StageProgress(Console(file=written, width=200), "labels (5 trials)")

    def said(second: float, share: float) -> str:
        written.seek(0)
        written.truncate()
        now[0] = second
        stage(share)
        return written.getvalue().strip()

    return said


def test_the_time_left_follows_from_the_pace(report: Report) -> None:
    assert report(10, 0.1) == "labels (5 trials):  10%, 0:10 elapsed, time left unknown"
    assert report(15, 0.15) == ""
    assert report(20, 0.2) == "labels (5 trials):  20%, 0:20 elapsed, about 1:20 left"


def test_what_was_done_before_is_no_pace(report: Report) -> None:
    """A stage resumed after a kill has half of its trials in the first second; the rest takes as long as before."""
    assert report(1, 0.5) == ""
    assert report(11, 0.51).endswith("time left unknown")
    assert report(111, 0.61).endswith("61%, 1:51 elapsed, about 6:30 left")


def test_a_stage_that_stands_still_promises_nothing(report: Report) -> None:
    report(10, 0.3)
    assert report(40, 0.3).endswith("time left unknown")
