"""Chart and texts of the overview: what was done, the main results, and the accuracy after each step."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from artifacts import deck
from artifacts.contract import (
    ArchitecturesSummary,
    AugmentationsSummary,
    ChampionSummary,
    EdaSummary,
    ErrorsSummary,
    FeatureMapsSummary,
    FinalSummary,
    LabelsSummary,
    OutliersSummary,
    SearchSummary,
    SetResult,
    Spread,
)
from portal.charts import layered, titled, tooltips
from portal.charts.dataset import SPLITS
from portal.core.intervals import over_seeds, wilson
from portal.core.memo import kept
from portal.core.text import Beside, accuracy, count, percent, spread

OURS, DECK = "This run", "Deck"
# What to try next, best first: page and invitation.
INVITATIONS = {
    "predict": "Classify your own photo.",
    "quiz": "Compete with the network.",
    "playground": "Change a garment until the networks fail.",
    "errors": "Look at the mistakes one by one.",
}
TEST, CHAMPION = "Test set", "Champion, test"
# Highest validation accuracy after each step, and the test accuracy, as far as the deck gives them.
DECK_JOURNEY = {
    "Best network": deck.BEST_NETWORK.highest_val_accuracy,
    "Best trainset": deck.HIGHEST_TRAINSET_ACCURACY,
    "Coarse search": deck.COARSE_BEST.val_accuracy,
    "Fine search": deck.FINE_BEST.val_accuracy,
    TEST: deck.TEST_ACCURACY,
}


@dataclass(frozen=True)
class Study:
    """The summaries that a run has so far; None where a stage has not run."""

    eda: EdaSummary | None
    outliers: OutliersSummary | None
    architectures: ArchitecturesSummary | None
    augmentations: AugmentationsSummary | None
    coarse: SearchSummary | None
    fine: SearchSummary | None
    final: FinalSummary | None
    errors: ErrorsSummary | None
    feature_maps: FeatureMapsSummary | None
    labels: LabelsSummary | None = None
    champion: ChampionSummary | None = None
    test_reads: int = 0


def best_trial_accuracy(search: SearchSummary) -> float | None:
    """Highest validation accuracy of the search's best trial."""
    fits = (trial.fit for trial in search.trials if trial.number == search.best)
    return next((fit.highest_val_accuracy for fit in fits if fit is not None), None)


def best_network_accuracy(summary: ArchitecturesSummary) -> float:
    return next(result.fit.highest_val_accuracy for result in summary.results if result.name == summary.best)


def best_trainset(summary: AugmentationsSummary) -> SetResult:
    return next(each for each in summary.sets if each.id == summary.best)


def findings(study: Study, classes: Sequence[str]) -> dict[str, str]:
    """What each step found, in a few words, by the name of its page; a step that has not run is left out."""
    found: dict[str, str] = {}
    if study.eda:
        parts = [f"{sum(study.eda.counts[split]):,} {split}" for split in SPLITS]
        found["dataset"] = f"{', '.join(parts)} images"
    if study.outliers:
        errors = study.outliers.class_mean_error
        found["outliers"] = f"Hardest class to reconstruct: {classes[errors.index(max(errors))]}"
    if study.architectures:
        figure = accuracy(best_network_accuracy(study.architectures), study.architectures.validation_images)
        found["architectures"] = f"{study.architectures.best} leads with {figure}"
    if study.augmentations:
        best = best_trainset(study.augmentations)
        found["augmentation"] = f"Set {best.id} leads with {spread(best.val_accuracy)}"
    return found | _search_findings(study) | _result_findings(study, classes)


def _result_findings(study: Study, classes: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if study.final:
        images = study.final.test_images
        found["results"] = f"{accuracy(study.final.accuracy, images)} of {images:,} test images correct"
    if study.champion:
        images = study.champion.test.images
        found["champion"] = f"{spread(study.champion.accuracy_spread)} of {images:,} test images correct"
    if study.errors and study.errors.pairs:
        pair = study.errors.pairs[0]
        found["errors"] = f"Most often: {classes[pair.true]} predicted as {classes[pair.predicted]}"
    if study.feature_maps:
        sided = [each for each in study.feature_maps.filters if each.side in ("left", "right", "top", "bottom")]
        found["feature_maps"] = f"{len(sided)} of {len(study.feature_maps.filters)} filters prefer one side"
    if study.labels:
        doubted = count(study.labels.issues, "label")
        found["label_court"] = f"{doubted} of {study.labels.images:,} in doubt"
    if study.test_reads:
        found["vault"] = f"{count(study.test_reads, 'reading')} on record"
    return found


def _search_findings(study: Study) -> dict[str, str]:
    searches = [search for search in (study.coarse, study.fine) if search]
    if not searches:
        return {}
    reached = [best for search in searches if (best := best_trial_accuracy(search)) is not None]
    said = f"; the best reached {accuracy(max(reached), searches[0].validation_images)}" if reached else ""
    return {"tuning": f"{' + '.join(str(len(search.trials)) for search in searches)} trials{said}"}


def journey_frame(study: Study, *, with_deck: bool) -> pd.DataFrame:
    """One row a step and source: accuracy (%), the ends of its 95 % interval (the deck's: its own figure), images."""
    ours: list[tuple[str, float, tuple[float, float], int]] = []
    if networks := study.architectures:
        best_network = best_network_accuracy(networks)
        interval = wilson(best_network, networks.validation_images)
        ours.append(("Best network", best_network, interval, networks.train_images))
    if sets := study.augmentations:
        mean = best_trainset(sets).val_accuracy
        ours.append(("Best trainset", mean.mean, over_seeds(mean, sets.validation_images), sets.train_images))
    for search in (study.coarse, study.fine):
        best = best_trial_accuracy(search) if search else None
        if search and best is not None:
            interval = wilson(best, search.validation_images)
            ours.append((f"{search.search.capitalize()} search", best, interval, search.train_images))
    if final := study.final:
        ours.append((TEST, final.accuracy, wilson(final.accuracy, final.test_images), final.train_images))
    if champion := study.champion:
        mean = champion.accuracy_spread
        ours.append((CHAMPION, mean.mean, over_seeds(mean, champion.test.images), champion.train_images))
    rows: list[tuple[object, ...]] = [(OURS, step, reached, *ends, images) for step, reached, ends, images in ours]
    theirs = DECK_JOURNEY if with_deck else {}
    rows += [(DECK, step, *[theirs[step]] * 3, None) for step, *_ in ours if step in theirs]
    frame = pd.DataFrame(rows, columns=["source", "step", "accuracy", "low", "high", "images"])
    frame[["accuracy", "low", "high"]] *= 100
    return frame


@kept
def journey(frame: pd.DataFrame) -> alt.LayerChart:
    """Accuracy after each step of the study: on validation images, at the end on test images."""
    steps = list(dict.fromkeys(frame["step"]))
    axis = alt.Axis(labelAngle=0, labelOverlap=False, labelExpr="split(replace(datum.label, ',', ''), ' ')")
    x = alt.X("step:N", sort=steps, title=None, axis=axis)
    y = alt.Y("accuracy:Q", title="Accuracy (%)", scale=alt.Scale(zero=False, padding=20))
    legend = alt.Legend(orient="top", title=None, symbolStrokeWidth=0, symbolOpacity=1)
    base = alt.Chart(frame).encode(x=x, color=alt.Color("source:N", sort=[OURS, DECK], legend=legend))
    dash = alt.StrokeDash("source:N", sort=[OURS, DECK], scale=alt.Scale(range=[[1, 0], [5, 4]]), legend=legend)
    shape = alt.Shape("source:N", sort=[OURS, DECK], scale=alt.Scale(range=["circle", "diamond"]), legend=legend)
    layers = [
        base.mark_line(strokeWidth=2).encode(y=y, strokeDash=dash),
        base.mark_rule(strokeWidth=4, opacity=0.5).encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q")),
        base.mark_point(filled=True, size=90, opacity=1).encode(
            y=y, shape=shape, tooltip=tooltips("source", "step", accuracy=".2f", images=",")
        ),
        *(
            base.transform_filter(alt.datum.source == source)
            .mark_text(dy=dy)
            .encode(y=alt.Y(f"{end}:Q"), text=alt.Text("accuracy:Q", format=".1f"))
            for source, end, dy in ((OURS, "low", 11), (DECK, "high", -14))  # off the interval's line
        ),
    ]
    description = "Lines of accuracy after each step of the study, this run's and the deck's."
    subtitle = f"n = {len(steps)} steps, on validation images"
    tested = [step for step in (TEST, CHAMPION) if step in steps]
    if tested:
        last = "the last" if len(tested) == 1 else "the last two"
        subtitle += f"; {last} on test images; lines: 95 % intervals"
    return titled(layered(*layers, height=240), "Accuracy, step by step", subtitle, description)


def journey_sentence(frame: pd.DataFrame) -> str:
    """What to see in the journey, and what not to: steps that train on different numbers of images."""
    ours = frame[frame["source"] == OURS]
    sentence = "Validation figures were used for choices, so they are optimistic; only the test set is unseen."
    if ours["images"].nunique() < 2:
        return sentence
    steps = ours.replace({CHAMPION: "champion"}).groupby("images", sort=False)["step"].agg(", ".join)
    amounts = "; ".join(f"{n:,.0f} ({names.lower()})" for n, names in steps.items())
    return f"{sentence} The steps train on different numbers of images, which alone moves the line: {amounts}."


def headline(study: Study) -> list[Beside]:
    """The figures that a visitor looks for first, beside the deck's."""
    rows = []
    if study.final:
        test = f"test, n = {study.final.test_images:,}, seed {study.final.seeds[0]}"
        figure = accuracy(study.final.accuracy, study.final.test_images)
        rows.append(Beside("Test accuracy", figure, test, percent(deck.TEST_ACCURACY)))
        rows += _mean_row("Test accuracy, mean", study.final.accuracy_spread)
        rows.append(Beside("Test loss", f"{study.final.loss:.4f}", test, f"{deck.TEST_LOSS:.4f}"))
    if study.champion:
        where = f"test, n = {study.champion.test.images:,}, seed {study.champion.test.seeds[0]}"
        figure = accuracy(study.champion.accuracy, study.champion.test.images)
        rows.append(Beside(CHAMPION, figure, where, percent(deck.TEST_ACCURACY)))
        rows += _mean_row(f"{CHAMPION}, mean", study.champion.accuracy_spread)
    if study.architectures:
        where = f"validation, n = {study.architectures.validation_images:,}, one seed"
        reached = accuracy(best_network_accuracy(study.architectures), study.architectures.validation_images)
        figure = f"{study.architectures.best}, {reached}"
        theirs = f"{deck.BEST_NETWORK.name}, {percent(deck.BEST_NETWORK.highest_val_accuracy)}"
        rows.append(Beside("Best network", figure, where, theirs))
    return rows


def _mean_row(what: str, value: Spread) -> list[Beside]:
    """A mean over seeds beside the deck's one; none of a single seed."""
    where = f"test, mean ± standard deviation of {count(value.n, 'seed')}"
    return [Beside(what, spread(value), where, "one seed")] if value.n > 1 else []


def introduction(study: Study, *, with_deck: bool) -> str:
    """What was studied, by what way, and what came out: a sentence each, less what has not run."""
    what = "This study trains small convolutional networks (CNNs) from scratch"
    origin = " and repeats a student's slide deck, called “the deck” on these pages" if with_deck else ""
    return " ".join(filter(None, (f"{what}{origin}.", _method(study), _outcome(study, with_deck=with_deck))))


def _method(study: Study) -> str:
    """The steps that this run has done, in their order."""
    steps = []
    if study.architectures:
        steps.append(f"{count(len(study.architectures.results), 'architecture')} were compared")
    if study.augmentations:
        steps.append(f"{count(len(study.augmentations.sets), 'augmentation policy', 'augmentation policies')} tested")
    if study.coarse:
        steps.append("the hyper-parameters searched from coarse to fine")
    if not steps:
        return ""
    last = "; the test set was read only at the end" if study.final else ""
    return f"On validation images, {', '.join(steps)}{last}."


def _outcome(study: Study, *, with_deck: bool) -> str:
    """Test accuracy of the final network, the deck's, and the champion's mean over its seeds if that is higher."""
    if study.final is None:
        return ""
    final, images = study.final, study.final.test_images
    theirs = f" (the deck: {percent(deck.TEST_ACCURACY, 1)})" if with_deck else ""
    said = f"The final network classifies **{percent(final.accuracy, 1)}** of {images:,} test images correctly{theirs}"
    champion = study.champion
    if champion is None or champion.test.images != images or champion.accuracy_spread.mean <= final.accuracy:
        return f"{said}."
    return (
        f"{said}; the champion, the same network with a better recipe, **{percent(champion.accuracy_spread.mean, 1)}**."
    )
