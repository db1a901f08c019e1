"""The final model's figures on the test set, beside the deck's; `analysis.vault` has the record of its reading."""

from artifacts import deck
from artifacts.contract import ConfirmSummary, FinalSummary
from portal.core.text import Beside, accuracy, count, in_words, percent, spread


def beside_deck(final: FinalSummary, confirmed: ConfirmSummary | None) -> list[Beside]:
    """Accuracy of the published model and over seeds, loss and validation accuracy, beside the deck's."""
    images = f"test, {count(final.test_images, 'image')}"
    published, mean = accuracy(final.accuracy, final.test_images), spread(final.accuracy_spread)
    # The accuracy that chose the recipe has a spread where stage confirm trained it with several seeds.
    found = confirmed.winner.val_accuracy if confirmed else None
    validated = spread(found) if found else percent(final.val_accuracy)
    where = f"validation, {count(final.val_seeds, 'seed')}"
    return [
        Beside("Test accuracy, published model", published, f"{images}, 1 seed", percent(deck.TEST_ACCURACY)),
        Beside("Test accuracy, mean ± standard deviation", mean, f"{images} a seed", "one seed only"),
        Beside("Test loss (nats)", f"{final.loss:.4f}", f"{images}, 1 seed", f"{deck.TEST_LOSS:.4f}"),
        Beside("Macro F1", f"{final.macro.f1:.3f}", f"{images}, 1 seed", f"{deck.MACRO.f1:.2f}"),
        Beside("Validation accuracy of the recipe", validated, where, percent(deck.FINE_BEST.val_accuracy)),
    ]


def takeaway(final: FinalSummary) -> str:
    """Return the takeaway: the test accuracy with its uncertainty, and what it does not show."""
    best = max(final.classes, key=lambda row: row.f1)
    worst = min(final.classes, key=lambda row: row.f1)
    figure = in_words(final.accuracy, final.test_images)
    return (
        f"{figure} on images that influenced no choice. One number hides the classes: "
        f"F1 ranges from {worst.f1:.2f} ({worst.name}) to {best.f1:.2f} ({best.name})."
    )
