"""Results of pure functions, kept for all visitors: between two clicks most of a page stays as it was.

Charts that draw a picture are not kept: it may be a visitor's own. Pickles only make keys and are never read.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import pickle
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from artifacts import contract

P = ParamSpec("P")
T = TypeVar("T")
MOST = 400  # results; a chart and its specification take about 100 kB


class _Entry:
    """A result, what was made of it, and the arguments whose identity is in its key."""

    def __init__(self, result: Any, held: list[Any]) -> None:
        self.result, self.held, self.beside = result, held, dict[Hashable, Any]()


_entries: OrderedDict[Hashable, _Entry] = OrderedDict()
_by_result: dict[int, _Entry] = {}
_lock = Lock()


def kept(function: Callable[P, T]) -> Callable[P, T]:
    """A pure function whose last results are kept by its arguments; nobody may change a result, which all share.

    A document of a run counts by its identity, since it is read once; all other arguments by their content. Arguments
    that cannot be pickled are no error: then nothing is kept.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **words: P.kwargs) -> T:
        held: list[Any] = []
        name = f"{function.__module__}.{function.__qualname__}"
        key = _key(name, (args, words), held)
        found = _find(key)
        return found.result if found else _keep(key, function(*args, **words), held)  # type: ignore[no-any-return]

    return wrapped


def at(name: str, *parts: Any, make: Callable[[], T]) -> T:
    """What `make` makes, kept under `name` and `parts`, which must say all that it depends on."""
    held: list[Any] = []
    key = _key(name, parts, held)
    found = _find(key)
    return found.result if found else _keep(key, make(), held)


def beside(result: Any, name: Hashable, make: Callable[[], T]) -> T:
    """What `make` makes of a kept result, made once and gone with it; of any other object, made each time."""
    entry = _by_result.get(id(result))
    if entry is None or entry.result is not result:
        return make()
    if name not in entry.beside:
        entry.beside[name] = make()
    return entry.beside[name]  # type: ignore[no-any-return]


def clear() -> None:
    with _lock:
        _entries.clear()
        _by_result.clear()


def _find(key: Hashable) -> _Entry | None:
    with _lock:
        if key is None or key not in _entries:
            return None
        _entries.move_to_end(key)
        return _entries[key]


def _keep(key: Hashable, result: T, held: list[Any]) -> T:
    if key is None or result is None:
        return result
    with _lock:
        entry = _entries.setdefault(key, _Entry(result, held))  # another visitor may have been first
        _by_result[id(entry.result)] = entry
        while len(_entries) > MOST:
            _, old = _entries.popitem(last=False)
            if _by_result.get(id(old.result)) is old:
                del _by_result[id(old.result)]
    return entry.result  # type: ignore[no-any-return]


def _key(name: str, arguments: object, held: list[Any]) -> Hashable:
    try:
        content = pickle.dumps(_plain(arguments, held), protocol=5)
    except (pickle.PicklingError, TypeError, AttributeError):
        return None
    return name, hashlib.blake2b(content, digest_size=16).digest()


def _plain(value: Any, held: list[Any]) -> Any:
    """`value` with its documents replaced by their identities; each is put in `held`, so that no other gets its own."""
    if dataclasses.is_dataclass(value) and type(value).__module__ == contract.__name__:
        held.append(value)
        return type(value).__name__, id(value)
    if type(value) in (tuple, list):
        return [_plain(each, held) for each in value]
    if type(value) is dict:
        return [(key, _plain(each, held)) for key, each in value.items()]
    return value
