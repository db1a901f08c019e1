"""portal/charts/outliers.py: the limit, who is above it, and pictures side by side."""

import numpy as np

from artifacts.contract import OutliersSummary
from artifacts.store import Run
from portal.charts import outliers
from tests.portal.charts.specs import marks_of, rows_with


def test_the_limit_leaves_the_share_above_it() -> None:
    errors = np.random.default_rng(0).random(1000).astype(np.float32)
    limit = outliers.limit_of(errors, 0.02)
    assert (errors > limit).sum() == 20


def test_images_above_the_limit_are_counted_by_class() -> None:
    errors, labels = np.array([0.1, 0.5, 0.9, 0.8], dtype=np.float32), np.array([0, 0, 1, 1], dtype=np.uint8)
    frame = outliers.above_frame(errors, labels, 0.4, ("a", "b", "empty"))
    assert frame["images"].tolist() == [1, 2, 0]
    assert frame["share"].tolist() == [50.0, 100.0, 0.0]
    assert len(rows_with(outliers.above_by_class(frame), "class", "images")) == 3


def test_the_histogram_shows_every_image_and_the_limit(full_run: Run) -> None:
    summary = full_run.document(OutliersSummary)
    chart = outliers.histogram(outliers.histogram_frame(summary), summary.images, 0.02)
    rows = rows_with(chart, "from", "images")
    assert sum(row["images"] for row in rows) == summary.images
    assert min(row["images"] for row in rows) > 0
    assert rows_with(chart, "limit")[0]["limit"] == 0.02
    assert marks_of(chart) == ["bar", "rule", "text"]


def test_a_pair_is_the_image_a_clear_gap_and_its_reconstruction() -> None:
    images, drawn = np.zeros((3, 5, 5), dtype=np.uint8), np.full((3, 5, 5), 7, dtype=np.uint8)
    pairs = outliers.pairs(images, drawn, gap=2)
    assert pairs.shape == (3, 5, 12, 2)
    assert (pairs[:, :, 5:7, 1] == 0).all() and (pairs[:, :, :5, 1] == 255).all()
    np.testing.assert_array_equal(pairs[:, :, 7:, 0], drawn)
