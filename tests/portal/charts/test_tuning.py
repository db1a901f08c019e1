"""portal/charts/tuning.py: the search in pictures."""

import pandas as pd
import pytest

from artifacts import deck
from artifacts.contract import SearchSummary
from artifacts.store import Run
from portal.analysis import search_log
from portal.charts import tuning
from tests.portal.charts.specs import encodings_of, layers_of, marks_of, rows_with, spec_of

POINTS = [deck.COARSE_BEST, deck.FINE_BEST]


@pytest.fixture
def searches(full_run: Run) -> dict[str, SearchSummary]:
    return {name: full_run.document(SearchSummary, SearchSummary.path(name)) for name in ("coarse", "fine")}


@pytest.fixture
def frames(searches: dict[str, SearchSummary]) -> dict[str, pd.DataFrame]:
    return {name: search_log.trial_frame(search, None) for name, search in searches.items()}


def test_trials_stand_on_log_axes_in_a_box_a_search(
    searches: dict[str, SearchSummary], frames: dict[str, pd.DataFrame]
) -> None:
    ranges = {name: search.ranges for name, search in searches.items()}
    chart = tuning.search_space(search_log.drawn_until(frames, "fine", 5), ranges, POINTS)
    point = encodings_of(chart, "point")
    assert point["x"]["scale"]["type"] == point["y"]["scale"]["type"] == "log"
    assert point["shape"]["field"] == point["color"]["field"] == "optimizer"
    boxes = rows_with(chart, "lr_high")
    assert [box["name"] for box in boxes] == ["coarse ranges", "fine ranges"]
    assert boxes[1]["lr"] > boxes[0]["lr"]
    assert boxes[1]["lr_high"] < boxes[0]["lr_high"]


def test_failed_trials_are_not_drawn(searches: dict[str, SearchSummary], frames: dict[str, pd.DataFrame]) -> None:
    chart = tuning.search_space(frames["coarse"], {"coarse": searches["coarse"].ranges}, [])
    assert len(rows_with(chart, "momentum", "reason")) == frames["coarse"]["accuracy"].notna().sum() == 5


def test_the_best_trial_of_each_search_has_a_ring(
    searches: dict[str, SearchSummary], frames: dict[str, pd.DataFrame]
) -> None:
    drawn = search_log.drawn_until(frames, "fine", 5)
    chart = tuning.search_space(drawn, {"coarse": searches["coarse"].ranges}, POINTS)
    labels = rows_with(chart, "text", "trial")
    assert [row["trial"] for row in labels] == [searches["coarse"].best, searches["fine"].best]


def test_the_decks_points_are_there_only_where_given(
    searches: dict[str, SearchSummary], frames: dict[str, pd.DataFrame]
) -> None:
    ranges = {"coarse": searches["coarse"].ranges}
    shapes = [
        sum(layer["mark"].get("shape") == "cross" for layer in layers_of(spec_of(chart)))
        for chart in (tuning.search_space(frames["coarse"], ranges, points) for points in (POINTS, []))
    ]
    assert shapes == [1, 0]


def test_a_replay_before_the_first_result_still_draws(searches: dict[str, SearchSummary]) -> None:
    failed = search_log.trial_frame(searches["coarse"], None).iloc[2:3]
    chart = tuning.search_space(failed, {"coarse": searches["coarse"].ranges}, [])
    assert spec_of(chart)["title"]["text"] == "Where the trials were drawn"


def test_the_replay_keeps_its_axes(frames: dict[str, pd.DataFrame]) -> None:
    early, late = (tuning.best_so_far(frames["fine"], trial, 0.95) for trial in (1, 5))
    assert encodings_of(early, "point")["x"]["scale"] == encodings_of(late, "point")["x"]["scale"]
    assert encodings_of(early, "point")["y"]["scale"] == encodings_of(late, "point")["y"]["scale"]
    assert len(rows_with(early, "best_accuracy")) == 2


def test_the_staircase_has_the_decks_line_only_where_given(frames: dict[str, pd.DataFrame]) -> None:
    assert "rule" in marks_of(tuning.best_so_far(frames["fine"], 5, 0.95))
    assert "rule" not in marks_of(tuning.best_so_far(frames["fine"], 5, None))


def test_trials_far_below_stand_on_the_edge_and_are_counted() -> None:
    frame = pd.DataFrame({"search": "coarse", "trial": [0, 1], "accuracy": [90.0, 10.0], "best_accuracy": [90.0, 90.0]})
    frame = frame.assign(lr=0.01, weight_decay=0.001, momentum=0.9, last_layers=2, optimizer="SGD")
    spec = spec_of(tuning.best_so_far(frame, 1, None))
    assert "1 below 85 % at the lower edge" in " ".join(spec["title"]["subtitle"])
    assert encodings_of(tuning.best_so_far(frame, 1, None), "point")["y"]["scale"]["clamp"] is True
