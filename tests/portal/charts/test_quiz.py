"""portal/charts/quiz.py: the score of visitor and model as it grows."""

import pytest

from portal.analysis.quiz import Answer
from portal.charts import quiz
from tests.portal.charts.specs import marks_of, spec_of

ANSWERS = [Answer(0, 1, 1, True, 1, 0.9), Answer(1, 1, 0, True, 1, 0.9), Answer(2, 1, 1, False, 0, 0.4)]


def test_the_share_is_that_of_all_images_so_far() -> None:
    frame = quiz.score_frame(ANSWERS)
    assert frame[frame["who"] == quiz.YOU]["right"].tolist() == pytest.approx([100, 50, 200 / 3])
    assert frame[frame["who"] == quiz.MODEL]["right"].tolist() == pytest.approx([100, 100, 200 / 3])


def test_people_are_shown_only_where_they_may_be_compared() -> None:
    assert marks_of(quiz.score_chart(ANSWERS, with_people=True)) == ["line", "point", "rule", "text"]
    alone = quiz.score_chart(ANSWERS, with_people=False)
    assert marks_of(alone) == ["line", "point"]
    assert "people" not in str(spec_of(alone)["title"])
