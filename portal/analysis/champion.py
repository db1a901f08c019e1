"""The champion, beyond the deck: its figures next to the deck's, and the changes of its recipe.

The ablation's networks (`portal.analysis.ablation`) saw fewer images for fewer epochs than the published ones.
"""

import dataclasses
from collections.abc import Callable
from itertools import chain

import numpy as np
import pandas as pd

from artifacts import deck
from artifacts.contract import (
    AblationSummary,
    ArchitectureResult,
    ArchitecturesSummary,
    ChampionSummary,
    Curves,
    ExportedModel,
    FinalSummary,
    Fit,
    Recipe,
    Views,
)
from portal.analysis.disagreement import SURE, sign_test
from portal.core import intervals
from portal.core.text import Beside, accuracy, count, in_words, percent, spread, within

NAME = "Champion"
VALIDATION, TEST = "champion/validation.npz", "champion/test.npz"
# How the contract's four views read, by the names of their fields.
VIEWS = {
    "single": "Each network alone",
    "mirrored": "Each also on the mirror image",
    "ensemble": "All together (ensemble)",
    "ensemble_mirrored": "All together, also on the mirror image",
}
# The champion's sets stand in the pipeline, which the portal does not import; a test holds both against each other.
OWN_SETS = {
    7: "HorizontalFlip(0.5), Crop(2), RandomErasing()",
    8: "Crop(2), RandomErasing()",
    9: "HorizontalFlip(0.5), RandomErasing()",
    10: "HorizontalFlip(0.5), Crop(2)",
    11: "All five operations",
}
DRAWS = {
    "once": "one more copy of each image, drawn once",
    "every epoch": "one more copy of each image, drawn anew every epoch",
    "replace": "drawn anew each time an image is seen",
    "mixed": "drawn anew each time an image is seen; half of the batches mixed (CutMix)",
    "randomised": "randomized as a photo might be",
}


# -------------------------------------------------------------------------------------- beside the other networks


def beside(summary: ArchitecturesSummary, champion: ChampionSummary | None) -> ArchitecturesSummary:
    """The compared networks with the champion as the last of them; `best` stays the best of the seven."""
    if champion is None:
        return summary
    sizes = champion.layers, champion.parameters, champion.macs
    row = ArchitectureResult(NAME, "", *sizes, confidence="", layer_table=(), fit=champion.fit)
    return dataclasses.replace(summary, results=(*summary.results, row))


def arrays_of(network: str) -> str:
    """The file with a compared network's answers for the validation images."""
    return VALIDATION if network == NAME else f"architectures/{network}.npz"


def named(model: ExportedModel) -> ExportedModel:
    """The exported champion under the name that it has in comparisons."""
    return dataclasses.replace(model, name=NAME)


def other_budget(champion: ChampionSummary) -> str:
    """A caution for comparing the champion with the seven networks."""
    return (
        f"{NAME}: a different recipe and budget ({champion.fit_images:,} training images, "
        f"{training_length(champion)}), so its lead is not due to the architecture."
    )


def training_length(champion: ChampionSummary) -> str:
    """How long the network was trained: `22 epochs`, or `2 rounds of 22 epochs`."""
    epochs = count(champion.recipe.epochs, "epoch")
    return f"{1 + len(champion.earlier)} schedules of {epochs}" if champion.earlier else epochs


def rounds_sentence(champion: ChampionSummary) -> str:
    """What a second round is and what it gave on validation images; empty where there was one round."""
    if not champion.earlier:
        return ""
    fits = (*champion.earlier, champion.fit)
    images = champion.validation_images
    reached = ", ".join(
        f"{accuracy(fit.highest_val_accuracy, images)} after schedule {n}" for n, fit in enumerate(fits, 1)
    )
    return (
        "**Warm restart**: after the first schedule, training starts again from the current weights with the full "
        f"schedule of learning rates. One network, validation images (n = {images:,}; 95 % interval in brackets): "
        f"{reached}. A new schedule begins where the curves drop."
    )


def whole_fit(champion: ChampionSummary) -> Fit:
    """The validated network's fit over all rounds, epochs counted through; its figures are the last round's."""
    fits = (*champion.earlier, champion.fit)
    names = [field.name for field in dataclasses.fields(Curves)]
    curves = Curves(**{name: tuple(chain.from_iterable(getattr(each.curves, name) for each in fits)) for name in names})
    before = sum(len(each.curves.train_loss) for each in champion.earlier)
    return dataclasses.replace(champion.fit, curves=curves, best_epoch=before + champion.fit.best_epoch)


# ---------------------------------------------------------------------------------------------------- test figures


def beside_deck(champion: ChampionSummary, final: FinalSummary | None) -> list[Beside]:
    """Test accuracy of the champion and of the study's final model, then what the champion's costs are."""
    published, mean = accuracy(champion.accuracy, champion.test.images), spread(champion.accuracy_spread)
    images, best = f"test, {count(champion.test.images, 'image')}", deck.BEST_NETWORK
    rows = [
        Beside("Champion, published network", published, f"{images}, 1 seed", percent(deck.TEST_ACCURACY)),
        Beside("Champion, mean ± standard deviation", mean, f"{images} a seed", "one seed only"),
    ]
    if final is not None:
        where, mean = f"test, {count(final.test_images, 'image')} a seed", spread(final.accuracy_spread)
        rows.append(Beside("This study's final model, mean ± standard deviation", mean, where, ""))
    return [
        *rows,
        Beside("Parameters", f"{champion.parameters:,}", "counted", f"{best.parameters:,}"),
        Beside("Layers", str(champion.layers), "convolutions and fully connected", str(best.layers)),
        Beside("Training images", f"{champion.train_images:,}", "train and validation data together", ""),
        Beside("Epochs", training_length(champion), "set before", f"{deck.FINE_BEST.best_epoch} (best of its trial)"),
    ]


def on_test(champion: ChampionSummary, *, with_deck: bool) -> str:
    """Difference between the champion's mean and the deck's figure, with confidence intervals."""
    mean = champion.accuracy_spread.mean
    interval = within(*intervals.over_seeds(champion.accuracy_spread, champion.test.images))
    seeds = count(champion.accuracy_spread.n, "seed")
    reached = f"Over {seeds}, the champion reaches **{percent(mean)}** {interval} of the test"
    if not with_deck:
        return f"{reached} images."
    return (
        f"{reached} images, {100 * (mean - deck.TEST_ACCURACY):+.2f} percentage points against the deck's "
        f"{in_words(deck.TEST_ACCURACY, deck.TEST_IMAGES)}, a single seed's figure."
    )


def against_final(champion_N: np.ndarray, final_N: np.ndarray, labels_N: np.ndarray) -> str:
    """Count the final model's mistakes that the champion corrects, and the champion's new ones, on the test images."""
    ours, theirs = champion_N == labels_N, final_N == labels_N
    gained, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    p_value = sign_test(gained, lost)
    verdict = "a real difference" if p_value < SURE else "no difference is shown"
    return (
        f"On the same {len(labels_N):,} test images the published champion corrects {gained:,} mistakes of this "
        f"study's final model and loses {lost:,} of its correct predictions: {verdict} (sign test, p = {p_value:.2g})."
    )


def curves_see(champion: ChampionSummary) -> str:
    """What the learning curves are of, and why train may lie below validation."""
    return (
        f"One seed, {champion.fit_images:,} training images. Training figures are for augmented "
        "batches, which are harder than validation images, so they may be lower."
    )


def takeaway(champion: ChampionSummary) -> str:
    """The takeaway: the accuracy, and that it does not show which component helped."""
    mean = champion.accuracy_spread
    figure = f"{percent(mean.mean)} {within(*intervals.over_seeds(mean, champion.test.images))}"
    return (
        f"{figure} of the test images with {champion.parameters:,} parameters, over {count(mean.n, 'seed')}. This "
        "does not show which component helped: each has to be removed alone, with several seeds."
    )


# ---------------------------------------------------------------------------------------------------------- recipe


def augmentation(recipe: Recipe) -> str:
    """Describe the augmentation: which operations are drawn, and how often."""
    ours = next((row.augmentation for row in deck.TRAINSETS if row.id == recipe.augmentation_set), None)
    ops = ours or OWN_SETS.get(recipe.augmentation_set, f"set {recipe.augmentation_set}")
    if recipe.replication == "none" or ops == "none":
        return "none" if ops == "none" else ops
    return f"{ops}; {DRAWS[recipe.replication]}"


_PARTS: dict[str, Callable[[Recipe], str]] = {
    "Network": lambda recipe: recipe.architecture,
    "Fully connected layers": lambda recipe: str(recipe.last_layers),
    "Augmentation": augmentation,
    "Epochs": lambda recipe: str(recipe.epochs),
    "Batch": lambda recipe: count(recipe.batch_size, "image"),
    "Optimizer": lambda recipe: (
        recipe.optimizer if recipe.optimizer == "SGD" else f"{recipe.optimizer}, rho {recipe.rho:g}"
    ),
    "Learning rate": lambda recipe: f"{recipe.lr:.3g}, {recipe.schedule}",
    "Momentum": lambda recipe: f"{recipe.momentum:.3g}",
    "Weight decay": lambda recipe: f"{recipe.weight_decay:.2g}",
    "Label smoothing": lambda recipe: f"{recipe.label_smoothing:g}",
    "Dropout": lambda recipe: f"{recipe.dropout:g}",
    "Weight averaging (EMA)": lambda recipe: f"decay {recipe.ema:g} a step" if recipe.ema else "none",
}


def deck_way(final: FinalSummary | None, compared: ArchitecturesSummary | None) -> Recipe | None:
    """Return the recipe compared as the deck's: the final model's, or the seven networks' without a final model."""
    known = final or compared
    return known.recipe if known is not None else None


def recipe_table(deck_recipe: Recipe, champion: Recipe) -> pd.DataFrame:
    """Return the parts of the recipe that differ, for the deck's recipe and the champion's."""
    rows = [(part, say(deck_recipe), say(champion)) for part, say in _PARTS.items()]
    return pd.DataFrame([row for row in rows if row[1] != row[2]], columns=["Part", "The deck's way", NAME])


def other_time(deck_recipe: Recipe, champion: ChampionSummary) -> str:
    """A caution that part of the gap is training time."""
    return (
        f"Trained for {training_length(champion)} instead of {count(deck_recipe.epochs, 'epoch')}: part of the gap is "
        "training time, not recipe."
    )


def same_parts(deck_recipe: Recipe, champion: Recipe) -> str:
    """Name the parts of the recipe that are equal, for the line under the table."""
    same = [part.lower() for part, say in _PARTS.items() if say(deck_recipe) == say(champion)]
    return f"Unchanged: {', '.join(same)}." if same else "No part is as it was."


# ----------------------------------------------------------------------------------------------------------- views


def views_table(champion: ChampionSummary, ablation: AblationSummary | None) -> pd.DataFrame:
    """Accuracy of four ways to predict with the same networks, on validation and test images."""
    images = champion.validation_images
    full = {"single": champion.fit.highest_val_accuracy, "mirrored": champion.fit_mirrored}
    columns = {"Prediction by": list(VIEWS.values())}
    if ablation is not None:
        small = ablation.validation_images
        columns["Validation, small budget"] = [_view(ablation.views, view, small) for view in VIEWS]
    columns["Validation, full budget"] = [
        accuracy(full[view], images) if view in full else "one network only" for view in VIEWS
    ]
    columns["Test, full budget"] = [_view(champion.test, view, champion.test.images) for view in VIEWS]
    return pd.DataFrame(columns)


def in_fewer_columns(table: pd.DataFrame) -> pd.DataFrame:
    """`views_table` for the page: the small budget's figures in small print below the full budget's."""
    small, full = (table.get(f"Validation, {budget} budget") for budget in ("small", "full"))
    below = "" if small is None else "  \n:small[:gray[small budget: " + small + "]]"
    columns = {"Prediction by": table["Prediction by"], "Validation": full + below, "Test": table["Test, full budget"]}
    return pd.DataFrame(columns)


def _view(views: Views, name: str, images: int) -> str:
    value = getattr(views, name)
    return accuracy(value, images) if isinstance(value, float) else spread(intervals.spread(value))


def views_sentence(champion: ChampionSummary) -> str:
    """What the mirror image and the ensemble add on test images, and what they cost."""
    test, networks = champion.test, len(champion.test.seeds)
    single = float(np.mean(test.single))
    gains = {
        "the mirror image adds": float(np.mean(test.mirrored)) - single,
        "the ensemble": test.ensemble - single,
        "both together": test.ensemble_mirrored - single,
    }
    listed = ", ".join(f"{what} {100 * gain:+.2f}" for what, gain in gains.items())
    return (
        f"Percentage points on the test images, compared with a single network: {listed}. The mirror image doubles "
        f"the work of a prediction, {count(networks, 'network')} multiply it by {networks}. All four ways were fixed "
        "before the test set was read."
    )
