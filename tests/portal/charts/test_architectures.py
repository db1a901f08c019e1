"""portal/charts/architectures.py: the table, the scatter, curves and layers."""

import pytest

from artifacts import deck
from artifacts.contract import ArchitecturesSummary, Curves, Fit
from artifacts.store import Run
from portal.charts import architectures
from tests.portal.charts.specs import marks_of, rows_with, spec_of


@pytest.fixture
def summary(full_run: Run) -> ArchitecturesSummary:
    return full_run.document(ArchitecturesSummary)


def fit_of(train: tuple[float, ...], val: tuple[float, ...], val_loss: tuple[float, ...]) -> Fit:
    curves = Curves(tuple(1 - value for value in train), train, val_loss, val)
    return Fit(0, curves, 2, max(val), min(val_loss), max(train), 0.1)


def test_the_table_stands_beside_the_decks(summary: ArchitecturesSummary) -> None:
    table = architectures.table(summary, with_deck=True)
    assert table["Parameters"].tolist() == [row.parameters for row in deck.ARCHITECTURES]
    assert table["Deck: val accuracy (%)"].tolist() == pytest.approx(
        [100 * row.highest_val_accuracy for row in deck.ARCHITECTURES]
    )
    assert set(architectures.formats(table)) <= set(table)
    assert not [name for name in architectures.table(summary, with_deck=False) if name.startswith("Deck")]


@pytest.mark.parametrize("by", architectures.SIZES.values())
def test_every_network_is_a_point_here_and_in_the_deck(summary: ArchitecturesSummary, by: str) -> None:
    frame = architectures.size_frame(summary, with_deck=True)
    chart = architectures.size_against_accuracy(frame, by, 60)
    assert len(rows_with(chart, "network", "source", "accuracy")) == 14
    assert spec_of(chart)["layer"][1]["encoding"]["x"]["scale"]["type"] == "log"


def test_without_the_deck_only_our_points_are_left(summary: ArchitecturesSummary) -> None:
    frame = architectures.size_frame(summary, with_deck=False)
    rows = rows_with(architectures.size_against_accuracy(frame, "macs", 60), "source", "accuracy")
    assert {row["source"] for row in rows} == {"This run"}
    assert len(rows) == 7


@pytest.mark.parametrize("measure", ["accuracy", "loss"])
def test_curves_shade_the_gap_and_mark_the_best_epoch(summary: ArchitecturesSummary, measure: str) -> None:
    fit = summary.results[0].fit
    chart = architectures.learning_curves(fit, measure, "OwnBaseline1")
    assert marks_of(chart) == ["area", "rule", "line"]
    assert len(rows_with(chart, "epoch", "part", "value")) == 2 * len(fit.curves.val_loss)
    (best,) = [rows for rows in spec_of(chart)["datasets"].values() if len(rows) == 1]
    assert best[0]["epoch"] == fit.best_epoch


def test_overfitting_is_a_gap_with_rising_validation_loss() -> None:
    rising = fit_of((0.8, 0.99), (0.8, 0.85), (0.4, 0.6))
    assert architectures.overfitting(rising).endswith(
        "14.0 points above validation, and validation loss has risen from its lowest: it overfits."
    )
    falling = fit_of((0.8, 0.9), (0.8, 0.85), (0.6, 0.4))
    assert architectures.overfitting(falling) == "In the last epoch train accuracy is 5.0 points above validation."
    behind = fit_of((0.7, 0.8), (0.75, 0.85), (0.6, 0.4))
    assert "No overfitting so far" in architectures.overfitting(behind)


def test_layers_keep_their_order_and_their_sums(summary: ArchitecturesSummary) -> None:
    result = summary.results[0]
    frame = architectures.layer_frame(result)
    assert frame["layer"].tolist() == [row.name for row in result.layer_table]
    assert frame["parameters"].sum() == sum(row.parameters for row in result.layer_table)
    assert frame["output"].tolist()[0] == "32 x 28 x 28"
    assert len(spec_of(architectures.layers(frame, result.name))["vconcat"]) == 4
    assert "hold 62 % of the parameters" in architectures.where_the_weight_is(frame)
