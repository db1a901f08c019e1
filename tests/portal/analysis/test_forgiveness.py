"""portal/analysis/forgiveness.py: costs from presets, and what they do to accuracies, ranks and remaining mistakes."""

import numpy as np
import pytest

from portal.analysis import forgiveness
from portal.analysis.forgiveness import CONFUSED, STRICT
from portal.charts import errors
from portal.charts import forgiveness as charts
from tests.portal.charts.specs import rows_with
from tests.portal.tiny_run import FASHION

CLASSES = ("Boot", "Bag", "Coat")
LABELS = np.array([0, 0, 1, 2, 2, 2])
# One right answer less on boots; the other confuses coats with boots twice.
NETWORKS = {
    "bags": np.eye(3)[[0, 1, 1, 2, 2, 2]],
    "coats": np.eye(3)[[0, 0, 1, 0, 0, 2]],
}


def costs(forgiven: float, *groups: tuple[str, ...]) -> np.ndarray:
    return forgiveness.cost_matrix(forgiveness.Preset("test", "", groups), CLASSES, forgiven)


def test_presets_of_garments_are_offered_to_garments_only() -> None:
    assert list(forgiveness.presets(FASHION, [("Shirt", "Coat")])) == [
        STRICT,
        "Garment groups",
        "Shirt and T-shirt",
        CONFUSED,
    ]
    assert list(forgiveness.presets(CLASSES, [("Boot", "Coat")])) == [STRICT, CONFUSED]
    assert list(forgiveness.presets(CLASSES, [])) == [STRICT]


def test_pairs_are_counted_in_both_directions() -> None:
    networks = {"one": np.eye(3)[[2, 2, 1, 0, 1, 2]]}
    assert forgiveness.most_confused(networks, LABELS, CLASSES) == [("Boot", "Coat"), ("Bag", "Coat")]


def test_right_answers_are_free_and_forgiven_ones_cost_what_the_dial_says() -> None:
    matrix = costs(0.25, ("Boot", "Coat"))
    assert matrix.tolist() == [[0, 1, 0.25], [1, 0, 1], [0.25, 1, 0]]


def test_strict_costs_give_the_plain_accuracy() -> None:
    predicted = NETWORKS["coats"].argmax(axis=1)
    for matrix in (costs(0.0), costs(1.0, ("Boot", "Coat"))):
        assert forgiveness.weighted_accuracy(matrix, LABELS, predicted) == pytest.approx(4 / 6)
        assert forgiveness.unforgiven(matrix, LABELS, predicted).sum() == 2


def test_forgiving_changes_the_ranking_and_says_so() -> None:
    strict = forgiveness.ranking(costs(0.0), NETWORKS, LABELS)
    assert strict["network"].tolist() == ["bags", "coats"]
    assert "stays" in forgiveness.ranking_sentence(strict, 6)
    forgiven = forgiveness.ranking(costs(0.0, ("Boot", "Coat")), NETWORKS, LABELS)
    assert forgiven["network"].tolist() == ["coats", "bags"]
    assert forgiven["weighted"].tolist() == pytest.approx([100, 100 * 5 / 6])
    assert forgiven["unforgiven"].tolist() == [0, 1]
    assert "coats moves from place 2 to 1. First: coats." in forgiveness.ranking_sentence(forgiven, 6)
    free = forgiveness.ranking(costs(0.0, CLASSES), NETWORKS, LABELS)
    assert "First: bags and coats. " in forgiveness.ranking_sentence(free, 6)


def test_the_chart_keeps_the_new_order() -> None:
    frame = forgiveness.ranking(costs(0.0, ("Boot", "Coat")), NETWORKS, LABELS)
    rows = rows_with(charts.ranking_chart(frame, 6), "network", "weighted", "plain")
    assert [row["network"] for row in rows] == ["coats", "bags"]


def test_only_mistakes_at_full_cost_stay() -> None:
    mistakes = errors.mistakes_frame(
        {
            "index": np.array([4, 7]),
            "true": np.array([0, 1]),
            "predicted": np.array([2, 2]),
            "confidence": np.array([0.9, 0.5]),
        },
        CLASSES,
    )
    assert forgiveness.that_stay(mistakes, costs(0.5, ("Boot", "Coat")), CLASSES)["index"].tolist() == [7]
    assert forgiveness.that_stay(mistakes, costs(1.0, ("Boot", "Coat")), CLASSES)["index"].tolist() == [4, 7]
    assert forgiveness.that_stay(mistakes[:0], costs(0.5), CLASSES).empty


def test_the_sentence_counts_what_is_forgiven_and_what_stays() -> None:
    predicted = np.array([2, 1, 1, 2, 2, 2])
    sentence = forgiveness.summary_sentence(costs(0.0, ("Boot", "Coat")), LABELS, predicted)
    assert "right on 66.67 % (95 % interval 30.00 to 90.32) of 6 test images" in sentence
    assert "**83.33 %**. Of its 2 mistakes, 1 can be forgiven and **1 stay**" in sentence
