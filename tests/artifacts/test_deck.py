"""The deck's figures as typed in, checked against each other."""

import pytest

from artifacts import deck


def test_the_best_rows_are_the_best() -> None:
    best = max(deck.ARCHITECTURES, key=lambda row: row.highest_val_accuracy)
    assert best is deck.BEST_NETWORK
    given = {row.id: row.val_accuracy for row in deck.TRAINSETS if row.val_accuracy is not None}
    assert max(given, key=given.__getitem__) == deck.BEST_TRAINSET
    assert max(given.values()) == deck.HIGHEST_TRAINSET_ACCURACY


def test_parameter_counts_are_the_tables() -> None:
    counts = [937_834, 2_917_482, 4_801_578, 8_028_618, 2_258_890, 1_253_276, 1_122_830]
    assert [row.parameters for row in deck.ARCHITECTURES] == counts


def test_right_answers_by_class_agree_with_recall() -> None:
    scores = {score.name.removesuffix("/top"): score for score in deck.CLASS_SCORES}
    for name, right in (deck.HIGHEST_F1 | deck.LOWEST_F1).items():
        assert scores[name].recall == pytest.approx(right / scores[name].support, abs=0.0051)


def test_test_accuracy_is_mean_recall() -> None:
    mean = sum(score.recall for score in deck.CLASS_SCORES) / len(deck.CLASS_SCORES)
    assert mean == pytest.approx(deck.TEST_ACCURACY, abs=0.005)


def test_unknown_names_give_none() -> None:
    assert deck.architecture("OwnBaseline4") is None
    assert deck.trainset(7) is None


def test_the_best_trial_of_a_search_beats_its_last() -> None:
    assert deck.COARSE_BEST.val_accuracy > deck.COARSE_LAST.val_accuracy
    assert deck.FINE_BEST.val_accuracy > deck.FINE_LAST.val_accuracy
    assert deck.FINE_BEST.val_accuracy > deck.COARSE_BEST.val_accuracy
