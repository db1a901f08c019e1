"""portal/charts/importances.py: what matters in a search, beside what chance gives; and a slice a parameter."""

import pytest

from artifacts import deck
from artifacts.contract import ImportancesSummary, ParameterImportance, SearchImportances
from artifacts.store import Run
from portal.analysis.importances import CHOICES
from portal.charts import importances as charts
from tests.portal.charts.specs import encodings_of, marks_of, rows_with, spec_of

POINTS = [deck.COARSE_BEST, deck.FINE_BEST]


@pytest.fixture
def search(full_run: Run) -> SearchImportances:
    return full_run.document(ImportancesSummary).searches[0]


def named(search: SearchImportances, name: str) -> ParameterImportance:
    return next(each for each in search.parameters if each.parameter == name)


def test_the_most_important_parameter_stands_first_with_its_spread_and_chance(search: SearchImportances) -> None:
    chart = charts.importances(search)
    rows = rows_with(chart, "mean", "chance_mean")
    assert [row["parameter"] for row in rows][:2] == ["Learning rate", "Weight decay (L2)"]
    assert (rows[0]["low"], rows[0]["mean"], rows[0]["high"]) == pytest.approx((47, 50, 53))
    assert marks_of(chart) == ["bar", "rule", "bar", "tick"]
    subtitle = " ".join(spec_of(chart)["title"]["subtitle"])
    assert "n = 5 trials" in subtitle and "5 seeds of the forest" in subtitle


@pytest.mark.parametrize("name", ["lr", "weight_decay", "momentum", "last_layers", "optimizer"])
def test_a_slice_shows_every_trial_and_the_decks_values(search: SearchImportances, name: str) -> None:
    chart = charts.slice_of(search, named(search, name), POINTS)
    assert len(rows_with(chart, "value", "accuracy")) == len(search.trials)
    given = [getattr(point, name) for point in POINTS if getattr(point, name) is not None]
    lines = [row["value"] for row in rows_with(chart, "value", "text")]
    assert lines == ([str(value) for value in given] if name in CHOICES else given)
    x = encodings_of(chart, "point")["x"]
    assert x["type"] == ("nominal" if name in CHOICES else "quantitative")
    assert name in CHOICES or x["scale"].get("type") == (None if name == "momentum" else "log")


def test_without_the_deck_a_slice_has_no_lines(search: SearchImportances) -> None:
    assert marks_of(charts.slice_of(search, search.parameters[0], [])) == ["point"]
