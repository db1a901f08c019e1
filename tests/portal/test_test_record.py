"""portal/test_record.py: the final figures beside the deck's."""

from __future__ import annotations

import pytest

from artifacts.contract import FinalSummary
from artifacts.store import Run
from portal import test_record


@pytest.fixture
def final(full_run: Run) -> FinalSummary:
    return full_run.document(FinalSummary)


def test_the_published_model_stands_beside_the_decks_figures(final: FinalSummary) -> None:
    rows = {row.what: row for row in test_record.beside_deck(final)}
    accuracy = rows["Test accuracy, published model ± standard error"]
    assert accuracy.ours == f"{100 * final.accuracy:.2f} ± {100 * final.standard_error:.2f} %"
    assert (accuracy.deck, accuracy.measured_on) == ("94.93 %", "test, 100 images, 1 seed")
    assert rows["Test loss (nats)"].deck == "0.1887"


def test_the_takeaway_names_the_hardest_and_the_easiest_class(final: FinalSummary) -> None:
    ranked = sorted(final.classes, key=lambda row: row.f1)
    sentence = test_record.takeaway(final)
    assert f"({ranked[0].name})" in sentence
    assert f"{ranked[-1].f1:.2f}" in sentence
