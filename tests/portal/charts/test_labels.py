"""Labels of a scatter that neither cover each other nor a mark."""

import numpy as np
import pytest

from portal.charts.labels import LABEL, beside, near_group, with_room


def test_a_label_that_would_cover_another_is_left_out() -> None:
    assert with_room(np.array([0.0, 100.0, 110.0]), np.full(3, 50.0)).tolist() == [True, True, False]


def test_a_label_that_would_cover_a_mark_is_left_out() -> None:
    assert with_room(np.array([50.0, 52.0]), np.array([50.0, 38.0])).tolist() == [False, True]


def test_points_far_apart_all_have_theirs() -> None:
    assert with_room(np.arange(5) * 30.0, np.zeros(5)).all()
    assert with_room(np.zeros(0), np.zeros(0)).tolist() == []


def test_a_label_moves_to_the_nearest_free_line_above_or_below() -> None:
    ends = np.array([[50.0, 40.0, 60.0], [60.0, 40.0, 60.0], [200.0, 40.0, 60.0]])
    marks = np.array([[45.0, 34.0, 55.0, 66.0], [190.0, 20.0, 210.0, 66.0]])
    places = beside(ends, [40.0, 40.0, 40.0], marks)
    assert places[0].tolist() == [50.0, pytest.approx(19.6)]  # above its own mark
    assert places[1].tolist() == [60.0, pytest.approx(80.4)]  # below: the first label is above
    assert places[2].tolist() == [200.0, pytest.approx(80.4)]  # below: a mark is above
    assert np.isnan(beside(ends[:1], [40.0], np.array([[0.0, -500.0, 100.0, 500.0]]))).all()


def test_a_group_has_its_name_next_to_it_where_no_point_is() -> None:
    draws = np.random.default_rng(0)
    points = np.concatenate([draws.uniform(40, 80, (200, 2)), draws.uniform(200, 240, (200, 2))])
    groups = np.repeat(["left", "right"], 200)
    places = near_group(points, groups, {"left": 30.0, "right": 40.0}, (290, 300))
    for name, (x, y) in places.items():
        width = {"left": 30.0, "right": 40.0}[name]
        covered = (np.abs(points - (x, y)) < (width / 2, LABEL[1] / 2)).all(axis=1)
        distance = {other: np.abs(points[groups == other] - (x, y)).max(axis=1).min() for other in places}
        assert not covered.any() and min(distance, key=distance.__getitem__) == name
    assert near_group(points, groups, {"left": 400.0}, (290, 300)) == {}
