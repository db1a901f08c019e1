"""The champion: its figures as sentences, its charts, its page, and its place beside the other networks."""

import copy
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from artifacts import contract as c
from artifacts.store import Run
from pipeline.augmentation.sets import CHAMPION_SETS
from pipeline.models import inspection, registry
from portal.analysis import ablation, champion
from portal.charts import architectures
from portal.charts import champion as charts
from portal.core import memo, text
from portal.core.navigation import ROOT
from portal.networks import inference
from portal.ui import networks as networks_ui
from tests.portal.charts.specs import marks_of, rows_with, spec_of
from tests.portal.test_pages import open_page, sentences
from tests.portal.tiny_run import TinyRun, recipe


@pytest.fixture
def summary(full_run: Run) -> c.ChampionSummary:
    return full_run.document(c.ChampionSummary)


@pytest.fixture
def changed(full_run: Run) -> c.AblationSummary:
    return full_run.document(c.AblationSummary)


@pytest.fixture
def final(full_run: Run) -> c.FinalSummary:
    return full_run.document(c.FinalSummary)


# ----------------------------------------------------------------------------------------------------- sentences


def test_its_test_accuracy_stands_beside_the_deck_and_the_final_model(
    summary: c.ChampionSummary, final: c.FinalSummary
) -> None:
    better = dataclasses.replace(summary, accuracy_spread=c.Spread(3, 0.9543, 0.001, 0.95, 0.96))
    rows = {row.what: row for row in champion.beside_deck(better, final)}
    assert rows["Champion, published network"].deck == "94.93 %"
    assert rows["Champion, mean ± standard deviation"].ours == "95.43 ± 0.10 % [95.00,\N{NO-BREAK SPACE}96.00] (n = 3)"
    assert rows["Parameters"].deck == rows["Parameters"].ours == "2,917,482"
    assert len(champion.beside_deck(better, None)) == len(rows) - 1
    said = champion.on_test(better, with_deck=True)
    assert "+0.50 percentage points against the deck's 94.93 %" in said
    assert "**95.43 %** (95 % interval 95.00 to 96.00)" in said
    assert "deck's 94.93 % (95 % interval 94.48 to 95.34), a single seed's figure" in said
    assert "deck" not in champion.on_test(better, with_deck=False)


def test_both_published_networks_are_held_against_each_other_image_by_image() -> None:
    labels = np.zeros(100, np.uint8)
    ours, theirs = np.zeros(100, np.uint8), np.zeros(100, np.uint8)
    theirs[:20], ours[18:23] = 1, 1
    said = champion.against_final(ours, theirs, labels)
    assert "corrects 18 mistakes" in said
    assert "loses 3 of its correct predictions: a real difference" in said
    assert "no difference is shown" in champion.against_final(ours, ours, labels)


def test_only_what_differs_from_the_decks_way_is_listed(summary: c.ChampionSummary) -> None:
    table = champion.recipe_table(recipe(), summary.recipe)
    assert table["Part"].tolist() == ["Augmentation", "Batch", "Label smoothing", "Weight averaging (EMA)"]
    assert table.iloc[0].tolist()[1:] == [
        "none",
        "HorizontalFlip(0.5), Crop(2), RandomErasing(); drawn anew each time an image is seen",
    ]
    assert "network, fully connected layers, epochs" in champion.same_parts(recipe(), summary.recipe)
    assert champion.recipe_table(recipe(), recipe()).empty


def test_its_augmentation_sets_are_called_as_the_pipeline_has_them() -> None:
    assert {number: each.title for number, each in CHAMPION_SETS.items()} == champion.OWN_SETS


def test_the_deck_s_sets_keep_their_names() -> None:
    said = champion.augmentation(recipe(augmentation_set=3, replication="once"))
    assert said == "HorizontalFlip(0.8), Rotation(-5, 5); one more copy of each image, drawn once"
    assert champion.augmentation(recipe(augmentation_set=99, replication="mixed")).startswith("set 99; drawn anew")


def test_the_ablation_tells_what_is_shown_from_what_is_not(
    changed: c.AblationSummary, summary: c.ChampionSummary
) -> None:
    assert [each.second for each in ablation.differences(changed)] == [
        "without erasing",
        "without mirror image",
        "student",
    ]
    said = ablation.ablation_sentence(changed)
    assert "Shown to cost accuracy: without erasing (-4.00 points)." in said
    assert "No difference is shown for without mirror image, student" in said
    assert "100 training images, 5 epochs, 3 seeds a variant" in ablation.budget_caution(changed, summary)
    assert "An epoch costs more" not in ablation.budget_caution(changed, summary)
    first, second, *rest = changed.question.variants
    half = dataclasses.replace(second, recipe=dataclasses.replace(second.recipe, epochs=2))
    shorter = dataclasses.replace(changed.question, variants=(first, half, *rest))
    said = ablation.budget_caution(dataclasses.replace(changed, question=shorter), summary)
    assert "An epoch costs more for without mirror image: so fewer of them (2)" in said
    alone = dataclasses.replace(changed, question=dataclasses.replace(changed.question, comparisons=()))
    assert "nothing is known of its parts" in ablation.ablation_sentence(alone)


def test_a_gain_in_a_short_training_is_no_advice_for_a_long_one(
    changed: c.AblationSummary, summary: c.ChampionSummary
) -> None:
    assert ablation.heading(changed) == "What each change is worth in a training of 5 epochs"
    assert ablation.contrary(changed, summary) == ""  # nothing gains by less augmentation there
    first, second, *rest = changed.question.variants
    gain = c.Comparison(first.name, "no shift", difference=0.0034, low=0.001, high=0.005, p_value=0.01, real=True)
    question = dataclasses.replace(
        changed.question,
        variants=(first, dataclasses.replace(second, name="no shift"), *rest),
        comparisons=(gain, dataclasses.replace(gain, second="no erasing")),
    )
    longer = dataclasses.replace(summary, recipe=recipe(epochs=88))
    said = ablation.contrary(dataclasses.replace(changed, question=question), longer)
    assert "no shift: +0.34 points in 5 epochs, but -0.26 points in a long training" in said
    assert "no erasing: +0.34 points in 5 epochs" in said and "88 epochs" in said
    results = (ROOT / "docs" / "results.md").read_text()
    with_shifts, without = (
        float(next(line for line in results.splitlines() if line.startswith(f"| {name} |")).split("|")[3].split()[0])
        for name in ("with dropout 0.3", "with dropout 0.3, without shifts")
    )
    assert ablation.LONG_TRAINING["no shift"][0] == pytest.approx(without - with_shifts)


def test_another_network_is_explained_with_its_true_size(changed: c.AblationSummary) -> None:
    assert ablation.network_sentence(changed) == ""
    first, second, *rest = changed.question.variants
    own = dataclasses.replace(second, recipe=dataclasses.replace(second.recipe, architecture="PooledVGG"))
    question = dataclasses.replace(changed.question, variants=(first, own, *rest))
    said = ablation.network_sentence(dataclasses.replace(changed, question=question))
    assert said.startswith("**PooledVGG** is OwnBaseline2 with a fourth block") and said.endswith("it had more work.")
    networks = [registry.build(name, classes=10, image_size=28, seed=0) for name in ("PooledVGG", "OwnBaseline2")]
    parameters = [inspection.count_parameters(each) for each in networks]
    macs = [inspection.count_macs(each, 28) for each in networks]
    assert f"{parameters[0] / parameters[1]:.0%}".replace("%", " %") in said
    assert f"{macs[0] / macs[1]:.1f} times its multiply-accumulates" in said


def test_the_student_and_its_teachers_are_named(changed: c.AblationSummary) -> None:
    said = ablation.student_sentence(changed)
    assert said.startswith("**Student** (student): one network of the same size")
    assert "champion's 3 networks of the ablation, which are right on 91.00 % (95 % interval " in said
    assert ablation.student_sentence(dataclasses.replace(changed, student="")) == ""


def test_a_second_round_is_told_with_what_it_gave(summary: c.ChampionSummary) -> None:
    assert champion.rounds_sentence(summary) == "" and champion.training_length(summary) == "5 epochs"
    twice = dataclasses.replace(summary, earlier=(dataclasses.replace(summary.fit, highest_val_accuracy=0.9),))
    first, second = (
        text.accuracy(share, summary.validation_images) for share in (0.9, summary.fit.highest_val_accuracy)
    )
    assert f"{first} after schedule 1, {second} after schedule 2" in champion.rounds_sentence(twice)
    assert "2 schedules of 5 epochs" in champion.other_budget(twice)
    assert "2 schedules of 5 epochs instead of" in champion.other_time(summary.recipe, twice)
    whole = champion.whole_fit(twice)
    assert len(whole.curves.val_accuracy) == 2 * len(summary.fit.curves.val_accuracy)
    assert whole.best_epoch == len(summary.fit.curves.val_accuracy) + summary.fit.best_epoch


def test_the_four_views_stand_on_validation_and_on_test_images(
    changed: c.AblationSummary, summary: c.ChampionSummary
) -> None:
    assert "Validation, small budget" not in champion.views_table(summary, None)
    table = champion.views_table(summary, changed)
    assert table["Validation, small budget"].tolist() == [
        "89.00 ± 1.00 % [86.52,\N{NO-BREAK SPACE}91.48] (n = 3)",
        "90.00 ± 1.00 % [87.52,\N{NO-BREAK SPACE}92.48] (n = 3)",
        text.accuracy(0.91, changed.validation_images),
        text.accuracy(0.92, changed.validation_images),
    ]
    assert table["Test, full budget"].tolist()[2:] == [text.accuracy(0.95, 100), text.accuracy(0.96, 100)]
    full = [text.accuracy(0.94, summary.validation_images), "one network only"]
    assert table["Validation, full budget"].tolist()[1:3] == full
    assert "the mirror image adds +0.00" in champion.views_sentence(summary)


# -------------------------------------------------------------------------------------------------------- charts


def test_seeds_and_ensembles_of_the_test_set_are_drawn(summary: c.ChampionSummary, final: c.FinalSummary) -> None:
    chart = charts.accuracy_chart(summary, final, 0.9493)
    assert len(rows_with(chart, "group", "mean")) == 3
    assert len(rows_with(chart, "group", "other")) == 2
    assert "dashed: the deck's" in " ".join(spec_of(chart)["title"]["subtitle"])
    alone = charts.accuracy_chart(summary, None, None)
    assert len(rows_with(alone, "group", "mean")) == 2
    assert "dashed" not in " ".join(spec_of(alone)["title"]["subtitle"])


def test_a_single_seed_is_drawn_too(summary: c.ChampionSummary) -> None:
    views = c.Views(100, (0,), (0.95,), (0.951,), 0.95, 0.951)
    one = dataclasses.replace(summary, test=views, accuracy_spread=c.Spread(1, 0.95, None, None, None))
    assert "n = 1 seed on" in " ".join(spec_of(charts.accuracy_chart(one, None, None))["title"]["subtitle"])
    assert "(n = 1)" in champion.views_table(one, None)["Test, full budget"][0]


def test_differences_have_intervals_where_there_are_some(changed: c.AblationSummary) -> None:
    frame = charts.difference_frame(ablation.differences(changed), changed.student)
    assert frame["variant"].tolist() == ["without erasing", "without mirror image", "student"]
    assert charts.difference_frame(ablation.differences(changed), "without erasing")["variant"][0].endswith("(student)")
    assert frame["verdict"].tolist() == [charts.REAL, charts.UNCLEAR, charts.UNCLEAR]
    chart = charts.difference_chart(frame, 3, 60)
    assert marks_of(chart) == ["rule", "rule", "point", "text", "text"]  # figures left, and right, of none
    assert "n = 3 seeds a variant, 60 validation images" in " ".join(spec_of(chart)["title"]["subtitle"])


# ---------------------------------------------------------------------------------------------------------- page


def without(tiny: TinyRun, folder: Path, monkeypatch: pytest.MonkeyPatch, *left_out: str) -> None:
    monkeypatch.setenv("FASHION_RUNS", str(tiny.write(folder / "study", without=left_out).folder))


@pytest.mark.usefixtures("only_run")
def test_the_page_shows_figures_recipe_ablation_and_views() -> None:
    app = open_page("champion")
    assert len(app.get("vega_lite_chart")) == 5
    assert [each.value for each in app.subheader][:2] == [
        "What the recipe changes",
        "What each change is worth in a training of 5 epochs",
    ]
    captions = " ".join(each.value for each in app.caption)
    assert "Measured at a small budget" in captions
    assert "On the same 100 test images" in captions


def test_a_run_without_the_stage_gets_one_sentence(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(tiny, tmp_path, monkeypatch, "champion/", "models/champion")
    (said,) = sentences(open_page("champion"))
    assert "make it with `python -m pipeline champion`" in said


def test_the_page_does_without_the_ablation(tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(tiny, tmp_path, monkeypatch, "champion/ablation")
    app = open_page("champion")
    assert "What each change is worth" not in [each.value for each in app.subheader]
    assert len(app.get("vega_lite_chart")) == 3
    assert not sentences(app)


def test_the_page_does_without_the_final_model(tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(tiny, tmp_path, monkeypatch, "final/", "architectures/")
    app = open_page("champion")
    assert app.success
    assert not sentences(app)


# ------------------------------------------------------------------------------------- beside the other networks


def test_it_is_a_row_and_a_point_of_its_own_kind(full_run: Run, summary: c.ChampionSummary) -> None:
    seven = full_run.document(c.ArchitecturesSummary)
    assert champion.beside(seven, None) is seven
    eight = champion.beside(seven, summary)
    assert eight.best == seven.best
    last = architectures.table(eight, with_deck=True).iloc[-1]
    assert (last["Network"], last["Layers"]) == ("Champion", 9)
    assert last["Val accuracy (%)"] == 100 * summary.fit.highest_val_accuracy
    chart = architectures.size_against_accuracy(architectures.size_frame(eight, with_deck=True), "macs", 60)
    rows = {row["network"]: row["source"] for row in rows_with(chart, "network", "source", "accuracy")}
    assert [name for name, source in rows.items() if source == architectures.OTHER_BUDGET] == ["Champion"]
    assert "150 training images, 5 epochs" in champion.other_budget(summary)


@pytest.mark.usefixtures("only_run")
def test_the_pages_that_compare_networks_have_it_too() -> None:
    app = open_page("architectures")
    assert list(app.dataframe[0].value["Network"])[-1] == "Champion"
    assert "not due to the architecture" in " ".join(each.value for each in app.caption)
    assert "Champion" in open_page("epochs").selectbox(key="epochs_network").options
    assert "Champion" in list(open_page("label_court").dataframe[0].value.iloc[:, 0])
    for page in ("disagreement", "playground", "predict"):
        drawn = " ".join(str(each.proto) for each in open_page(page).get("vega_lite_chart"))
        assert "Champion" in drawn, page


@pytest.mark.usefixtures("only_run")
def test_validation_figures_come_from_the_network_of_the_train_part(
    full_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exported network was trained on the validation images too."""
    seven = full_run.document(c.ArchitecturesSummary)
    monkeypatch.setattr("portal.ui.elements.current_run", lambda: full_run)
    monkeypatch.setattr(inference, "network", None)
    found = networks_ui.validation_networks(seven)
    assert list(found)[-1] == "Champion"
    expected = full_run.arrays(champion.VALIDATION)["val_probabilities"]
    np.testing.assert_array_equal(found["Champion"], expected)


@pytest.mark.parametrize("left_out", ["champion/", "models/champion"])
def test_without_it_the_others_are_compared_as_before(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_out: str
) -> None:
    without(tiny, tmp_path, monkeypatch, left_out)
    app = open_page("playground")
    assert not sentences(app)
    assert "Champion" not in str(app.get("vega_lite_chart")[0].proto)


def test_a_damaged_champion_is_left_out_and_named(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(tiny, tmp_path, monkeypatch)
    (tmp_path / "study" / "models" / "champion.onnx").write_bytes(b"damaged")
    monkeypatch.setattr(inference, "_sessions", {})  # an earlier test may have loaded the file's like,
    memo.clear()  # or have been answered by it
    app = open_page("playground")
    (said,) = sentences(app)
    assert "models/champion.onnx" in said
    assert "make it with `python -m pipeline champion`" in said
    assert app.success


@pytest.mark.parametrize("page", ["label_court", "disagreement", "errors"])
def test_answers_to_other_images_than_the_run_has_are_one_sentence(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """A run that is being made again with another split has a champion of before."""
    mixed = copy.copy(tiny)
    mixed.files = dict(tiny.files)
    predictions, probabilities = np.zeros((2, 30), np.uint8), np.full((30, len(tiny.classes)), 0.1, np.float16)
    mixed.add_arrays("champion/validation.npz", val_predictions=predictions, val_probabilities=probabilities)
    without(mixed, tmp_path, monkeypatch)
    (said,) = sentences(open_page(page))
    assert said.startswith("Champion answered 30 validation images and this run has ")
    assert "run-all" in said
