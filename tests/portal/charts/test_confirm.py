"""portal/charts/confirm.py and rungs.py: what new seeds leave of a search's figures, and who went on."""

import dataclasses

import numpy as np
import pytest

from artifacts.contract import ConfirmSummary, Spread
from portal.analysis.search_rungs import rung_frame
from portal.charts import confirm
from portal.charts.rungs import rungs
from tests.portal.analysis.test_search_log import halved
from tests.portal.charts.specs import encodings_of, marks_of, rows_with, spec_of
from tests.portal.tiny_run import confirmed


@pytest.fixture
def summary() -> ConfirmSummary:
    """Three candidates whose searches gave 93.0, 92.5 and 92.0 %; new seeds give 91, 92 and 90 %."""
    made = confirmed(np.random.default_rng(0))
    candidates = [
        dataclasses.replace(each, val_accuracy=Spread(3, mean, 0.01, mean - 0.02, mean + 0.02))
        for each, mean in zip(made.candidates, (0.91, 0.92, 0.90), strict=True)
    ]
    return dataclasses.replace(made, candidates=tuple(candidates), best=1)


def test_each_candidate_has_its_seeds_their_mean_and_the_searchs_figure(summary: ConfirmSummary) -> None:
    chart = confirm.confirmation(summary)
    assert len(rows_with(chart, "group", "accuracy")) == 9
    assert [row["mean"] for row in rows_with(chart, "mean")] == pytest.approx([91, 92, 90])
    assert [row["other"] for row in rows_with(chart, "other")] == pytest.approx([93, 92.5, 92])
    assert "n = 3 new seeds a trial" in " ".join(spec_of(chart)["title"]["subtitle"])
    assert "rule" in marks_of(chart)


def test_the_sentence_says_the_drop_and_that_the_favorite_lost(summary: ConfirmSummary) -> None:
    sentence = confirm.confirmation_sentence(summary)
    assert "gave these trials 92.50 % on average, new seeds give 91.00 %: 1.50 percentage points less" in sentence
    assert "is fine #1, not the searches' own favorite fine #0" in sentence


def test_a_gain_is_not_called_luck(summary: ConfirmSummary) -> None:
    low = tuple(dataclasses.replace(each, search_accuracy=0.9) for each in summary.candidates)
    sentence = confirm.confirmation_sentence(dataclasses.replace(summary, candidates=low))
    assert "1.00 percentage points more" in sentence
    assert "luck" not in sentence


def test_a_figure_of_fewer_epochs_is_not_compared(summary: ConfirmSummary) -> None:
    short = tuple(dataclasses.replace(each, search_epochs=1) for each in summary.candidates)
    sentence = confirm.confirmation_sentence(dataclasses.replace(summary, candidates=short))
    assert "percentage points" not in sentence
    assert "fine #1" in sentence


def test_a_candidate_that_failed_is_in_the_table_alone(summary: ConfirmSummary) -> None:
    failed = dataclasses.replace(summary.candidates[2], fits=(), val_accuracy=None, reason="not finite")
    with_failed = dataclasses.replace(summary, candidates=(*summary.candidates[:2], failed))
    assert len(rows_with(confirm.confirmation(with_failed), "mean")) == 2
    table = confirm.confirmation_table(with_failed)
    assert table.loc["fine #2", ["With new seeds [95 % interval]", "Failed because"]].tolist() == ["none", "not finite"]
    assert table.index[1] == "fine #1, to final"
    assert "Failed because" not in confirm.confirmation_table(summary)


def test_a_line_joins_the_rungs_of_a_trial() -> None:
    chart = rungs(rung_frame(halved()), "coarse")
    rows = rows_with(chart, "rung", "accuracy")
    assert sorted((row["trial"], row["rung"]) for row in rows) == [(0, 1), (1, 1), (2, 1), (2, 2), (3, 1)]
    assert encodings_of(chart, "line")["detail"]["field"] == "trial"
    assert "n = 4, 1 trials on the rungs" in spec_of(chart)["title"]["subtitle"][0]
    assert "1 below" in " ".join(spec_of(chart)["title"]["subtitle"])  # trial 1, far below those that went on
