"""portal/analysis/final_figures.py: the final figures beside the deck's."""

import pytest

from artifacts.contract import ConfirmSummary, FinalSummary
from artifacts.store import Run
from portal.analysis import final_figures
from portal.core import text


@pytest.fixture
def final(full_run: Run) -> FinalSummary:
    return full_run.document(FinalSummary)


def test_the_published_model_stands_beside_the_decks_figures(full_run: Run, final: FinalSummary) -> None:
    confirmed = full_run.document(ConfirmSummary)
    rows = {row.what: row for row in final_figures.beside_deck(final, confirmed)}
    accuracy = rows["Test accuracy, published model"]
    assert accuracy.ours == text.accuracy(final.accuracy, 100)
    assert (accuracy.deck, accuracy.measured_on) == ("94.93 %", "test, 100 images, 1 seed")
    assert confirmed.winner.val_accuracy
    assert rows["Validation accuracy of the recipe"].ours == text.spread(confirmed.winner.val_accuracy)
    assert rows["Test loss (nats)"].deck == "0.1887"


def test_the_takeaway_names_the_hardest_and_the_easiest_class(final: FinalSummary) -> None:
    ranked = sorted(final.classes, key=lambda row: row.f1)
    sentence = final_figures.takeaway(final)
    assert f"({ranked[0].name})" in sentence
    assert f"{ranked[-1].f1:.2f}" in sentence
