"""portal/analysis/label_court.py: cases, verdicts, and what the suspects weigh."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from artifacts.contract import LabelsSummary
from artifacts.store import Run
from portal.analysis import label_court
from portal.analysis.label_court import OUTLIER, RIGHT, SUSPECT, UNSURE, WRONG, Case
from portal.charts import label_court as charts
from tests.portal.charts.specs import rows_with, spec_of
from tests.portal.tiny_run import TinyRun
from tests.portal.ui.test_result_pages import healthy, open_page, words

CLASSES = ("Boot", "Bag", "Coat")
ERRORS = np.array([0.1, 0.4, 0.2, 0.3], dtype=np.float32)
IMAGES = np.zeros((2, 4, 4), dtype=np.uint8)
SUSPECTS = {
    "index": np.array([3, 0]),
    "images": IMAGES,
    "given": np.array([0, 1]),
    "suggested": np.array([2, 0]),
    "probabilities": np.array([[0.05, 0.05, 0.9], [0.6, 0.3, 0.1]], dtype=np.float16),
}
WORST = {"index": np.array([[1, 2], [3, 2]]), "images": np.zeros((2, 2, 4, 4), dtype=np.uint8)}


@pytest.fixture
def suspected() -> list[Case]:
    return label_court.suspects(SUSPECTS, ERRORS)


@pytest.fixture
def summary(full_run: Run) -> LabelsSummary:
    return full_run.document(LabelsSummary)


def test_a_suspect_knows_what_the_network_says_and_how_odd_it_is(suspected: list[Case]) -> None:
    first = suspected[0]
    assert (first.source, first.index, first.given, first.suggested, first.error_rank) == (SUSPECT, 3, 0, 2, 0.5)
    said = label_court.opinion(first, CLASSES, 100)
    assert (
        said[0] == "A network that never saw this image predicts **Coat** (90 %) and gives **Boot**, its label, 5.0 %."
    )
    assert said[1:] == [
        "cleanlab **suspects the label**.",
        "The autoencoder reconstructs 50.0 % of all training images better.",
    ]


def test_outliers_come_class_by_class_and_one_that_is_suspected_keeps_its_answer(suspected: list[Case]) -> None:
    odd = label_court.outliers(WORST, ERRORS, suspected)
    assert [(case.index, case.given) for case in odd] == [(1, 0), (3, 1), (2, 0), (2, 1)]
    assert [case.suggested for case in odd] == [None, 2, None, None]
    assert "is not among" in label_court.opinion(odd[0], CLASSES, 100)[0]


def test_the_docket_holds_each_image_once_and_tells_nothing_by_its_order(suspected: list[Case]) -> None:
    odd = label_court.outliers(WORST, ERRORS, suspected)
    assert [(case.index, case.source) for case in label_court.docket(suspected, odd)] == [
        (0, SUSPECT),
        (1, OUTLIER),
        (2, OUTLIER),
        (3, SUSPECT),
    ]
    assert label_court.docket([], []) == []


def test_without_reconstruction_errors_the_suspects_are_heard_all_the_same() -> None:
    cases = label_court.suspects(SUSPECTS, None)
    assert [case.error_rank for case in cases] == [None, None]
    assert label_court.rank_sentence(cases) == "There are no reconstruction errors to compare with."


def test_verdicts_are_counted_by_kind(suspected: list[Case]) -> None:
    odd = label_court.outliers(WORST, ERRORS, suspected)[:1]
    cases = [*suspected, *odd]
    votes = {3: WRONG, 0: UNSURE, 1: RIGHT}
    table = label_court.tally(cases, votes).set_index("Cases")
    assert table.loc["Suspected label"].to_dict() == {RIGHT: 0, WRONG: 1, UNSURE: 1}
    assert table.loc["Badly redrawn"].to_dict() == {RIGHT: 1, WRONG: 0, UNSURE: 0}
    assert "3 cases of 3 judged in this session. Of 2 suspects you found 1 mislabeled" in label_court.tally_sentence(
        cases, votes
    )
    assert label_court.tally_sentence(cases, {}) == "0 cases of 3 judged in this session."


def test_the_estimate_is_called_one_and_the_gain_no_evidence(summary: LabelsSummary) -> None:
    known = dataclasses.replace(
        summary, images=1000, issues=40, accuracy=0.9, accuracy_without=0.9375, mistakes=100, mistakes_left=60
    )
    assert "**40** labels (**4.0 %**) are wrong. This is an estimate" in label_court.estimate_sentence(known)
    ceiling = label_court.ceiling_sentence(known)
    assert "Of 100 out-of-fold mistakes 40 are suspected labels and **60 stay**" in ceiling
    assert "from 90.00 % to 93.75 %. The rise is no evidence" in ceiling


def test_scores_leave_the_suspects_out() -> None:
    networks = {"a": np.eye(3)[[0, 1, 1, 2]], "b": np.eye(3)[[0, 1, 2, 0]]}
    table = label_court.score_table(networks, np.array([0, 1, 2, 0]), np.array([2])).set_index("Network")
    assert table.loc["a"].tolist() == pytest.approx([50, 200 / 3, 50 / 3])
    assert table.loc["b", "Without suspects"] == 100
    everything = label_court.score_table(networks, np.array([0, 1, 2, 0]), np.arange(4))
    assert (everything["Gain"] == 0).all()


def test_the_charts_show_pairs_a_case_and_ranks(summary: LabelsSummary, suspected: list[Case], full_run: Run) -> None:
    pairs = rows_with(charts.pairs_chart(summary, full_run.manifest.classes), "pair", "count")
    assert len(pairs) == 10
    assert [row["label"] for row in rows_with(charts.case_chart(suspected[0], CLASSES), "class", "label")] == [
        True,
        False,
        False,
    ]
    ranks = rows_with(charts.ranks_chart(suspected), "tenth", "suspects")
    assert [row["suspects"] for row in ranks] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    empty = dataclasses.replace(summary, issues=0, pairs=())
    assert "n = 0 suspected" in " ".join(spec_of(charts.pairs_chart(empty, CLASSES))["title"]["subtitle"])


@pytest.mark.usefixtures("only_run")
def test_the_machines_are_heard_after_the_verdict_which_stays_for_the_session() -> None:
    app = open_page("label_court")
    assert "Give your verdict first" in words(app)
    key = next(group.key for group in app.get("button_group") if group.key.startswith("label_court_verdict"))
    healthy(app.segmented_control(key=key).set_value(WRONG).run())
    text = words(app)
    assert "Give your verdict first" not in text
    assert "This case is here as a" in text
    assert "1 case of" in text
    healthy(app.switch_page("../pages/dataset.py").run())
    healthy(app.switch_page("../pages/label_court.py").run())
    assert "1 case of" in words(app)


def test_the_court_sits_without_outliers_and_networks(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write(tmp_path / "study", without=["outliers/", "architectures/"])
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "study"))
    app = open_page("label_court")
    assert "Give your verdict first" in words(app)
    assert "Are suspects odd" not in words(app)
