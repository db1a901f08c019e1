"""Results kept between clicks: by content, by a document's identity, and never more than so many."""

import numpy as np
import pandas as pd
import pytest

from artifacts.contract import Spread
from portal.charts import convolution, predict
from portal.core import memo

calls: list[object] = []


@memo.kept
def doubled(value: object) -> list[object]:
    calls.append(value)
    return [value, value]


@pytest.fixture(autouse=True)
def fresh() -> None:
    memo.clear()
    calls.clear()


def frame(last: float = np.nan) -> pd.DataFrame:
    return pd.DataFrame({"name": ["a", "b"], "share": [0.5, last]})


@pytest.mark.parametrize("make", [frame, lambda: np.arange(5), lambda: {"a": (1, None)}, lambda: "word"])
def test_equal_arguments_are_worked_out_once(make) -> None:
    assert doubled(make()) is doubled(make())
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [(frame(), frame(1.0)), (np.arange(5), np.arange(5.0)), (1, True), (frame(), frame().rename(columns=str.upper))],
)
def test_other_arguments_are_worked_out_anew(one: object, other: object) -> None:
    assert doubled(one) is not doubled(other)
    assert len(calls) == 2


def test_a_document_counts_by_its_identity_and_is_held() -> None:
    first = doubled(Spread(1, 0.9, None, None, None))
    assert all(doubled(Spread(1, 0.9, None, None, None)) is not first for _ in range(20))  # no address used again
    same = Spread(2, 0.9, None, None, None)
    assert doubled({"in": [same]}) is doubled({"in": [same]})


def test_what_has_no_known_content_is_worked_out_each_time() -> None:
    assert doubled(lambda: 1) != doubled(lambda: 1)
    assert len(calls) == 2


def test_no_more_than_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "MOST", 3)
    results = [doubled(number) for number in range(5)]
    assert len(memo._entries) == len(memo._by_result) == 3
    assert doubled(4) is results[4]
    assert doubled(0) is not results[0]


def test_what_is_made_of_a_result_is_made_once() -> None:
    made: list[int] = []
    for result in (doubled("a"), doubled("a"), ["not kept"], ["not kept"]):
        memo.beside(result, "length", lambda: made.append(1))
    assert len(made) == 1 + 2
    memo.beside(doubled("a"), "other", lambda: made.append(1))
    assert len(made) == 4


def test_no_chart_that_draws_a_visitors_picture_is_kept() -> None:
    for drawn in (
        predict.occlusion_chart,
        convolution.image_chart,
        convolution.map_chart,
        convolution.arithmetic_chart,
    ):
        assert not hasattr(drawn, "__wrapped__"), drawn.__name__
    assert hasattr(predict.vote_chart, "__wrapped__")
