"""Record of what a page shows, collected while its script runs, for the downloads and the report."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

import pandas as pd

from portal.charts import Figure
from portal.core.runs import command_for


@dataclass(frozen=True)
class Table:
    """A table of the page."""

    name: str
    frame: pd.DataFrame


@dataclass(frozen=True)
class Picture:
    """A PNG picture of the page, `width` CSS pixels wide."""

    png: bytes
    caption: str
    alt: str
    width: int


@dataclass
class PageRecord:
    """The charts, tables, pictures and run's files of one page, in the order in which its script came to them."""

    page: str
    shown: list[Figure | Table | Picture] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    parts: dict[str, tuple[int, int]] = field(default_factory=dict)  # where a part begins in `shown`, and its length

    @property
    def figures(self) -> list[Figure]:
        return [each for each in self.shown if not isinstance(each, Table | Picture)]

    @property
    def tables(self) -> list[Table]:
        return [each for each in self.shown if isinstance(each, Table)]

    @property
    def pictures(self) -> list[Picture]:
        return [each for each in self.shown if isinstance(each, Picture)]

    @property
    def commands(self) -> list[str]:
        """The commands that produce the page's files, each once."""
        return list(dict.fromkeys(command_for(path) for path in self.paths))


# Set while a page's script runs; a visitor's script has a thread, and so a context, of its own.
_current: ContextVar[PageRecord | None] = ContextVar("page_record", default=None)
_kept: dict[str, PageRecord] | None = None


@contextlib.contextmanager
def kept() -> Iterator[dict[str, PageRecord]]:
    """Within it, the last record of each page by the page's name: for a process that shows pages to no visitor."""
    global _kept
    _kept = {}
    try:
        yield _kept
    finally:
        _kept = None


def begin(page: str) -> PageRecord:
    """Start the record of the page of this name."""
    record = PageRecord(page)
    _current.set(record)
    if _kept is not None:
        _kept[page] = record
    return record


def end() -> None:
    """Stop recording: a fragment that reruns alone has been recorded already."""
    _current.set(None)


def current() -> PageRecord | None:
    """The record of the running page script, or None."""
    return _current.get()


@contextlib.contextmanager
def part(record: PageRecord | None, name: str) -> Iterator[None]:
    """Within it the page's part `name` is noted; when it runs again alone, in place of what it showed before.

    A page has one such part: where it begins is a place in the record, which another part's growth would move.
    """
    if record is None:
        yield
        return
    noted = PageRecord(record.page, paths=record.paths, seen=record.seen)
    before = _current.get()
    _current.set(noted)
    try:
        yield
    finally:
        _current.set(before)
        start, length = record.parts.get(name, (len(record.shown), 0))
        record.shown[start : start + length] = noted.shown
        record.parts[name] = start, len(noted.shown)


def note(shown: Figure | Table | Picture) -> None:
    """Record that the page shows this."""
    if record := _current.get():
        record.shown.append(shown)


def note_path(path: str) -> None:
    """Record that the page reads this file, or the files of this folder, of the run."""
    if (record := _current.get()) and path not in record.paths:
        record.paths.append(path)


def is_first(kind: str) -> bool:
    """Whether the page asks this for the first time while its script runs; never when a part of it runs again alone."""
    record = _current.get()
    if record is None or kind in record.seen:
        return False
    record.seen.add(kind)
    return True
