"""Uploads of the Predict page: limits, names, and preparation options."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from artifacts.photo import Choices, Preparation
from portal.predict.answers import Answer

# Uploads stay in memory as long as a page is open, and the server's own limit is one on each file only.
MOST_FILES = 20
MOST_BYTES = 40 * 1024**2
LEAST_CROP = 5  # percent of the width or height
LONGEST_NAME = 80  # letters of a file's name that are shown


@dataclass(frozen=True)
class Picture:
    """A picture as it was sent; not `own` is an image of the test set that stands in for one."""

    name: str
    data: bytes
    own: bool = True


@dataclass(frozen=True)
class Answered:
    """A picture that could be read, its preparation, and the run's answer."""

    name: str
    preparation: Preparation
    answer: Answer
    own: bool = True


def how_many_fit(sizes: Sequence[int]) -> int:
    """Return how many of the files, from the first on, are predicted at once; sizes in bytes."""
    total = 0
    for number, size in enumerate(sizes[:MOST_FILES]):
        total += size
        if total > MOST_BYTES:
            return number
    return min(len(sizes), MOST_FILES)


def limit_sentence(sent: int, kept: int) -> str:
    """Return the message for a visitor who sent more files than are predicted at once."""
    return (
        f"Only the first {kept} of your {sent} pictures are answered, since at most {MOST_FILES} and "
        f"{MOST_BYTES // 1024**2} MB together can be: remove some, then send the others."
    )


def choices(ground: str, invert: str, across: tuple[int, int], down: tuple[int, int]) -> Choices:
    """A visitor's wishes; `across` and `down` are what to keep of width and height, in percent from left and top."""
    (left, right), (top, bottom) = _apart(across), _apart(down)
    whole = (left, right, top, bottom) == (0, 100, 0, 100)
    return Choices(ground, invert, None if whole else (left / 100, top / 100, right / 100, bottom / 100))


def _apart(span: tuple[int, int]) -> tuple[int, int]:
    """The span, widened to LEAST_CROP where its ends meet."""
    first = min(span[0], 100 - LEAST_CROP)
    return first, max(span[1], first + LEAST_CROP)


def short(answer: Answer) -> str:
    """The answer in a few words, for a caption."""
    return "None of these" if answer.rejected else f"{answer.top}, {100 * answer.confidence:.0f} %"


def plain(name: str) -> str:
    """Return untrusted text shortened and without characters that reorder or hide the text around it."""
    shown = "".join(" " if letter.isspace() else letter for letter in name if letter.isspace() or letter.isprintable())
    words = " ".join(shown.split())
    return words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"


def literal(name: str) -> str:
    """Escape untrusted text for Markdown: a file name must not become a link or a picture."""
    return re.sub(r"([^\w\s])", r"\\\1", plain(name))
