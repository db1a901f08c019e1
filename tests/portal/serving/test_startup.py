"""Pages take turns, and nobody waits for a long one."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from portal.serving import startup


def test_the_next_page_begins_when_the_one_before_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "PATIENCE", 60.0)
    seen, drawing, may_end = list[str](), Event(), Event()

    def first() -> None:
        with startup.turn("overview"):
            drawing.set()
            may_end.wait(60)
            seen.append("first")

    def second() -> None:
        with startup.turn("results"):
            seen.append("second")

    with ThreadPoolExecutor(2) as threads:
        begun = threads.submit(first)
        assert drawing.wait(60)
        waiting = threads.submit(second)
        may_end.set()
        begun.result(60)
        waiting.result(60)
    assert seen == ["first", "second"]


@pytest.mark.parametrize(("page", "patience"), [("results", 0.01), ("predict", 60.0)])
def test_a_long_page_stops_nobody(monkeypatch: pytest.MonkeyPatch, page: str, patience: float) -> None:
    """Another page begins after a while, the one for photos at once; neither ends the long one's turn."""
    monkeypatch.setattr(startup, "PATIENCE", patience)
    with startup.turn("overview"):
        with startup.turn(page):
            pass
        assert startup._turn.locked()
    assert not startup._turn.locked()


def test_a_page_that_stops_gives_its_turn_back() -> None:
    with pytest.raises(RuntimeError), startup.turn("overview"):
        raise RuntimeError
    assert not startup._turn.locked()
