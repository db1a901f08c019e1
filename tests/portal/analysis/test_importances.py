"""portal/analysis/importances.py: what a search of so many trials can and cannot say."""

import dataclasses

import pytest

from artifacts import contract as c
from portal.analysis import importances
from portal.analysis.importances import importance_sentence, limits_sentence, of_search, slice_sentence


def parameter(name: str, share: float, chance: float | None, *values: float | int | str) -> c.ParameterImportance:
    spreads = [None if mean is None else c.Spread(5, mean, 0.02, mean - 0.02, mean + 0.02) for mean in (share, chance)]
    assert spreads[0] is not None
    return c.ParameterImportance(name, spreads[0], spreads[1], values)  # type: ignore[arg-type]


def search(chance: float | None = 0.2) -> c.SearchImportances:
    rates = parameter("lr", 0.6, chance, 0.001, 0.01, 0.02, 0.09)
    optimizers = parameter("optimizer", 0.21, chance, "SAM", "SGD", "SAM", "SGD")
    return c.SearchImportances("coarse", 7, (0, 1, 2, 4), (0.8, 0.9, 0.92, 0.6), (optimizers, rates))


def test_only_what_exceeds_chance_is_named() -> None:
    assert importance_sentence(search()).startswith("Above what shuffled accuracies give: learning rate (60 %).")
    assert importance_sentence(search(chance=0.7)).startswith("No parameter explains more")
    assert importance_sentence(search(chance=None)) == "4 trials are too few to distinguish an importance from chance."


def test_the_limits_name_trials_epochs_and_interactions() -> None:
    said = limits_sentence(search())
    assert said.startswith("4 trials with one seed each") and "7 epochs" in said and "19 % of the variance" in said


def test_a_slice_says_where_the_best_trials_lie() -> None:
    optimizers, rates = search().parameters
    assert slice_sentence(search(), rates) == "The best 2 trials lie from 0.01 to 0.02."
    assert slice_sentence(search(), optimizers) == "Median: 86.00 % with SAM, 75.00 % with SGD."
    same = dataclasses.replace(rates, values=(0.01,) * 4)
    assert slice_sentence(search(), same) == "All trials have the same value: 0.01."


def test_the_frame_is_sorted_and_never_below_zero() -> None:
    frame = importances.importance_frame(search(chance=0.01))
    assert frame["parameter"].tolist() == ["Learning rate", "Optimizer"]
    assert (frame["chance_low"] == 0).all() and frame["high"].tolist() == pytest.approx([62, 23])


@pytest.mark.parametrize("summary", [None, c.ImportancesSummary(())])
def test_a_run_may_lack_importances(summary: c.ImportancesSummary | None) -> None:
    assert of_search(summary, "coarse") is None
    assert of_search(c.ImportancesSummary((search(),)), "coarse") == search()
