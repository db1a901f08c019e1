"""portal/charts/dataset.py: classes by split, pixels, coverage."""

import numpy as np
import pytest

from artifacts.contract import EdaSummary
from artifacts.store import Run
from portal.charts import dataset
from tests.portal.charts.specs import rows_with, spec_of


@pytest.fixture
def summary(full_run: Run) -> EdaSummary:
    return full_run.document(EdaSummary)


def test_the_distribution_counts_every_image_once(full_run: Run, summary: EdaSummary) -> None:
    chart = dataset.distribution(dataset.distribution_frame(summary, full_run.manifest.classes))
    rows = rows_with(chart, "class", "split", "images")
    assert len(rows) == 30
    assert sum(row["images"] for row in rows) == sum(sum(counts) for counts in summary.counts.values())


@pytest.mark.parametrize(("counts", "word"), [((10, 10), "fair measure"), ((10, 9), "imbalanced (train)")])
def test_balance_is_read_from_the_counts(counts: tuple[int, int], word: str, summary: EdaSummary) -> None:
    changed = summary.__class__(**{**vars(summary), "counts": {"train": counts, "validation": (5, 5), "test": (7, 7)}})
    assert word in dataset.balance(dataset.distribution_frame(changed, ("a", "b")))


def test_pixel_shares_add_up_and_empty_bins_are_left_out_of_a_log_axis(summary: EdaSummary) -> None:
    frame = dataset.pixel_frame(summary)
    np.testing.assert_allclose(frame["share"].sum(), 100)
    frame.loc[3, "share"] = 0.0
    chart = dataset.pixel_histogram(frame, 196)
    assert len(rows_with(chart, "share")) == len(frame) - 1
    assert spec_of(chart)["encoding"]["y"]["scale"] == {"type": "log"}


def test_coverage_is_in_per_cent_of_each_class(full_run: Run, summary: EdaSummary) -> None:
    rows = rows_with(dataset.coverage(dataset.class_frame(summary, full_run.manifest.classes), 196), "coverage")
    assert [row["coverage"] for row in rows] == pytest.approx([100 * share for share in summary.class_coverage])


def test_both_readings_of_the_decks_split_are_shown(summary: EdaSummary) -> None:
    train = dataset.split_rows(summary)[0]
    assert train.ours == f"{sum(summary.counts['train']):,}"
    assert "50,000" in train.deck
    assert "40,000" in train.deck
