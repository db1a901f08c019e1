"""pipeline/search/importances.py: fANOVA finds the parameter that decides, on the scale that was drawn from."""

import dataclasses
import math
from collections.abc import Callable

import pytest

from artifacts import contract as c
from pipeline import config as profiles
from pipeline.search.importances import SEEDS, importances
from pipeline.search.spaces import draw
from tests.pipeline.made_up import fit_with

Accuracy = Callable[[c.TrialValues], float | None]


def searched(accuracy: Accuracy, trials: int = 24) -> c.SearchSummary:
    """A search on rungs of 1 and 3 epochs, whose second rung turns the order of the first round."""
    results = []
    for number in range(trials):
        values = draw(profiles.COARSE_RANGES, number)
        first = accuracy(values)
        if first is None:
            results.append(c.TrialResult(number, values, None, "The loss was not finite."))
        elif number % 3:
            results.append(c.TrialResult(number, values, fit_with(first, 1)))
        else:
            results.append(c.TrialResult(number, values, fit_with(1 - first, 3), earlier=(fit_with(first, 1),)))
    ranges = profiles.COARSE_RANGES
    return c.SearchSummary("coarse", "halving", profiles.DECK_RECIPE, 9, 9, ranges, tuple(results), 0, rungs=(1, 3))


def by_name(found: c.SearchImportances) -> dict[str, c.ParameterImportance]:
    return {each.parameter: each for each in found.parameters}


def by_lr(values: c.TrialValues) -> float:
    return 0.9 - 0.2 * abs(math.log10(values.lr) + 2)


def test_the_parameter_that_decides_is_found_from_the_first_rung() -> None:
    found = importances(searched(by_lr))
    shares = {name: each.importance.mean for name, each in by_name(found).items()}
    assert max(shares, key=shares.__getitem__) == "lr" and shares["lr"] > 0.5
    assert sum(shares.values()) <= 1.0
    chance = by_name(found)["lr"].chance
    assert chance is not None and chance.n == SEEDS and chance.mean < shares["lr"] / 2
    assert found.epochs == 1 and found.trials == tuple(range(24))
    assert found.accuracies == pytest.approx([by_lr(draw(profiles.COARSE_RANGES, n)) for n in range(24)])


def test_slices_hold_the_drawn_values_and_leave_failed_trials_out() -> None:
    found = importances(searched(lambda values: None if values.optimizer == "SAM" else by_lr(values), trials=12))
    assert set(by_name(found)["optimizer"].values) == {"SGD"}
    assert [draw(profiles.COARSE_RANGES, number).lr for number in found.trials] == list(by_name(found)["lr"].values)
    assert by_name(found)["optimizer"].importance.mean < 0.05


def test_the_same_trials_give_the_same_importances() -> None:
    assert importances(searched(by_lr, trials=6)) == importances(searched(by_lr, trials=6))


def test_a_small_search_is_not_held_against_chance() -> None:
    assert {each.chance for each in importances(searched(by_lr, trials=5)).parameters} == {None}


@pytest.mark.parametrize("accuracy", [lambda values: 0.1, lambda values: None])
def test_where_no_trial_differs_nothing_matters(accuracy: Accuracy) -> None:
    found = importances(searched(accuracy, trials=4))
    assert {each.importance.mean for each in found.parameters} == {0.0}


def test_a_parameter_with_one_choice_explains_nothing() -> None:
    search = searched(by_lr, trials=6)
    same = tuple(dataclasses.replace(t, values=dataclasses.replace(t.values, last_layers=3)) for t in search.trials)
    narrow = dataclasses.replace(search, trials=same, ranges=dataclasses.replace(search.ranges, last_layers=(3,)))
    assert by_name(importances(narrow))["last_layers"].importance.mean == 0.0
