"""portal/analysis/calibration.py: calibration error, temperature and abstaining, on answers with known values."""

import numpy as np
import pandas as pd
import pytest

from portal.analysis import calibration
from portal.analysis.calibration import Judged
from portal.charts import confidence
from tests.portal.charts.specs import rows_with, spec_of


def answers(confidence: list[float], right: list[bool], labels: list[int] | None = None) -> Judged:
    return Judged("test", np.array(confidence), np.array(right), np.array(labels or [0] * len(right)))


def test_calibration_error_is_the_weighted_gap() -> None:
    """Four answers at 0.95, three of them right: gap 0.2; one at 0.55, right: gap 0.45. (4 * 0.2 + 0.45) / 5."""
    judged = answers([0.95] * 4 + [0.55], [True, True, True, False, True])
    frame = calibration.reliability(judged, 10)
    assert frame["n"].tolist() == [1, 4]
    assert calibration.calibration_error(frame) == pytest.approx(0.25)
    assert calibration.calibration_error(calibration.reliability(judged, 1)) == pytest.approx(0.07)


def test_a_confidence_of_one_lies_in_the_last_bin() -> None:
    frame = calibration.reliability(answers([1.0], [True]), 10)
    assert frame[["low", "high"]].values.tolist() == [[0.9, 1.0]]


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is the truth that labels are drawn from; the network's are twice as large."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 4)) * 1.5
    truth = calibration.tempered(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 1.0)
    labels = (truth.cumsum(axis=1) < rng.random((4000, 1))).sum(axis=1)
    return calibration.tempered(truth, 0.5), labels


def test_temperature_finds_how_much_too_sure_a_network_is(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, labels = drawn
    temperature = calibration.best_temperature(probabilities, labels)
    assert temperature == pytest.approx(2.0, abs=0.15)
    raw, fitted = (
        calibration.calibration_error(calibration.reliability(calibration.judged("x", probabilities, labels, t), 15))
        for t in (1.0, temperature)
    )
    assert fitted < raw / 3


def test_temperature_changes_no_answer_and_one_changes_nothing(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, _ = drawn
    assert (calibration.tempered(probabilities, 3.0).argmax(axis=1) == probabilities.argmax(axis=1)).all()
    np.testing.assert_allclose(calibration.tempered(probabilities, 1.0 + 1e-9), probabilities, atol=1e-6)
    zero = calibration.tempered(np.array([[0.0, 1.0]], dtype=np.float16), 2.0)
    assert np.isfinite(zero).all()


def test_the_table_has_each_split_at_each_temperature(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    table = calibration.temperature_table({"validation": drawn, "test": drawn}, {"raw": 1.0, "fitted": 2.0}, 15)
    assert len(table) == 4
    assert table["Images"].unique().tolist() == ["validation, n = 4,000", "test, n = 4,000"]


def test_the_sentence_says_which_way_the_model_errs() -> None:
    sure = calibration.reliability(answers([0.9] * 4, [True, False, False, False]), 10)
    assert "overconfident by 65.00 %" in calibration.calibration_sentence(sure, 10)
    shy = calibration.reliability(answers([0.4] * 2, [True, True]), 10)
    assert "underconfident by 60.00 %" in calibration.calibration_sentence(shy, 10)


def test_abstaining_answers_fewer_and_better() -> None:
    judged = answers([0.9, 0.8, 0.6, 0.5], [True, True, False, True])
    result = calibration.abstaining(judged, 0.7)
    assert (result.coverage, result.accuracy) == (0.5, 1.0)
    sentence = calibration.abstaining_sentence(result)
    assert "answers **50.0 %** of the 4 test images and is right on **100.0 %** of them (95 % interval" in sentence
    assert "interval 34.2 to 100.0); 2 images" in sentence
    assert "answers none" in calibration.abstaining_sentence(calibration.abstaining(judged, 0.95))


def test_the_curve_ends_with_every_image_answered() -> None:
    curve = calibration.coverage_curve(answers([0.9, 0.8, 0.6, 0.5], [True, True, False, True]))
    assert curve["coverage"].tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve["accuracy"].tolist() == pytest.approx([1.0, 1.0, 2 / 3, 0.75])
    long = calibration.coverage_curve(answers([0.5] * 5000, [True] * 5000))
    assert len(long) <= calibration.CURVE_POINTS


def test_by_class_a_class_without_an_answer_has_no_accuracy() -> None:
    judged = answers([0.9, 0.6, 0.5], [True, False, True], [0, 0, 1])
    frame = calibration.by_class(judged, 0.7, ("Boot", "Bag"))
    assert frame["answered"].tolist() == [50.0, 0.0]
    assert frame["accuracy"].iloc[0] == 100.0
    assert np.isnan(frame["accuracy"].iloc[1])
    assert calibration.by_class_sentence(frame).startswith("The model abstains most often on Bag: 100.0 %")
    assert len(rows_with(confidence.by_class_chart(frame, "test", 0.7), "class", "figure")) == 3


def test_charts_say_split_and_n() -> None:
    judged = answers([0.9, 0.8, 0.6, 0.5], [True, True, False, True])
    chart = confidence.reliability_chart(calibration.reliability(judged, 5), "test", 1.0)
    assert "n = 4 test images" in " ".join(spec_of(chart)["title"]["subtitle"])
    curves = pd.concat([calibration.coverage_curve(judged)])
    points = [calibration.abstaining(judged, 0.7), calibration.abstaining(judged, 0.99)]
    marked = rows_with(confidence.coverage_chart(curves, points), "threshold", "coverage")
    assert len(rows_with(confidence.coverage_chart(curves, points[:1]), "split")) == 4
    assert len(marked) in (1, 4)
    assert confidence.coverage_chart(curves, points[1:]).to_dict()  # nothing answered: no point to mark
