"""Exercises for each page, whose wrong answers reveal typical misconceptions; the texts are in exercises.json."""

from functools import cache
from pathlib import Path

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

FILE = Path(__file__).with_name("exercises.json")


@dataclass(frozen=True)
class Choice:
    """One possible answer: whether it is right, and the explanation shown after choosing it."""

    text: str
    because: str
    right: bool = False


@dataclass(frozen=True)
class Exercise:
    """A question and its possible answers, one of which is right."""

    question: str
    choices: tuple[Choice, ...]


def exercises_of(page: str) -> tuple[Exercise, ...]:
    """Return the exercises of the page of this name, if any."""
    return _all().get(page, ())


@cache
def _all() -> dict[str, tuple[Exercise, ...]]:
    return TypeAdapter(dict[str, tuple[Exercise, ...]]).validate_json(FILE.read_bytes())
