"""The pages tuning, results, errors and feature maps: what their controls change, and what a damaged network gives."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from artifacts.contract import ConfirmSummary, ErrorsSummary, FinalSummary
from artifacts.store import Run
from portal.analysis import forgiveness, vault
from portal.core import memo
from portal.core.navigation import ROOT
from portal.networks import inference
from portal.ui import elements
from tests.portal.analysis.test_search_log import halved
from tests.portal.tiny_run import TinyRun

Page = Callable[..., AppTest]


def open_page(name: str, **query: str) -> AppTest:
    """The page, run once from the entrypoint, as a link with these parameters opens it."""
    app = AppTest.from_file(str(ROOT / "portal" / "app.py"), default_timeout=60).run()
    for key, value in query.items():
        app.query_params[key] = value
    return healthy(app.switch_page(f"../pages/{name}.py").run())


def healthy(app: AppTest) -> AppTest:
    assert not app.exception, [error.message for error in app.exception]
    return app


def words(app: AppTest) -> str:
    return "\n".join(element.value for kind in ("markdown", "caption", "info", "success") for element in app.get(kind))


@pytest.mark.usefixtures("only_run")
def test_the_search_is_replayed_up_to_a_trial() -> None:
    app = open_page("tuning")
    assert "The log after trial 5" in words(app)
    healthy(app.slider(key="tuning_fine_trial").set_value(1).run())
    assert "The log after trial 1" in words(app)
    healthy(app.segmented_control(key="tuning_search").set_value("coarse").run())
    assert "The log after trial 5" in words(app)


@pytest.mark.usefixtures("only_run")
def test_a_link_opens_the_search_at_its_trial() -> None:
    app = open_page("tuning", tuning_search="coarse", tuning_coarse_trial="3")
    assert "The log after trial 3" in words(app)


@pytest.mark.usefixtures("only_run")
def test_the_best_trials_with_new_seeds_are_shown() -> None:
    assert "new seeds give" in words(open_page("tuning"))


def test_a_study_from_before_there_were_rungs_shows_without_them(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write(tmp_path / "study", without=["confirm/"])
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "study"))
    app = open_page("tuning")
    assert "The best trials with new seeds" not in [each.value for each in app.subheader]
    assert "(the deck's policy)" in words(app)


def test_a_halving_search_shows_who_went_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = TinyRun()
    run.add(halved(), "tuning/coarse.json")
    run.write(tmp_path / "study", without=["tuning/fine", "tuning/cut"])
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "study"))
    app = open_page("tuning")
    assert "Successive halving with restarts" in words(app)
    assert "Where lines cross" in words(app)


def test_a_run_whose_fine_search_is_not_there_yet_shows_the_coarse_one(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write(tmp_path / "study", without=["tuning/fine", "tuning/cut", "clock/"])
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "study"))
    app = open_page("tuning")
    assert app.segmented_control(key="tuning_search").options == ["coarse"]
    assert "The log after trial 5" in words(app)


@pytest.mark.usefixtures("only_run")
def test_a_cell_of_the_confusion_matrix_shows_its_images(full_run: Run) -> None:
    app = open_page("results")
    pairs = full_run.document(ErrorsSummary).pairs
    classes = full_run.manifest.classes
    least = f"{classes[pairs[-1].true]} → {classes[pairs[-1].predicted]}"
    healthy(app.selectbox(key="results_cell").set_value(least).run())
    assert f"**{least}**: {pairs[-1].count} images" in words(app)


@pytest.mark.usefixtures("only_run")
def test_a_link_opens_a_cell_and_an_unknown_cell_opens_the_first() -> None:
    assert "**Pullover → Pullover**" in words(open_page("results", results_cell="Pullover → Pullover"))
    app = open_page("results", results_cell="Hat → Shoe")
    assert app.selectbox(key="results_cell").value == app.selectbox(key="results_cell").options[0]


def test_a_click_moves_the_widget_that_holds_the_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"matrix": SimpleNamespace(selection={"cell": [{"cell": "Bag → Coat"}]}), "cell": "Coat → Bag"}
    monkeypatch.setattr(elements.st, "session_state", state)
    elements.follow_click("matrix", "cell", "cell")()
    assert state["cell"] == "Bag → Coat"
    state["matrix"] = SimpleNamespace(selection={"cell": []})
    elements.follow_click("matrix", "cell", "cell")()
    assert state["cell"] == "Bag → Coat"


@pytest.mark.usefixtures("only_run")
def test_the_record_of_the_reading_and_the_open_questions_are_shown(full_run: Run) -> None:
    text = words(open_page("results"))
    assert "For the final model the test set was read once, by the recipe shown here" in text
    assert full_run.document(FinalSummary).chosen_by in text
    assert "Would a smaller batch" in text
    assert "no difference is shown" in text


def test_results_do_without_improvements(tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.write(tmp_path / "study", without=["improvements/"])
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "study"))
    assert "Open questions" not in [each.value for each in open_page("results").subheader]


@pytest.mark.usefixtures("only_run")
def test_mistakes_are_filtered_by_pair(full_run: Run) -> None:
    app = open_page("errors", errors_forgive="Strict")
    summary = full_run.document(ErrorsSummary)
    assert f"{summary.mistakes} mistakes. Below each image" in words(app)
    most = app.selectbox(key="errors_pair").options[1]
    healthy(app.selectbox(key="errors_pair").set_value(most).run())
    assert f"{summary.pairs[0].count} mistakes. Below each image" in words(app)


@pytest.mark.usefixtures("only_run")
def test_the_dial_leaves_the_mistakes_that_stay_and_a_cost_of_100_all_of_them(
    full_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    anything = forgiveness.Preset("Anything", "Every class for every other.", (full_run.manifest.classes,))
    monkeypatch.setattr(forgiveness, "PRESETS", (*forgiveness.PRESETS, anything))
    app = open_page("errors", errors_forgive="Anything")
    mistakes = full_run.document(ErrorsSummary).mistakes
    assert "0 mistakes. Below each image" in words(app)
    healthy(app.toggle(key="errors_stay").set_value(False).run())
    assert f"{mistakes} mistakes. Below each image" in words(app)
    healthy(app.toggle(key="errors_stay").set_value(True).run())
    healthy(app.slider(key="errors_cost").set_value(100).run())
    assert f"{mistakes} mistakes. Below each image" in words(app)


@pytest.mark.usefixtures("only_run")
def test_a_mistake_is_explained_by_its_neighbours_and_forgiving_needs_no_networks(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write(tmp_path / "study", without=["architectures/"])
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "study"))
    app = open_page("errors")
    assert "Of the 5 nearest training garments" in words(app)
    second = app.selectbox(key="errors_why").options[1]
    healthy(app.selectbox(key="errors_why").set_value(second).run())
    assert app.selectbox(key="errors_why").value == second


@pytest.mark.usefixtures("only_run")
def test_the_vault_checks_every_file_on_demand(full_run: Run) -> None:
    app = open_page("vault")
    healthy(app.button(key="vault_check").click().run())
    assert "byte for byte" in words(app)


@pytest.mark.usefixtures("only_run")
def test_the_vaults_error_counts_all_images_that_judged_the_recipe(full_run: Run) -> None:
    """Not those whose answers a published run still holds."""
    judged = full_run.document(ConfirmSummary).validation_images
    assert judged != len(full_run.arrays("final/validation.npz")["probabilities"])
    assert vault.gap_sentence(full_run.document(FinalSummary), judged) in words(open_page("vault"))


@pytest.mark.usefixtures("only_run")
def test_the_abstain_threshold_comes_from_the_link() -> None:
    text = words(open_page("confidence", confidence_abstain="0.0"))
    assert "answers **100.0 %** of the 60 validation images" in text
    assert "answers **100.0 %** of the 100 test images" in text


def pictures(app: AppTest) -> int:
    return sum(len(element.proto.imgs) for element in app.get("image"))


@pytest.mark.usefixtures("only_run")
def test_maps_of_any_test_image_are_computed_live() -> None:
    app = open_page("feature_maps", feature_maps_source="any test image", feature_maps_index="7")
    assert app.number_input(key="feature_maps_index").value == 7
    assert pictures(app) == 1 + 4 + 1  # the image, its maps, and the strip of the network's only layer
    healthy(app.segmented_control(key="feature_maps_side").set_value("left").run())
    assert pictures(app) == 1 + 1 + 1  # only one map answers to the left


@pytest.mark.parametrize(
    ("name", "query"),
    [("predict", {"predict_source": "Test image"}), ("feature_maps", {"feature_maps_source": "any test image"})],
)
def test_a_damaged_network_gets_one_sentence_with_the_command(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, query: dict[str, str]
) -> None:
    run = tiny.write(tmp_path / "study")
    monkeypatch.setattr(inference, "_sessions", {})
    memo.clear()
    monkeypatch.setenv("FASHION_RUNS", str(run.folder))
    (run.folder / "models" / "final.onnx").write_bytes(b"cut off")
    text = words(open_page(name, **query))
    assert "models/final.onnx is not what the manifest says" in text
    assert "`python -m pipeline export`" in text


@pytest.mark.usefixtures("only_run")
@pytest.mark.parametrize(
    ("page", "key", "query"),
    [
        ("epochs", "epochs_OwnBaseline1", {"epochs_network": "OwnBaseline1"}),
        ("tuning", "tuning_fine_trial", {}),
        ("embedding_map", "embedding_map_image", {}),
        ("playground", "playground_index", {}),
        ("feature_maps", "feature_maps_row", {}),
        ("predict", "predict_index", {"predict_source": "Test image"}),
    ],
)
def test_a_value_that_a_larger_run_left_is_forgotten(page: str, key: str, query: dict[str, str]) -> None:
    app = open_page(page, **query)
    assert key in app.session_state, f"{page} has no control {key} here"
    app.session_state[key] = 9_998
    healthy(app.run())
    assert app.session_state[key] != 9_998
