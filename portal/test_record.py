"""The final model's figures beside the deck's, and the record of how often the test set was read for them."""

from __future__ import annotations

import pandas as pd

from artifacts import deck
from artifacts.contract import FinalSummary, Manifest
from portal.text import Beside, count, percent, percent_with_error, spread


def beside_deck(final: FinalSummary) -> list[Beside]:
    """Accuracy of the published model and over seeds, loss and validation accuracy, beside the deck's."""
    images = f"test, {count(final.test_images, 'image')}"
    published = percent_with_error(final.accuracy, final.standard_error)
    return [
        Beside(
            "Test accuracy, published model ± standard error",
            published,
            f"{images}, 1 seed",
            percent(deck.TEST_ACCURACY),
        ),
        Beside(
            "Test accuracy, mean ± standard deviation",
            spread(final.accuracy_spread),
            f"{images} a seed",
            "one seed only",
        ),
        Beside("Test loss (nats)", f"{final.loss:.4f}", f"{images}, 1 seed", f"{deck.TEST_LOSS:.4f}"),
        Beside("Macro f1", f"{final.macro.f1:.3f}", f"{images}, 1 seed", f"{deck.MACRO.f1:.2f}"),
        Beside(
            "Validation accuracy of the recipe",
            percent(final.val_accuracy),
            "validation, 1 seed",
            percent(deck.FINE_BEST.val_accuracy),
        ),
    ]


def reading_sentence(manifest: Manifest, final: FinalSummary) -> str:
    """How often the test set was read for the final model, and whether by the recipe that these results are of."""
    reads = [reading for reading in manifest.test_reads if reading.model == "final"]
    times = len(reads)
    if times == 0:
        return "The manifest holds no record of a reading, so nothing here can be taken for an unseen test."
    how_often = "once" if times == 1 else f"{times} times, so that the last figures are no longer of an unseen test"
    last = reads[-1]
    same = "the recipe shown here" if last.recipe_sha256 == final.recipe_sha256 else "another recipe than the one here"
    return (
        f"For the final model the test set was read {how_often}, by {same} (`{last.recipe_sha256[:12]}`), "
        f"which was frozen before and chosen by: {final.chosen_by}."
    )


def readings(manifest: Manifest) -> pd.DataFrame:
    """One row a reading of the test set, as the manifest records it; each published recipe has one."""
    return pd.DataFrame(
        {
            "For": f"{reading.model} model",
            "Read at (UTC)": reading.at,
            "Recipe (sha256)": reading.recipe_sha256[:12],
            "Images": reading.images,
            "Seeds": reading.seeds,
        }
        for reading in manifest.test_reads
    )


def takeaway(final: FinalSummary) -> str:
    """The one figure to remember, with its error, and what it does not tell."""
    best = max(final.classes, key=lambda row: row.f1)
    worst = min(final.classes, key=lambda row: row.f1)
    accuracy = percent_with_error(final.accuracy, final.standard_error)
    return (
        f"{accuracy} on images that chose nothing; but one number hides the classes, "
        f"from f1 {worst.f1:.2f} ({worst.name}) to {best.f1:.2f} ({best.name})."
    )
