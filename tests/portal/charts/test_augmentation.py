"""portal/charts/augmentation.py: trainsets beside the deck's, and the verdict on their differences."""

import dataclasses

import pytest

from artifacts.contract import AugmentationsSummary, SetResult, Spread
from artifacts.store import Run
from portal.charts import augmentation
from tests.portal.charts.specs import rows_with, spec_of


@pytest.fixture
def summary(full_run: Run) -> AugmentationsSummary:
    return full_run.document(AugmentationsSummary)


def with_spreads(summary: AugmentationsSummary, spreads: list[Spread]) -> AugmentationsSummary:
    sets = [dataclasses.replace(each, val_accuracy=value) for each, value in zip(summary.sets, spreads, strict=False)]
    return dataclasses.replace(summary, sets=tuple(sets), best=1)


def interval(mean: float, half: float) -> Spread:
    return Spread(3, mean, half / 4, mean - half, mean + half)


def test_a_short_title_keeps_number_and_operations(summary: AugmentationsSummary) -> None:
    titles = [augmentation.short_title(each) for each in summary.sets]
    assert titles[0] == "1: none"
    assert titles[3] == "4: flip, erasing, rotation"
    assert augmentation.short_title(SetResult(9, "Blur(3)", 1, (), interval(0.5, 0.1))) == "9: Blur(3)"


def test_the_chart_shows_every_seed_and_the_decks_three_figures(summary: AugmentationsSummary) -> None:
    chart = augmentation.trainsets(summary, with_deck=True)
    assert len(rows_with(chart, "group", "n")) == 6
    datasets = spec_of(chart)["datasets"].values()
    assert sorted(len(rows) for rows in datasets) == [3, 6, 18]
    assert "the deck's" in " ".join(spec_of(chart)["title"]["subtitle"])


def test_other_data_has_no_deck_in_chart_and_table(summary: AugmentationsSummary) -> None:
    assert "deck" not in " ".join(spec_of(augmentation.trainsets(summary, with_deck=False))["title"]["subtitle"])
    assert "Deck" not in augmentation.table(summary, with_deck=False)


def test_the_table_prints_the_decks_figures_as_the_deck_does(summary: AugmentationsSummary) -> None:
    column = augmentation.table(summary, with_deck=True)["Deck"].tolist()
    assert column == ["94.61 %", "not given", "95.165 %", "95.17 %", "not given", "not given"]


def test_a_lead_without_overlap_is_real(summary: AugmentationsSummary) -> None:
    changed = with_spreads(summary, [interval(0.9, 0.01), interval(0.8, 0.01)])
    assert "its lead is more than chance at n = 3" in augmentation.verdict(changed)


def test_overlapping_intervals_leave_the_order_open(summary: AugmentationsSummary) -> None:
    some = with_spreads(summary, [interval(0.9, 0.02), interval(0.89, 0.02), interval(0.7, 0.01), interval(0.88, 0.02)])
    assert "overlaps that of sets 2 and 4: 3 seeds do not decide the ranking" in augmentation.verdict(some)
    all_of_them = with_spreads(summary, [interval(0.9, 0.02), interval(0.89, 0.02)])
    assert "overlaps that of all others" in augmentation.verdict(all_of_them)


def test_one_seed_gives_no_verdict(summary: AugmentationsSummary) -> None:
    lone = [Spread(1, mean, None, None, None) for mean in (0.9, 0.8)]
    assert "cannot show whether that is more than chance" in augmentation.verdict(with_spreads(summary, lone))
