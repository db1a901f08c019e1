"""The exercises: each page has some, each wrong answer explains itself, and they hold for any data set."""

import re

import pytest

from portal.core.navigation import available_pages
from portal.ui.exercises import Exercise, exercises_of

NAMES = [page.name for page in available_pages()]
ALL = [exercise for name in NAMES for exercise in exercises_of(name)]


@pytest.mark.parametrize("name", NAMES)
def test_every_page_has_two_or_three(name: str) -> None:
    assert 2 <= len(exercises_of(name)) <= 3


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.question[:40])
def test_one_answer_is_right_and_each_has_a_reason_of_its_own(exercise: Exercise) -> None:
    assert len(exercise.choices) >= 3
    assert [choice.right for choice in exercise.choices].count(True) == 1
    assert len({choice.text for choice in exercise.choices}) == len(exercise.choices)
    assert len({choice.because for choice in exercise.choices}) == len(exercise.choices)
    assert all(len(choice.because) > 30 for choice in exercise.choices)


def test_only_facts_of_the_run_are_filled_in() -> None:
    fields = {field for exercise in ALL for field in re.findall(r"{(\w*)}", str(exercise))}
    assert fields <= {"classes", "side"}


def test_the_right_answer_has_no_place_of_its_own() -> None:
    places = [[choice.right for choice in exercise.choices].index(True) for exercise in ALL]
    assert max(places.count(place) for place in set(places)) < len(places) / 2


def test_a_page_unknown_has_none() -> None:
    assert exercises_of("no such page") == ()
