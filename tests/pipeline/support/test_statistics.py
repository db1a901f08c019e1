"""Spreads and comparisons over seeds."""

import pytest

from artifacts.contract import Curves, Fit, Variant
from pipeline.config import DECK_RECIPE
from pipeline.support.statistics import accuracy_spread, compare, spread, standard_error


def variant(name: str, accuracies: list[float]) -> Variant:
    curves = Curves((1.0,), (0.5,), (1.0,), (0.5,))
    fits = tuple(Fit(seed, curves, 1, value, 1.0, 0.5, 1.0) for seed, value in enumerate(accuracies))
    return Variant(name, DECK_RECIPE, fits, accuracy_spread(fits))


def test_a_spread_is_the_textbooks() -> None:
    result = spread([0.90, 0.92, 0.94])
    assert (result.n, result.mean) == (3, pytest.approx(0.92))
    assert result.std == pytest.approx(0.02)
    assert result.high == pytest.approx(0.92 + 4.302653 * 0.02 / 3**0.5)  # t for 2 degrees of freedom
    assert result.low == pytest.approx(2 * 0.92 - result.high)


def test_one_seed_has_no_spread() -> None:
    assert spread([0.9]).std is None
    assert spread([0.9]).low is None


def test_the_standard_error_of_the_deck() -> None:
    assert standard_error(0.9493, 10_000) == pytest.approx(0.0022, abs=5e-5)


def test_a_clear_difference_is_real_and_a_small_one_is_not() -> None:
    low, high = variant("low", [0.900, 0.902, 0.901]), variant("high", [0.950, 0.951, 0.949])
    clear = compare(low, high)
    assert clear.real and clear.difference == pytest.approx(0.049)
    assert clear.low is not None and clear.p_value is not None
    assert 0.04 < clear.low < clear.difference and clear.p_value < 0.001
    noisy = compare(variant("a", [0.90, 0.95, 0.92]), variant("b", [0.91, 0.96, 0.925]))
    assert not noisy.real


@pytest.mark.parametrize("values", [[0.9], [0.9, 0.9]])
def test_without_a_spread_nothing_is_called_real(values: list[float]) -> None:
    result = compare(variant("a", values), variant("b", [0.95] * len(values)))
    assert (result.low, result.p_value, result.real) == (None, None, False)
