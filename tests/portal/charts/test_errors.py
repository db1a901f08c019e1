"""portal/charts/errors.py: the mistakes, ranked and counted."""

import numpy as np
import pandas as pd
import pytest

from artifacts.contract import ErrorsSummary, FinalSummary
from artifacts.store import Run
from portal.charts import errors
from tests.portal.charts.specs import rows_with, spec_of

CLASSES = ("Boot", "Bag", "Coat")
MISTAKES = {
    "index": np.array([7, 3, 9, 1], dtype=np.uint32),
    "true": np.array([0, 2, 0, 1], dtype=np.uint8),
    "predicted": np.array([2, 0, 2, 2], dtype=np.uint8),
    "confidence": np.array([0.6, 0.95, 0.8, 0.4], dtype=np.float32),
}


@pytest.fixture
def frame() -> pd.DataFrame:
    return errors.mistakes_frame(MISTAKES, CLASSES)


@pytest.fixture
def nothing() -> pd.DataFrame:
    return errors.mistakes_frame({name: array[:0] for name, array in MISTAKES.items()}, CLASSES)


def test_the_most_confident_mistake_comes_first(frame: pd.DataFrame) -> None:
    assert frame["index"].tolist() == [3, 9, 7, 1]
    assert frame["pair"].tolist()[0] == "Coat → Boot"


def test_pairs_begin_with_the_most_frequent(frame: pd.DataFrame) -> None:
    assert errors.pair_names(frame)[0] == "Boot → Coat"
    assert rows_with(errors.confused_pairs(frame, 100), "pair", "count")[0] == {
        "pair": "Boot → Coat",
        "count": 2,
        "share": 0.5,
    }


def test_both_directions_of_a_pair_count_together(frame: pd.DataFrame) -> None:
    assert "Boot and Coat, counted in both directions, makes up 75 % of all" in errors.pairs_sentence(frame)
    assert "Boot and Coat alone are 75 %" in errors.takeaway(frame)


def test_captions_name_pair_probability_and_number(frame: pd.DataFrame) -> None:
    assert errors.captions(frame)[0] == "Coat → Boot, 95\N{NO-BREAK SPACE}%, #3"


def test_sure_mistakes_are_counted(frame: pd.DataFrame) -> None:
    assert errors.confidence_sentence(frame).startswith("25 % of the mistakes have a probability of 90 % or more")


def test_a_model_without_mistakes_is_shown_too(nothing: pd.DataFrame, full_run: Run) -> None:
    summary = full_run.document(ErrorsSummary)
    assert errors.pair_names(nothing) == []
    assert errors.pairs_sentence(nothing) == "There is no mistake to show."
    assert "no mistake" in errors.takeaway(nothing)
    for chart in (errors.confused_pairs(nothing, 100), errors.confidence_histogram(nothing, summary)):
        assert "n = 0 mistakes" in " ".join(spec_of(chart)["title"]["subtitle"])


def test_the_histogram_marks_both_mean_confidences(frame: pd.DataFrame, full_run: Run) -> None:
    summary = full_run.document(ErrorsSummary)
    means = rows_with(errors.confidence_histogram(frame, summary), "mean")
    assert [row["mean"] for row in means] == [summary.mean_confidence_wrong, summary.mean_confidence_right]


def test_the_histogram_sends_bins_and_not_every_mistake(frame: pd.DataFrame, full_run: Run) -> None:
    bins = rows_with(errors.confidence_histogram(frame, full_run.document(ErrorsSummary)), "low", "high")
    assert len(bins) == 20
    assert [row["count"] for row in bins if row["count"]] == [1, 1, 1, 1]


def test_f1_lists_stand_beside_the_decks(full_run: Run) -> None:
    final, summary = full_run.document(FinalSummary), full_run.document(ErrorsSummary)
    highest, lowest = errors.f1_beside_deck(final, summary)
    assert highest.ours.startswith(f"{final.classes[0].name} (")
    assert highest.deck.startswith("Bag (995 of 1,000 right)")
    assert lowest.deck.startswith("Shirt (826 of 1,000 right)")
