"""Cached results of pure functions, shared by all visitors.

Charts that draw a picture are not kept: it may be a visitor's own.
"""

import dataclasses
import functools
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from threading import Lock
from typing import Any, ParamSpec, TypeVar
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd
from pandas.util import hash_pandas_object

from artifacts.contract import Document

P = ParamSpec("P")
T = TypeVar("T")
MOST = 400  # results; a chart and its specification take about 100 kB


class _Entry:
    """A result, what was made of it, and the arguments whose identity is in its key."""

    def __init__(self, result: Any, held: list[Any]) -> None:
        self.result, self.held, self.beside = result, held, dict[Hashable, Any]()


_entries: OrderedDict[bytes, _Entry] = OrderedDict()
_by_result: WeakValueDictionary[int, _Entry] = WeakValueDictionary()  # an entry that is dropped leaves this too
_lock = Lock()


def kept(function: Callable[P, T]) -> Callable[P, T]:
    """A pure function whose last results are kept by its arguments; nobody may change a result, which all share.

    A document of a run counts by its identity, since it is read once; all other arguments by their content. Arguments
    of a kind not known to `_content` are no error: then nothing is kept.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **words: P.kwargs) -> T:
        name = f"{function.__module__}.{function.__qualname__}"
        return at(name, args, words, make=lambda: function(*args, **words))

    return wrapped


def at(name: str, *parts: Any, make: Callable[[], T]) -> T:
    """What `make` makes, kept under `name` and `parts`, which must say all that it depends on."""
    held: list[Any] = []
    digest = hashlib.blake2b(name.encode(), digest_size=16)
    try:
        _feed(parts, digest.update, held)
    except TypeError:
        return make()
    key = digest.digest()
    with _lock:
        if key in _entries:
            _entries.move_to_end(key)
            return _entries[key].result  # type: ignore[no-any-return]
    result = make()
    with _lock:
        entry = _entries.setdefault(key, _Entry(result, held))  # another visitor may have been first
        _by_result[id(entry.result)] = entry
        if len(_entries) > MOST:
            _entries.popitem(last=False)
    return entry.result  # type: ignore[no-any-return]


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


def _feed(value: Any, feed: Callable[[bytes], None], held: list[Any]) -> None:
    """Give the content of `value` to `feed`: kind and length first, so that no two values look the same.

    A document of a run is its identity, and is put in `held`, so that no other gets the same. TypeError for kinds of
    values that are not known here.
    """
    kind = type(value).__name__
    if isinstance(value, Document):
        held.append(value)
        feed(f"{kind} at {id(value)};".encode())
    elif (parts := _parts(value)) is not None:
        feed(f"{kind} of {len(parts)};".encode())
        for part in parts:
            _feed(part, feed, held)
    else:
        content = _content(value)
        feed(f"{kind} of {len(content)} bytes;".encode())
        feed(content)


def _parts(value: Any) -> list[Any] | None:
    """What a value consists of, in its order; None for one that has no parts."""
    if dataclasses.is_dataclass(value):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        return [part for item in value.items() for part in item]
    if isinstance(value, tuple | list):
        return list(value)
    if isinstance(value, pd.DataFrame):
        return [list(value.columns), [str(kind) for kind in value.dtypes], hash_pandas_object(value).to_numpy()]
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return [list(value.shape), value.ravel().tolist()]
    return None


def _content(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape};".encode() + np.ascontiguousarray(value).tobytes()
    if isinstance(value, pd.Series | pd.Index):
        return f"{value.dtype} {value.name};".encode() + hash_pandas_object(value).to_numpy().tobytes()
    if value is None or isinstance(value, str | bytes | int | float | np.generic | Enum):
        return repr(value).encode()
    raise TypeError(f"The content of a {type(value).__name__} is not known.")
