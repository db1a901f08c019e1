"""The test-set vault: what was frozen before the test set was read, how often it was read, and by which recipe."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from artifacts import store
from artifacts.contract import ChampionSummary, FinalSummary, Machine, Manifest, PhotoSummary, Recipe, TestRead
from portal.core.intervals import Z95, wilson
from portal.core.text import count, hardware, percent

SHORT = 12  # hexadecimal digits of a hash that are shown: enough to compare by eye


@dataclass(frozen=True)
class Frozen:
    """One published model: its recipe, the hash its summary was written with, and its readings of the test set."""

    model: str
    recipe: Recipe
    written: str
    reads: tuple[TestRead, ...]
    train_images: int
    seeds: tuple[int, ...]  # the first is the published model's
    rounds: int = 1

    @property
    def recomputed(self) -> str:
        """The sha256 of the recipe, and its rounds, as they stand in the summary now."""
        return store.recipe_sha256(self.recipe, self.rounds)

    @property
    def intact(self) -> bool:
        """Whether the recipe in the summary is the one that its hash was made of."""
        return self.recomputed == self.written

    @property
    def read_last(self) -> bool:
        """Return whether the last reading was by this recipe."""
        return bool(self.reads) and self.reads[-1].recipe_sha256 == self.written

    @property
    def earlier(self) -> str:
        """`2 times before, by 2 other recipes`; empty for one reading alone."""
        before = self.reads[:-1]
        if not before:
            return ""
        others = len({reading.recipe_sha256 for reading in before} - {self.written})
        by = f"by {count(others, 'other recipe')}" if others else "by the same recipe"
        own = " and by this one" if others and any(r.recipe_sha256 == self.written for r in before) else ""
        return f"{count(len(before), 'time')} before, {by}{own}"


def frozen(
    manifest: Manifest, final: FinalSummary, photo: PhotoSummary | None, champion: ChampionSummary | None = None
) -> list[Frozen]:
    """The published models, the study's final one first; None for one that the run does not have."""
    others: dict[str, PhotoSummary | ChampionSummary | None] = {"photo": photo, "champion": champion}
    written = {"final": final, **{model: summary for model, summary in others.items() if summary is not None}}
    return [
        Frozen(
            model,
            summary.recipe,
            summary.recipe_sha256,
            tuple(reading for reading in manifest.test_reads if reading.model == model),
            summary.train_images,
            _seeds(summary),
            1 + len(summary.earlier) if isinstance(summary, ChampionSummary) else 1,
        )
        for model, summary in written.items()
    ]


def _seeds(summary: FinalSummary | PhotoSummary | ChampionSummary) -> tuple[int, ...]:
    if isinstance(summary, FinalSummary):
        return summary.seeds
    return summary.test.seeds if isinstance(summary, ChampionSummary) else (summary.fit.seed,)


def verdict(models: Sequence[Frozen]) -> str:
    """One plain sentence: was the test set read once for each published recipe, and are those recipes unchanged?"""
    if faults := [fault for model in models for fault in _faults(model)]:
        return f"No: {'; '.join(faults)}."
    if earlier := [f"for the {model.model} model {model.earlier}" for model in models if model.earlier]:
        return (
            "Not quite: each published recipe is unchanged since the last reading, but the test set had been read "
            f"{'; '.join(earlier)}. Changes made after such a reading may have profited from it."
        )
    if len(models) == 1:
        return "Yes: the test set was read once, by the published recipe, which is unchanged since."
    return (
        f"Yes: the test set was read once for each of the {len(models)} published recipes, "
        "and each recipe is unchanged since."
    )


def caution(models: Sequence[Frozen]) -> str:
    """Caution against comparing models on test images that were read several times; empty for a single model."""
    if len(models) == 1:
        return ""
    names = ", ".join(model.model for model in models)
    return (
        f"The {len(models)} models ({names}) were measured on the same test images. Selecting the best of "
        "them by these figures would be a choice made with the test set."
    )


def _faults(model: Frozen) -> list[str]:
    faults = []
    if not model.reads:
        faults.append(f"no reading is on record for the {model.model} model")
    elif not model.read_last:
        faults.append(f"for the {model.model} model it was read by another recipe than the published one")
    if not model.intact:
        faults.append(f"the {model.model} model's recipe is not the one that its hash was made of")
    return faults


def hash_table(models: Sequence[Frozen]) -> pd.DataFrame:
    """The three places that must agree on a recipe's hash: the recipe itself, its summary, and the last reading."""
    return pd.DataFrame(
        {
            "Model": model.model,
            "Recomputed now": model.recomputed[:SHORT],
            "In its summary": model.written[:SHORT],
            "At the last reading": model.reads[-1].recipe_sha256[:SHORT] if model.reads else "none",
            "Agree": "yes" if model.intact and model.read_last else "no",
        }
        for model in models
    )


def in_short(hashes: pd.DataFrame) -> pd.DataFrame:
    """`hash_table` for the page: a hash that repeats the first one is printed as "same"."""
    first, *others = list(hashes.columns[1:-1])
    short = hashes.drop(columns="Agree")
    return short.assign(**{name: short[name].where(short[name] != short[first], "same") for name in others})


def reading_sentence(manifest: Manifest, final: FinalSummary) -> str:
    """How often the test set was read for the final model, and whether by the recipe that these results are of."""
    reads = [reading for reading in manifest.test_reads if reading.model == "final"]
    times = len(reads)
    if times == 0:
        return "The manifest holds no record of a reading, so nothing here can be taken for an unseen test."
    often = f"{times} times, so its figures are not quite those of an unseen test; the last time"
    how_often = "once" if times == 1 else often
    last = reads[-1]
    same = "the recipe shown here" if last.recipe_sha256 == final.recipe_sha256 else "another recipe than the one here"
    return (
        f"For the final model the test set was read {how_often}, by {same} (`{last.recipe_sha256[:SHORT]}`), "
        f"which was fixed before and selected by: {final.chosen_by}."
    )


def readings(manifest: Manifest) -> pd.DataFrame:
    """One row a reading of the test set, as the manifest records it; those by recipes replaced since among them."""
    return pd.DataFrame(
        {
            "For": f"{reading.model} model",
            "Read at (UTC)": reading.at[:16].replace("T", " "),
            "Recipe (sha256)": reading.recipe_sha256[:SHORT],
            "Images": reading.images,
            "Seeds": reading.seeds,
        }
        for reading in manifest.test_reads
    )


# Parts of a recipe whose names in the contract are for those who know it.
_PARTS = {
    "last_layers": "Fully connected layers",
    "lr": "Learning rate",
    "rho": "Rho (of SAM)",
    "ema": "Average of the weights (decay)",
}
_SPLIT = ("train_images", "validation_images", "seed")


def frozen_table(models: Sequence[Frozen]) -> pd.DataFrame:
    """Return what was frozen before the test set was read, one column per model: images, seeds, and recipe."""
    rows: dict[str, list[object]] = {
        "Training images": [model.train_images for model in models],
        "Seeds": [", ".join(map(str, model.seeds)) for model in models],
        "Rounds": [model.rounds for model in models],
        **{
            _part(field.name): [getattr(model.recipe, field.name) for model in models]
            for field in dataclasses.fields(Recipe)
        },
    }
    names = [model.model.capitalize() for model in models]
    return pd.DataFrame([[name, *map(_printed, values)] for name, values in rows.items()], columns=["Frozen", *names])


def _part(field: str) -> str:
    return _PARTS.get(field, field.replace("_", " ").capitalize())


def _printed(value: object) -> str:
    """Four digits say enough of a drawn value: the hash is made of all of them."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def split_sentence(manifest: Manifest) -> str:
    """How the images were divided, the same for all models; empty for a run that does not say."""
    split = manifest.config.get("split", {})
    parts = [f"{name.replace('_', ' ')} {_printed(split[name])}" for name in _SPLIT if name in split]
    return f"The split was fixed too, the same for all: {', '.join(parts)}." if parts else ""


def chosen_sentence(models: Sequence[Frozen], final: FinalSummary) -> str:
    """Describe how each recipe was chosen, and what the order of the seeds means."""
    others = " and ".join(f"the {model.model} model's" for model in models if model.model != "final")
    settings = f" {others[0].upper()}{others[1:]} are fixed by the run's settings." if others else ""
    return (
        f"The final model's recipe was selected by: {final.chosen_by}.{settings} Of several seeds the first is "
        "published."
    )


def sums_table(manifest: Manifest) -> pd.DataFrame:
    """The sha256 of each file of the data set, decompressed, as the pipeline checked it at every load."""
    return pd.DataFrame(sorted(manifest.data_sha256.items()), columns=["File", "sha256"])


def machine_sentence(machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(machine.versions.items()))
    return f"Machine: {hardware(machine)}, {machine.platform}. Versions: {versions}."


# ------------------------------------------------------------------------------------------- validation against test


def gap_frame(final: FinalSummary, validation_images: int) -> pd.DataFrame:
    """Accuracy (%) of the recipe on validation and of the published model on test, each with its 95 % interval."""
    rows = [
        ("Validation, which chose", validation_images, final.val_accuracy),
        ("Test", final.test_images, final.accuracy),
    ]
    measured = [(split, n, share, *wilson(share, n)) for split, n, share in rows]
    frame = pd.DataFrame(measured, columns=["split", "n", "accuracy", "low", "high"])
    frame[["accuracy", "low", "high"]] *= 100
    return frame


def gap_sentence(final: FinalSummary, validation_images: int) -> str:
    """Test minus validation in percentage points with its 95 % interval, and what else differs between both."""
    gap = 100 * (final.accuracy - final.val_accuracy)
    sides = [(final.accuracy, final.test_images), (final.val_accuracy, validation_images)]
    half = 100 * Z95 * math.sqrt(sum(share * (1 - share) / max(n, 1) for share, n in sides))
    return (
        f"Test minus validation: {gap:+.2f} percentage points (95 % interval {gap - half:+.2f} to {gap + half:+.2f}). "
        f"The validation figure ({percent(final.val_accuracy)}) selected the recipe, so it is slightly optimistic; the "
        f"published model was then trained on {final.train_images:,} images, which should help it. A test accuracy far "
        "below it would mean that the choices overfitted the validation images."
    )


def files_sentence(faults: Sequence[str], files: int) -> str:
    """Describe the result of checking every file of the run against the manifest."""
    if not faults:
        return f"All {count(files, 'file')} are what the manifest says, byte for byte."
    return f"{len(faults)} of {count(files, 'file')} are not: {faults[0]}"
