"""portal/charts/overview.py: findings, the headline and the journey, for whatever stages have run."""

import dataclasses

import pytest

from artifacts import contract as c
from artifacts import deck
from artifacts.store import Run
from portal.charts import overview
from portal.core.intervals import wilson
from portal.core.navigation import PAGES
from tests.portal.charts.specs import rows_with, spec_of

NOTHING = overview.Study(*[None] * 9)


@pytest.fixture
def study(full_run: Run) -> overview.Study:
    return overview.Study(
        eda=full_run.document(c.EdaSummary),
        outliers=full_run.document(c.OutliersSummary),
        architectures=full_run.document(c.ArchitecturesSummary),
        augmentations=full_run.document(c.AugmentationsSummary),
        coarse=full_run.document(c.SearchSummary, c.SearchSummary.path("coarse")),
        fine=full_run.document(c.SearchSummary, c.SearchSummary.path("fine")),
        final=full_run.document(c.FinalSummary),
        errors=full_run.document(c.ErrorsSummary),
        feature_maps=full_run.document(c.FeatureMapsSummary),
        labels=full_run.document(c.LabelsSummary),
        test_reads=len(full_run.manifest.test_reads),
    )


def test_every_step_but_trying_it_has_a_finding(full_run: Run, study: overview.Study) -> None:
    found = overview.findings(study, full_run.manifest.classes)
    steps = {"dataset", "outliers", "augmentation", "architectures", "tuning", "results", "errors", "feature_maps"}
    steps |= {"label_court", "vault"}
    assert steps <= set(found) <= {page.name for page in PAGES}
    assert found["tuning"].startswith("6 + 6 trials; the best reached ")


def test_a_study_that_has_not_begun_claims_nothing(full_run: Run) -> None:
    assert overview.findings(NOTHING, full_run.manifest.classes) == {}
    assert overview.headline(NOTHING) == []
    assert overview.journey_frame(NOTHING, with_deck=True).empty
    assert overview.introduction(NOTHING, with_deck=False).count(".") == 1


def test_the_journey_gives_every_step_its_interval(study: overview.Study) -> None:
    frame = overview.journey_frame(study, with_deck=True)
    chart = overview.journey(frame)
    last = frame[frame["source"] == overview.OURS].iloc[-1]
    assert study.final
    low, high = wilson(study.final.accuracy, study.final.test_images)
    assert (last["low"], last["high"]) == pytest.approx((100 * low, 100 * high))
    ours = frame[frame["source"] == overview.OURS]
    assert ((ours["low"] < ours["accuracy"]) & (ours["accuracy"] < ours["high"])).all()
    assert len(rows_with(chart, "step", "accuracy")) == 10
    assert "95 % intervals" in " ".join(spec_of(chart)["title"]["subtitle"])
    assert frame[frame["source"] == overview.DECK]["accuracy"].tolist() == pytest.approx(
        [94.68, 95.17, 95.38, 95.42, 94.93]
    )


def test_the_champion_is_a_figure_a_step_and_the_journeys_end(full_run: Run, study: overview.Study) -> None:
    champion = full_run.document(c.ChampionSummary)
    better = dataclasses.replace(study, champion=champion)
    row = next(row for row in overview.headline(better) if row.what == "Champion, test")
    assert (row.deck, row.measured_on) == ("94.93 %", "test, n = 100, seed 0")
    assert "of 100 test images correct" in overview.findings(better, full_run.manifest.classes)["champion"]
    frame = overview.journey_frame(better, with_deck=True)
    last = frame[frame["source"] == overview.OURS].iloc[-1]
    assert last["step"] == "Champion, test"
    assert last["accuracy"] == pytest.approx(100 * champion.accuracy_spread.mean)  # no lucky seed's
    means = {row.what: row.ours for row in overview.headline(better)}
    assert means["Champion, test, mean"].startswith(f"{100 * champion.accuracy_spread.mean:.2f} ±")
    subtitle = " ".join(spec_of(overview.journey(frame))["title"]["subtitle"])
    assert "the last two on test images" in subtitle


def test_steps_on_different_numbers_of_images_are_said(study: overview.Study) -> None:
    sentence = overview.journey_sentence(overview.journey_frame(study, with_deck=False))
    assert "which alone moves the line: " in sentence and "100 (" in sentence and "256 (test set)" in sentence
    alone = dataclasses.replace(NOTHING, final=study.final)
    assert "moves the line" not in overview.journey_sentence(overview.journey_frame(alone, with_deck=False))


def test_the_headline_stands_beside_the_deck(study: overview.Study) -> None:
    rows = {row.what: row for row in overview.headline(study)}
    assert rows["Test accuracy"].deck == "94.93 %"
    assert rows["Test accuracy"].measured_on == "test, n = 100, seed 0"
    assert "mean ± standard deviation of 2 seeds" in rows["Test accuracy, mean"].measured_on
    assert rows["Best network"].deck == f"{deck.BEST_NETWORK.name}, 94.68 %"


def test_the_introduction_says_in_three_sentences_what_was_done_and_what_came_out(study: overview.Study) -> None:
    assert study.final
    said = overview.introduction(study, with_deck=True)
    first, second, third = said.split(". ")
    assert "called “the deck” on these pages" in first
    assert second.startswith("On validation images, ") and "augmentation policies tested" in second
    assert f"of {study.final.test_images:,} test images correctly (the deck: 94.9 %)" in third
    assert "slide deck" not in overview.introduction(NOTHING, with_deck=False)


@pytest.mark.parametrize(("better_by", "is_told"), [(0.01, True), (0.0, False), (-0.01, False)])
def test_the_introduction_tells_of_a_champion_that_is_better(
    full_run: Run, study: overview.Study, better_by: float, is_told: bool
) -> None:
    assert study.final
    champion = full_run.document(c.ChampionSummary)
    images = dataclasses.replace(champion.test, images=study.final.test_images)
    reached = c.Spread(1, study.final.accuracy + better_by, None, None, None)
    champion = dataclasses.replace(champion, test=images, accuracy_spread=reached)
    said = overview.introduction(dataclasses.replace(study, champion=champion), with_deck=True)
    assert ("the champion, the same network with a better recipe" in said) is is_told
    assert (f"**{100 * reached.mean:.1f} %**." in said) is is_told
