"""portal/predict/uploads.py: limits, wishes, and names that cannot do harm."""

import numpy as np
import pytest

from artifacts.photo import Choices
from portal.predict import uploads
from portal.predict.answers import Answer
from portal.predict.uploads import MOST_BYTES, MOST_FILES


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ([], 0),
        ([5], 1),
        ([1] * MOST_FILES, MOST_FILES),
        ([1] * (MOST_FILES + 5), MOST_FILES),
        ([MOST_BYTES], 1),
        ([MOST_BYTES, 1], 1),
        ([MOST_BYTES // 2, MOST_BYTES // 2, 1], 2),
        ([MOST_BYTES + 1], 0),
    ],
)
def test_as_many_fit_as_both_limits_allow(sizes: list[int], kept: int) -> None:
    assert uploads.how_many_fit(sizes) == kept


def test_the_limit_is_said_in_one_sentence() -> None:
    sentence = uploads.limit_sentence(25, 20)
    assert "Only the first 20 of your 25 pictures are answered" in sentence
    assert "at most 20 and 40 MB together" in sentence


def test_the_whole_picture_is_no_crop() -> None:
    assert uploads.choices("auto", "no", (0, 100), (0, 100)) == Choices("auto", "no")


def test_a_crop_is_in_shares() -> None:
    assert uploads.choices("dark", "auto", (10, 60), (0, 100)).crop == (0.1, 0.0, 0.6, 1.0)


@pytest.mark.parametrize("place", [0, 50, 97, 100])
def test_a_crop_whose_ends_meet_is_widened(place: int) -> None:
    crop = uploads.choices("auto", "auto", (place, place), (0, 100)).crop
    assert crop is not None
    assert crop[2] - crop[0] >= 0.05 - 1e-9


def test_the_short_answer_says_when_it_is_none() -> None:
    answer = Answer(("Bag", "Coat"), np.array([0.2, 0.8], np.float32), -1.0, 0.0, "photo")
    assert uploads.short(answer) == "Coat, 80 %"
    assert uploads.short(Answer(answer.classes, answer.probabilities, 1.0, 0.0, "photo")) == "None of these"
    assert uploads.short(Answer(answer.classes, answer.probabilities, None, None, "final")) == "Coat, 80 %"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("my coat.jpg", r"my coat\.jpg"),
        ("![x](//evil)", r"\!\[x\]\(\/\/evil\)"),
        ("<img onerror=a>", r"\<img onerror\=a\>"),
        (":red[a]\n# b", r"\:red\[a\] \# b"),
        ("été_1", "été_1"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe", r"agnp\.exe"),
        ("a\0b\x1b[31m", r"ab\[31m"),
        ("x" * 4_000, "x" * 79 + r"\…"),
    ],
)
def test_a_name_cannot_become_markdown(name: str, shown: str) -> None:
    assert uploads.literal(name) == shown
