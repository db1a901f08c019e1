"""portal/core/intervals.py: the intervals against SciPy's, which the portal does without."""

import dataclasses

import pandas as pd
import pytest
from scipy import stats

from artifacts.contract import ArchitecturesSummary, ChampionSummary, ConfirmSummary, FinalSummary, Spread
from artifacts.store import Run
from pipeline.support import statistics
from portal.analysis import champion, final_figures
from portal.charts import overview
from portal.core import intervals


@pytest.mark.parametrize(("right", "images"), [(0, 12), (1, 1), (7, 12), (12, 12), (9_485, 10_000), (10_000, 10_000)])
def test_the_interval_of_a_share_is_wilson_s(right: int, images: int) -> None:
    theirs = stats.binomtest(right, images).proportion_ci(0.95, method="wilson")
    assert intervals.wilson(right / images, images) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_nothing_is_known_without_images() -> None:
    assert intervals.wilson(0.5, 0) == (0.0, 1.0)


@pytest.mark.parametrize("seeds", range(2, 11))
def test_the_interval_over_seeds_is_the_pipeline_s(seeds: int) -> None:
    values = [0.9 + 0.001 * n**2 for n in range(seeds)]
    ours, theirs = intervals.spread(values), statistics.spread(values)
    assert ours.n == theirs.n
    assert (ours.mean, ours.std, ours.low, ours.high) == pytest.approx(
        (theirs.mean, theirs.std, theirs.low, theirs.high), abs=1e-6
    )


def test_one_seed_has_a_mean_alone_and_eleven_no_interval() -> None:
    assert intervals.spread([0.9]) == Spread(1, pytest.approx(0.9), None, None, None)
    assert intervals.spread([0.9, 0.8] * 6).low is None


def test_one_seed_falls_back_on_the_images() -> None:
    assert intervals.over_seeds(Spread(1, 0.9, None, None, None), 100) == intervals.wilson(0.9, 100)
    assert intervals.over_seeds(Spread(2, 0.9, 0.1, 0.7, 1.1), 100) == (0.7, 1.1)


def test_ends_are_added_in_per_cent() -> None:
    frame = intervals.with_ends(pd.DataFrame({"accuracy": [90.0]}), "accuracy", 100)
    assert (frame["low"][0], frame["high"][0]) == pytest.approx(tuple(100 * end for end in intervals.wilson(0.9, 100)))


def test_every_accuracy_beside_the_deck_s_has_its_interval(full_run: Run) -> None:
    final, better = full_run.document(FinalSummary), full_run.document(ChampionSummary)
    study = overview.Study(None, None, full_run.document(ArchitecturesSummary), *[None] * 3, final, None, None)
    rows = [
        *final_figures.beside_deck(final, full_run.document(ConfirmSummary)),
        *champion.beside_deck(better, final)[:3],
        *overview.headline(dataclasses.replace(study, champion=better)),
    ]
    accuracies = [row for row in rows if row.what not in ("Test loss", "Test loss (nats)", "Macro F1")]
    assert len(accuracies) == 11
    assert [row.what for row in accuracies if "[" not in row.ours] == []
