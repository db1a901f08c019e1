"""Labels of a scatter that neither cover each other nor a mark."""

from __future__ import annotations

import numpy as np

from portal.charts.labels import with_room


def test_a_label_that_would_cover_another_is_left_out() -> None:
    assert with_room(np.array([0.0, 100.0, 110.0]), np.full(3, 50.0)).tolist() == [True, True, False]


def test_a_label_that_would_cover_a_mark_is_left_out() -> None:
    assert with_room(np.array([50.0, 52.0]), np.array([50.0, 38.0])).tolist() == [False, True]


def test_points_far_apart_all_have_theirs() -> None:
    assert with_room(np.arange(5) * 30.0, np.zeros(5)).all()
    assert with_room(np.zeros(0), np.zeros(0)).tolist() == []
