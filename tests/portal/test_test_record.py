"""portal/test_record.py: the final figures beside the deck's, and how often the test set was read."""

from __future__ import annotations

import dataclasses

import pytest

from artifacts import contract as c
from artifacts.contract import FinalSummary, Manifest
from artifacts.store import Run
from portal import test_record


@pytest.fixture
def final(full_run: Run) -> FinalSummary:
    return full_run.document(FinalSummary)


def read(manifest: Manifest, *recipes: str) -> Manifest:
    """The manifest with a reading by each of these recipes."""
    reads = tuple(
        c.TestRead("final", recipe, 100, 2, f"2026-11-2{day}T12:00:00+00:00") for day, recipe in enumerate(recipes)
    )
    return dataclasses.replace(manifest, test_reads=reads)


def test_the_published_model_stands_beside_the_decks_figures(final: FinalSummary) -> None:
    rows = {row.what: row for row in test_record.beside_deck(final)}
    accuracy = rows["Test accuracy, published model ± standard error"]
    assert accuracy.ours == f"{100 * final.accuracy:.2f} ± {100 * final.standard_error:.2f} %"
    assert (accuracy.deck, accuracy.measured_on) == ("94.93 %", "test, 100 images, 1 seed")
    assert rows["Test loss (nats)"].deck == "0.1887"


def test_one_reading_by_the_recipe_shown_is_said_plainly(full_run: Run, final: FinalSummary) -> None:
    sentence = test_record.reading_sentence(full_run.manifest, final)
    assert sentence.startswith(
        "For the final model the test set was read once, by the recipe shown here (`000000000000`)"
    )
    assert test_record.readings(full_run.manifest)["Images"].tolist() == [100]


def test_more_readings_and_another_recipe_are_not_hidden(full_run: Run, final: FinalSummary) -> None:
    sentence = test_record.reading_sentence(read(full_run.manifest, "0" * 64, "f" * 64), final)
    assert "read 2 times, so that the last figures are no longer of an unseen test" in sentence
    assert "another recipe than the one here (`ffffffffffff`)" in sentence


def test_no_record_is_said_too(full_run: Run, final: FinalSummary) -> None:
    assert "no record of a reading" in test_record.reading_sentence(read(full_run.manifest), final)


def test_the_takeaway_names_the_hardest_and_the_easiest_class(final: FinalSummary) -> None:
    ranked = sorted(final.classes, key=lambda row: row.f1)
    sentence = test_record.takeaway(final)
    assert f"({ranked[0].name})" in sentence
    assert f"{ranked[-1].f1:.2f}" in sentence
