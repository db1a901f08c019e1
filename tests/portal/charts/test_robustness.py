"""portal/charts/robustness.py: curves over strengths, and whether practice helps."""

import pytest

from artifacts.contract import AugmentationsSummary, RobustnessSummary
from artifacts.corruptions import CORRUPTIONS
from artifacts.store import Run
from portal.charts import robustness
from tests.portal.charts.specs import marks_of, spec_of

ROTATE = CORRUPTIONS[0]


@pytest.fixture
def summary(full_run: Run) -> RobustnessSummary:
    return full_run.document(RobustnessSummary)


@pytest.fixture
def trainsets(full_run: Run) -> AugmentationsSummary:
    return full_run.document(AugmentationsSummary)


def test_trainsets_are_called_by_what_is_in_them(summary: RobustnessSummary, trainsets: AugmentationsSummary) -> None:
    called = robustness.names(summary, trainsets)
    assert called["3"] == "3: flip, rotation"
    assert called["OwnBaseline1"] == "OwnBaseline1"
    assert robustness.names(summary, None)["3"] == "3"


@pytest.mark.parametrize(("kind", "count"), [("network", 7), ("trainset", 6)])
def test_a_line_each_and_a_rule_at_the_slider(summary: RobustnessSummary, kind: str, count: int) -> None:
    frame = robustness.curve_frame(summary, "rotate", kind, robustness.names(summary, None))
    assert len(frame) == count * len(ROTATE.strengths)
    chart = robustness.curves(frame, ROTATE, summary.validation_images, at=120.0)
    assert marks_of(chart) == ["line", "point", "rule"]
    assert spec_of(chart)["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0, 120.0]


def test_the_sentence_names_best_and_worst_where_they_part(summary: RobustnessSummary) -> None:
    frame = robustness.curve_frame(summary, "rotate", "trainset", robustness.names(summary, None))
    assert robustness.sentence(frame, ROTATE) == "They differ most at 90 degrees: 3 keeps 81 %, 6 58 %."


def test_practice_is_judged_only_where_a_trainset_practises(
    summary: RobustnessSummary, trainsets: AugmentationsSummary
) -> None:
    said = robustness.practice(summary, ROTATE, trainsets)
    assert said is not None and "the sets with rotation (3, 4, 5) keep 80.0 %, the others 68.5 %" in said
    noise = next(each for each in CORRUPTIONS if each.name == "noise")
    assert robustness.practice(summary, noise, trainsets) is None
