"""Short questions for each page, whose wrong answers say which misconception they show; the text is in JSON."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

FILE = Path(__file__).with_name("exercises.json")


@dataclass(frozen=True)
class Choice:
    """One answer to choose: whether it is right, and what to tell who chose it."""

    text: str
    because: str
    right: bool = False


@dataclass(frozen=True)
class Exercise:
    """A question with its answers, of which one is right."""

    question: str
    choices: tuple[Choice, ...]

    def choice(self, text: str | None) -> Choice | None:
        """The choice that reads so; None if there is none."""
        return next((choice for choice in self.choices if choice.text == text), None)

    @property
    def right(self) -> Choice:
        return next(choice for choice in self.choices if choice.right)


def exercises_of(page: str) -> tuple[Exercise, ...]:
    """The exercises of a page, by its name; none for a page that has none."""
    return _all().get(page, ())


@cache
def _all() -> dict[str, tuple[Exercise, ...]]:
    return TypeAdapter(dict[str, tuple[Exercise, ...]]).validate_json(FILE.read_bytes())
