"""The committed study: everything that its manifest promises is there, so that a fresh checkout shows every page."""

from collections import defaultdict
from pathlib import Path

import pytest

from artifacts import store
from artifacts.contract import (
    AblationSummary,
    ArchitecturesSummary,
    AugmentationsSummary,
    ChampionSummary,
    ConfirmSummary,
    FinalSummary,
    ImprovementsSummary,
    PhotoEvaluation,
    PhotoSummary,
    PhotoTraining,
    SearchSummary,
    Spread,
)
from artifacts.store import Run
from pipeline.execution.stage_trials import StageTrials
from pipeline.support import checksummed
from pipeline.support.statistics import accuracy_spread

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "artifacts" / "study"
MOST_BYTES = 40 * 1024**2


def test_the_committed_study_is_whole_and_light() -> None:
    run = Run(STUDY)
    assert run.verify() == []
    assert sum(record.bytes for record in run.manifest.files.values()) <= MOST_BYTES


@pytest.mark.parametrize("page", ["README.md", "docs/results.md"])
def test_what_is_claimed_is_what_the_study_says(page: str) -> None:
    text, run = (ROOT / page).read_text(encoding="utf-8"), Run(STUDY)
    champion, final = run.document(ChampionSummary), run.document(FinalSummary)
    for figure in (champion.accuracy, champion.accuracy_spread.mean, final.accuracy, final.accuracy_spread.mean):
        assert f"{100 * figure:.2f} %" in text, figure
    assert f"n = {champion.accuracy_spread.n}" in text


def test_the_chain_from_trainsets_to_final_stands_as_it_was_measured() -> None:
    readme, results = ((ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "docs/results.md"))
    run = Run(STUDY)
    sets, confirmed = run.document(AugmentationsSummary), run.document(ConfirmSummary)
    trained = [(f"| {each.id}: {each.title} ", each.val_accuracy) for each in sets.sets]
    trained += [(f"| {each.search} {each.trial}: ", each.val_accuracy) for each in confirmed.candidates]
    for start, spread in trained:
        row = next(line for line in results.splitlines() if line.startswith(start))
        assert f"| {measured(spread)} |" in row
    for number, spread in unfinished_trainsets().items():
        row = next(line for line in results.splitlines() if line.startswith(f"| {number}: "))
        assert row.endswith(f"| {measured(spread)} |")
    best = next(each for each in sets.sets if each.id == sets.best)
    assert f"| set {best.id} {measured(best.val_accuracy)}, {sets.train_images:,} training images |" in readme
    assert f"| {measured(confirmed.winner.val_accuracy)} |" in readme
    for name in ("coarse", "fine"):
        search = run.document(SearchSummary, SearchSummary.path(name))
        fit = next(trial.fit for trial in search.trials if trial.number == search.best)
        assert fit is not None
        assert f"| {100 * fit.highest_val_accuracy:.2f} % of {len(search.trials)} trials" in readme
    final = run.document(FinalSummary)
    assert f"| {measured(final.accuracy_spread)}; published network {100 * final.accuracy:.2f} % |" in readme
    assert f"| Test loss | {final.loss:.4f} |" in readme


def unfinished_trainsets() -> dict[int, Spread]:
    """Validation accuracy of each trainset in the unfinished run with the deck's counts, by its number."""
    file = ROOT / "artifacts" / "unfinished" / "standard" / "augmentations.trials.json"
    trials = store.decode(StageTrials, checksummed.read(file), source=file.name)
    fits = defaultdict(list)
    for key, record in trials.records.items():
        fits[trials.specs[key].recipe.augmentation_set].append(record.fit)
    return {number: accuracy_spread(tuple(of_set)) for number, of_set in fits.items()}


def test_the_figures_on_photos_are_of_the_committed_networks() -> None:
    content = (ROOT / "artifacts" / PhotoEvaluation.PATH).read_bytes()
    figures = store.decode(PhotoEvaluation, content, source=PhotoEvaluation.PATH)
    files = Run(STUDY).manifest.files
    for name in ("final", "photo"):
        assert figures.networks[name] == files[f"models/{name}.onnx"].sha256


def test_the_page_on_photos_says_what_was_measured() -> None:
    page, readme = ((ROOT / name).read_text(encoding="utf-8") for name in ("docs/photos.md", "README.md"))
    content = (ROOT / "artifacts" / PhotoEvaluation.PATH).read_bytes()
    last = store.decode(PhotoEvaluation, content, source=PhotoEvaluation.PATH).steps[-1]
    run = Run(STUDY)
    training, summary = run.document(PhotoTraining), run.document(PhotoSummary)
    [row] = (line for line in page.splitlines() if "(published)" in line)
    assert f"| **{last.balanced_accuracy:.3f}** | **{last.rejection_auroc:.3f}** |" in row
    assert f"| {100 * summary.test_accuracy:.2f} % |" in row
    garments = [label for label in last.labels if label.right]
    kept = 1 - sum(label.rejected or 0 for label in garments) / sum(sum(label.answers) for label in garments)
    assert f"| {100 * kept:.1f} % |" in row
    nothing = training.labels["nothing"]
    assert f"{training.photographs - nothing:,} photographs of clothes" in page and f"{nothing} free pictures" in page
    assert f"{training.crops:,} crops" in page
    assert f"| {last.balanced_accuracy:.3f} (290 photographs" in readme


def measured(spread: Spread | None) -> str:
    assert spread is not None and spread.std is not None
    return f"{100 * spread.mean:.2f} % ± {100 * spread.std:.2f} (n = {spread.n})"


def test_every_variant_stands_in_the_results_as_it_was_measured() -> None:
    text, run = (ROOT / "docs" / "results.md").read_text(encoding="utf-8"), Run(STUDY)
    asked = [run.document(AblationSummary).question, *run.document(ImprovementsSummary).questions]
    for question in asked:
        for variant in question.variants:
            assert f"| {variant.name} | {100 * variant.val_accuracy.mean:.2f} %" in text, (question.key, variant.name)


def test_each_of_the_seven_networks_stands_in_the_results_as_it_was_measured() -> None:
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    results = Run(STUDY).document(ArchitecturesSummary).results
    for result in results:
        assert f"| {result.name} | {100 * result.fit.highest_val_accuracy:.2f} % |" in text, result.name
    best = max(results, key=lambda result: result.fit.highest_val_accuracy)
    claim = f"{best.name} {100 * best.fit.highest_val_accuracy:.2f} %"
    assert claim in (ROOT / "README.md").read_text(encoding="utf-8")
