"""portal/analysis/vault.py: how often the test set was read, by which recipe, and whether it is still the same."""

import dataclasses

import pytest

from artifacts import contract as c
from artifacts.contract import FinalSummary, Manifest
from artifacts.store import Run, recipe_sha256
from portal.analysis import vault
from portal.charts import vault as charts
from tests.portal.charts.specs import rows_with, spec_of
from tests.portal.tiny_run import RECIPE_SHA256


@pytest.fixture
def final(full_run: Run) -> FinalSummary:
    return full_run.document(FinalSummary)


def read(manifest: Manifest, *recipes: str) -> Manifest:
    """The manifest with a reading by each of these recipes."""
    reads = tuple(
        c.TestRead("final", recipe, 100, 2, f"2026-11-2{day}T12:00:00+00:00") for day, recipe in enumerate(recipes)
    )
    return dataclasses.replace(manifest, test_reads=reads)


def test_one_reading_by_the_recipe_shown_is_said_plainly(full_run: Run, final: FinalSummary) -> None:
    sentence = vault.reading_sentence(full_run.manifest, final)
    assert sentence.startswith(
        f"For the final model the test set was read once, by the recipe shown here (`{RECIPE_SHA256[:12]}`)"
    )
    assert vault.readings(full_run.manifest)["For"].tolist() == ["final model", "champion model"]
    models = vault.frozen(full_run.manifest, final, None)
    assert vault.verdict(models).startswith("Yes: the test set was read once, by the published recipe")
    assert vault.hash_table(models)["Agree"].tolist() == ["yes"]


def test_more_readings_and_another_recipe_are_not_hidden(full_run: Run, final: FinalSummary) -> None:
    replaced = read(full_run.manifest, "f" * 64, "e" * 64, RECIPE_SHA256)
    sentence = vault.reading_sentence(replaced, final)
    assert (
        "read 3 times, so its figures are not quite those of an unseen test; the last time, by the recipe" in sentence
    )
    found = vault.verdict(vault.frozen(replaced, final, None))
    assert found.startswith("Not quite: each published recipe is unchanged since the last reading")
    assert "for the final model 2 times before, by 2 other recipes." in found
    assert vault.hash_table(vault.frozen(replaced, final, None))["Agree"].tolist() == ["yes"]
    other = read(full_run.manifest, RECIPE_SHA256, "f" * 64)
    assert "another recipe than the one here (`ffffffffffff`)" in vault.reading_sentence(other, final)
    assert "it was read by another recipe than the published one" in vault.verdict(vault.frozen(other, final, None))


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ([], ""),
        ([RECIPE_SHA256], "1 time before, by the same recipe"),
        (["f" * 64], "1 time before, by 1 other recipe"),
        (["f" * 64, RECIPE_SHA256], "2 times before, by 1 other recipe and by this one"),
    ],
)
def test_who_looked_before_is_said(full_run: Run, final: FinalSummary, before: list[str], said: str) -> None:
    [model] = vault.frozen(read(full_run.manifest, *before, RECIPE_SHA256), final, None)
    assert model.earlier == said


def test_no_record_is_said_too(full_run: Run, final: FinalSummary) -> None:
    manifest = read(full_run.manifest)
    assert "no record of a reading" in vault.reading_sentence(manifest, final)
    assert "no reading is on record" in vault.verdict(vault.frozen(manifest, final, None))


def test_a_recipe_changed_after_the_reading_is_found_out(full_run: Run, final: FinalSummary) -> None:
    changed = dataclasses.replace(final, recipe=dataclasses.replace(final.recipe, lr=0.051))
    (model,) = vault.frozen(full_run.manifest, changed, None)
    assert not model.intact
    assert "recipe is not the one that its hash was made of" in vault.verdict([model])
    assert vault.hash_table([model])["Agree"].tolist() == ["no"]


def test_the_photo_model_has_a_reading_of_its_own(full_run: Run, final: FinalSummary) -> None:
    photo = full_run.document(c.PhotoSummary)
    models = vault.frozen(full_run.manifest, final, photo)
    assert [model.model for model in models] == ["final", "photo"]
    assert "no reading is on record for the photo model" in vault.verdict(models)


def test_the_champion_is_the_third_with_checks_of_its_own(full_run: Run, final: FinalSummary) -> None:
    photo, champion = full_run.document(c.PhotoSummary), full_run.document(c.ChampionSummary)
    reads = (
        *full_run.manifest.test_reads,
        c.TestRead("photo", photo.recipe_sha256, 100, 1, "2026-11-23T12:30:00+00:00"),
    )
    manifest = dataclasses.replace(full_run.manifest, test_reads=reads)
    models = vault.frozen(manifest, final, None, champion)
    assert [model.model for model in models] == ["final", "champion"]
    assert vault.verdict(models).startswith("Yes: the test set was read once for each of the 2 published recipes")
    assert vault.hash_table(models)["Agree"].tolist() == ["yes", "yes"]
    three = vault.frozen(manifest, final, photo, champion)
    assert "The 3 models (final, photo, champion)" in vault.caution(three)
    assert vault.caution(three[:1]) == ""
    again = dataclasses.replace(manifest, test_reads=(*reads, reads[1]))
    found = vault.verdict(vault.frozen(again, final, None, champion))
    assert "for the champion model 1 time before, by the same recipe." in found


def test_a_champion_changed_after_its_reading_is_found_out(full_run: Run, final: FinalSummary) -> None:
    champion = full_run.document(c.ChampionSummary)
    changed = dataclasses.replace(champion, recipe=dataclasses.replace(champion.recipe, ema=0.5))
    models = vault.frozen(full_run.manifest, final, None, changed)
    assert "the champion model's recipe is not the one that its hash was made of" in vault.verdict(models)
    assert vault.hash_table(models)["Agree"].tolist() == ["yes", "no"]


def test_the_gap_has_its_error_and_the_chart_its_intervals(final: FinalSummary) -> None:
    better = dataclasses.replace(final, val_accuracy=0.90, accuracy=0.93, test_images=10_000)
    assert "Test minus validation: +3.00 percentage points (95 % interval +1.07 to +4.93)" in vault.gap_sentence(
        better, 1_000
    )
    rows = rows_with(charts.gap_chart(vault.gap_frame(better, 1_000)), "split", "low")
    assert [round(row["high"] - row["low"], 2) for row in rows] == [3.72, 1.0]
    subtitle = " ".join(spec_of(charts.gap_chart(vault.gap_frame(better, 1_000)))["title"]["subtitle"])
    assert "1,000 validation, 10,000 test images" in subtitle


def test_all_files_or_the_first_fault_is_named() -> None:
    assert vault.files_sentence([], 12) == "All 12 files are what the manifest says, byte for byte."
    assert vault.files_sentence(["a.npz is gone."], 12) == "1 of 12 files are not: a.npz is gone."


def test_what_was_frozen_stands_there_for_every_recipe_that_read_the_test_set(
    full_run: Run, final: FinalSummary
) -> None:
    manifest = dataclasses.replace(full_run.manifest, config={"split": {"train_images": 50_000}})
    photo, champion = full_run.document(c.PhotoSummary), full_run.document(c.ChampionSummary)
    models = vault.frozen(manifest, final, photo, champion)
    table = vault.frozen_table(models).set_index("Frozen")
    assert list(table) == ["Final", "Photo", "Champion"]
    for name, summary in (("Final", final), ("Photo", photo), ("Champion", champion)):
        assert table.loc["Learning rate", name] == f"{summary.recipe.lr:.4g}"
        assert table.loc["Epochs", name] == str(summary.recipe.epochs)
        assert table.loc["Training images", name] == f"{summary.train_images:,}"
    assert table.loc["Seeds", "Final"] == "0, 1"
    assert vault.split_sentence(manifest).endswith("the same for all: train images 50,000.")
    assert len(table) == len(dataclasses.fields(c.Recipe)) + 3, "no part of a recipe is left out"
    assert "The photo model's and the champion model's are fixed by the run's settings" in vault.chosen_sentence(
        models, final
    )
    assert "settings" not in vault.chosen_sentence(models[:1], final)


def test_a_recipe_of_two_rounds_is_frozen_under_a_hash_of_its_own(full_run: Run) -> None:
    champion, final = full_run.document(c.ChampionSummary), full_run.document(c.FinalSummary)
    twice = dataclasses.replace(champion, earlier=(champion.fit,), recipe_sha256=recipe_sha256(champion.recipe, 2))
    assert recipe_sha256(champion.recipe) == champion.recipe_sha256 != twice.recipe_sha256
    once, again = (vault.frozen(full_run.manifest, final, None, summary)[-1] for summary in (champion, twice))
    assert once.intact and again.intact and (once.rounds, again.rounds) == (1, 2)
    assert not dataclasses.replace(again, rounds=1).intact
