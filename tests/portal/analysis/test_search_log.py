"""portal/analysis/search_log.py: the searches as the tables that a person reads."""

import dataclasses
import math
from typing import Literal

import numpy as np
import pandas as pd
import pytest

from artifacts import contract as c
from artifacts import deck
from portal.analysis import search_log, search_rungs
from tests.portal.tiny_run import MACHINE, recipe

RANGES = c.Ranges((1e-3, 1e-1), (1e-5, 5e-2), (0.8, 0.98), (2, 3), ("SGD", "SAM"))


def search(*accuracies: float | None, name: Literal["coarse", "fine"] = "coarse") -> c.SearchSummary:
    """A search whose trials reached these accuracies; None is a trial that failed."""
    trials = []
    for number, accuracy in enumerate(accuracies):
        values = c.TrialValues(0.01 * (number + 1), 0.001, 0.9, 2, "SAM" if number % 2 else "SGD")
        one = None if accuracy is None else _fit(accuracy)
        trials.append(c.TrialResult(number, values, one, "" if one else "the loss was not finite"))
    best = max(range(len(accuracies)), key=lambda number: accuracies[number] or 0.0)
    return c.SearchSummary(name, "deck", recipe(), 100, 100, RANGES, tuple(trials), best)


def halved() -> c.SearchSummary:
    """Four trials on rungs of 1 and 2 epochs; trial 2, which went on, ends below what trial 0 had after one epoch."""
    done = search(0.95, 0.7, 0.94, None)
    ahead = dataclasses.replace(done.trials[2], fit=_fit(0.9, epochs=2), earlier=(_fit(0.94),))
    failed = dataclasses.replace(done.trials[3], earlier=(_fit(0.93),))
    trials = (*done.trials[:2], ahead, failed)
    return dataclasses.replace(done, policy="halving", rungs=(1, 2), trials=trials, best=2)


def _fit(accuracy: float, epochs: int = 1) -> c.Fit:
    curves = c.Curves((0.5,) * epochs, (0.8,) * epochs, (0.4,) * epochs, (accuracy,) * epochs)
    return c.Fit(0, curves, 1, accuracy, 0.4, 0.8, 0.5)


def clock(count: int) -> c.StageClock:
    trials = {str(number): c.TrialClock(30.0, 30.0 * (number + 1)) for number in range(count)}
    return c.StageClock("tune-coarse", "", "", 30.0 * count, 1, MACHINE, trials)


def test_the_best_so_far_never_falls_and_names_its_trial() -> None:
    frame = search_log.trial_frame(search(0.7, 0.9, None, 0.8, 0.95), clock(5))
    assert frame["best_trial"].tolist() == [0, 1, 1, 1, 4]
    np.testing.assert_allclose(frame["best_accuracy"].ffill(), [70, 90, 90, 90, 95])
    assert math.isnan(frame.loc[2, "accuracy"])
    assert frame.loc[2, "reason"] == "the loss was not finite"


def test_the_best_so_far_is_the_one_on_the_highest_rung() -> None:
    frame = search_log.trial_frame(halved(), None)
    assert frame["best_trial"].tolist() == [0, 0, 2, 2]
    assert frame["rung"].tolist() == [1, 1, 2, 2]
    assert frame["epochs"].tolist() == [1, 1, 3, 1]
    table = search_log.log_table(frame, 2)
    assert table.loc["Rung reached", "Trial 2"] == "2 of 2"
    assert search_log.trials_table(frame)["Epochs trained"].tolist() == [1, 1, 3, 1]


def test_times_go_over_all_rungs() -> None:
    trials = {"0": c.TrialClock(30, 30), "1": c.TrialClock(30, 60), "2": c.TrialClock(30, 90)}
    took = dataclasses.replace(clock(0), trials=trials | {"2 rung 2": c.TrialClock(60, 180)})
    frame = search_log.trial_frame(halved(), took)
    assert frame["minutes"].tolist()[:3] == [0.5, 0.5, 1.5]
    assert frame["elapsed"].tolist()[:3] == [0.5, 1.0, 3.0]


def test_a_search_without_rungs_says_nothing_of_them() -> None:
    frame = search_log.trial_frame(search(0.7, 0.9), None)
    assert "Rung reached" not in search_log.log_table(frame, 1).index
    assert "Rung reached" not in search_log.trials_table(frame)


def test_the_policy_says_what_it_spent_and_what_full_trials_would() -> None:
    sentence = search_rungs.policy_sentence({"coarse": halved()})
    assert "all trials train for 1 epoch, the best third of those again, from new weights, for 2." in sentence
    assert "The coarse search trained for 6 epochs; training every trial for 2 would take 8." in sentence
    assert len(search_rungs.rung_frame(halved())) == 5


def test_the_decks_policy_says_its_patience() -> None:
    sentence = search_rungs.policy_sentence({"coarse": search(0.7, 0.9), "fine": search(0.9, name="fine")})
    assert "18 epochs in a row" in sentence
    assert "The two searches trained for 3 epochs." in sentence


def test_of_two_equal_trials_the_first_is_the_best() -> None:
    frame = search_log.trial_frame(search(0.9, 0.9), None)
    assert frame["best_trial"].tolist() == [0, 0]


def test_times_are_minutes_and_missing_without_a_clock() -> None:
    assert search_log.trial_frame(search(0.7, 0.9), clock(2))["elapsed"].tolist() == [0.5, 1.0]
    assert search_log.trial_frame(search(0.7, 0.9), None)["minutes"].isna().all()


def test_the_log_shows_the_trial_beside_the_best_and_the_next_draw() -> None:
    table = search_log.log_table(search_log.trial_frame(search(0.9, 0.7, 0.8), clock(3)), 1)
    assert list(table.columns) == ["Trial 1", "Best so far: trial 0", "Next: trial 2"]
    assert table.loc["Learning rate"].tolist() == ["0.020000", "0.010000", "0.030000"]
    assert table.loc["Highest val accuracy (%)"].tolist() == ["70.00", "90.00", ""]
    assert table.loc["Total elapsed (min)", "Trial 1"] == "1.00"


def test_the_log_of_a_failed_first_trial_says_why_and_has_no_best() -> None:
    table = search_log.log_table(search_log.trial_frame(search(None, 0.7), None), 0)
    assert list(table.columns) == ["Trial 0", "Next: trial 1"]
    assert table.loc["Highest val accuracy (%)", "Trial 0"] == "the loss was not finite"


def test_the_log_of_the_last_trial_has_no_next() -> None:
    table = search_log.log_table(search_log.trial_frame(search(0.9, 0.95), None), 1)
    assert list(table.columns) == ["Trial 1", "Best so far: trial 1"]


@pytest.mark.parametrize(("name", "expected"), [("coarse", [0, 1]), ("fine", [0, 1, 2, 0, 1])])
def test_the_fine_search_is_replayed_over_the_whole_coarse_one(name: str, expected: list[int]) -> None:
    frames = {
        "coarse": search_log.trial_frame(search(0.7, 0.8, 0.9), None),
        "fine": search_log.trial_frame(search(0.8, 0.9, 0.7, name="fine"), None),
    }
    drawn = search_log.drawn_until(frames, name, 1)
    assert drawn["trial"].tolist() == expected
    assert drawn.index.is_unique


def test_the_cut_is_shown_before_and_after() -> None:
    after = c.Ranges((5e-3, 5e-2), (1e-4, 5e-3), (0.85, 0.95), (2,), ("SAM",))
    cut = c.RangeCut((4, 1, 0), RANGES, after)
    table = search_log.cut_table(cut)
    assert table.loc["Learning rate"].tolist() == ["0.001 to 0.1", "0.005 to 0.05"]
    assert table.loc["Optimizer"].tolist() == ["SGD or SAM", "SAM"]
    assert "span the best 3 coarse trials (4, 1, 0)" in search_log.cut_sentence(cut)


def test_the_deck_stands_beside_the_best_trials_only_where_asked() -> None:
    searches = {"coarse": search(0.7, 0.9), "fine": search(0.95, 0.8, name="fine")}
    frames = {name: search_log.trial_frame(each, clock(2)) for name, each in searches.items()}
    table = search_log.best_table(searches, frames, with_deck=True)
    assert table.loc["Highest val accuracy (%)"].tolist() == ["90.00", "95.38", "95.00", "95.42"]
    assert table.loc["Trial"].tolist() == ["#1 of 2", "#67 of 75", "#0 of 2", "#9 of 70"]
    assert table.loc["Learning rate", "Deck: coarse search, best"] == f"{deck.COARSE_BEST.lr:.6f}"
    assert table.loc["Optimizer", "Deck: fine search, best"] == search_log.NOT_GIVEN
    assert list(search_log.best_table(searches, frames, with_deck=False).columns) == [
        "Coarse search, best",
        "Fine search, best",
    ]


def test_on_the_page_the_deck_s_figures_stand_below_ours() -> None:
    searches = {"coarse": search(0.7, 0.9)}
    frames = {name: search_log.trial_frame(each, clock(2)) for name, each in searches.items()}
    for with_deck, shown in ((True, "90.00  \n:small[:gray[deck: 95.38]]"), (False, "90.00")):
        table = search_log.in_fewer_columns(search_log.best_table(searches, frames, with_deck=with_deck))
        assert table.loc["Highest val accuracy (%)"].to_dict() == {"Coarse search, best": shown}


def test_the_trials_table_has_a_row_a_trial() -> None:
    table = search_log.trials_table(search_log.trial_frame(search(0.7, None), clock(2)))
    assert table["Trial"].tolist() == [0, 1]
    assert table["Best so far (%)"].tolist()[0] == 70.0
    assert table["Failed because"].tolist() == ["", "the loss was not finite"]


def test_the_takeaway_compares_the_searches_only_when_both_are_there() -> None:
    coarse = search_log.trial_frame(search(0.7, 0.9), None)
    fine = search_log.trial_frame(search(0.92, name="fine"), None)
    assert "2.00 percentage points above" in search_log.takeaway({"coarse": coarse, "fine": fine})
    assert "percentage" not in search_log.takeaway({"coarse": coarse})
    failed = pd.DataFrame({"best_accuracy": [float("nan")]})
    assert "percentage" not in search_log.takeaway({"coarse": coarse, "fine": failed})
