"""portal/charts/results.py: the confusion matrix, the scores by class and the seeds."""

import dataclasses

import numpy as np
import pytest

from artifacts import deck
from artifacts.contract import FinalSummary
from artifacts.store import Run
from portal.analysis.confusion import cell_images, cells, confusion_frame
from portal.charts import results
from tests.portal.charts.specs import encodings_of, rows_with, spec_of

CLASSES = ("Boot", "Bag", "Coat")
CONFUSION = ((8, 0, 2), (0, 10, 0), (5, 1, 4))


@pytest.fixture
def final(full_run: Run) -> FinalSummary:
    return full_run.document(FinalSummary)


def test_the_confusion_frame_has_a_row_a_cell() -> None:
    frame = confusion_frame(CONFUSION, CLASSES)
    assert len(frame) == 9
    cell = frame[frame["cell"] == "Coat → Boot"].iloc[0]
    assert (cell["true_number"], cell["predicted_number"], cell["count"], cell["share"]) == (2, 0, 5, 0.5)
    assert set(frame.loc[frame["kind"] == "right", "cell"]) == {"Boot → Boot", "Bag → Bag", "Coat → Coat"}


def test_cells_to_choose_from_begin_with_the_most_frequent_mistake() -> None:
    assert cells(confusion_frame(CONFUSION, CLASSES)) == [
        "Coat → Boot",
        "Boot → Coat",
        "Coat → Bag",
        "Bag → Bag",
        "Boot → Boot",
        "Coat → Coat",
    ]


def test_the_images_behind_a_cell_are_as_many_as_it_says(full_run: Run, final: FinalSummary) -> None:
    frame = confusion_frame(final.confusion, full_run.manifest.classes)
    labels = full_run.arrays("data/test.npz")["labels"]
    predictions = full_run.arrays("final/test.npz")["probabilities"].argmax(axis=1)
    for _, cell in frame.iterrows():
        numbers = cell_images(labels, predictions, cell)
        assert len(numbers) == cell["count"]
        assert (labels[numbers] == cell["true_number"]).all()


def test_one_click_selects_one_cell_by_one_field() -> None:
    chart = results.confusion_matrix(confusion_frame(CONFUSION, CLASSES), None)
    (param,) = spec_of(chart)["params"]
    assert param["name"] == "cell"
    assert param["select"]["fields"] == ["cell"]
    assert param["select"]["toggle"] is False


def test_the_matrix_keeps_the_order_of_the_classes_and_a_log_scale() -> None:
    chart = results.confusion_matrix(confusion_frame(CONFUSION, CLASSES), "Coat → Boot")
    encoding = encodings_of(chart, "rect")
    assert encoding["x"]["sort"] == encoding["y"]["sort"] == list(CLASSES)
    assert encoding["fillOpacity"]["scale"]["type"] == "symlog"
    assert encoding["strokeWidth"]["condition"]["test"] == "(datum.cell === 'Coat → Boot')"


def test_every_class_has_three_scores_beside_the_decks(final: FinalSummary) -> None:
    rows = rows_with(results.class_scores(final), "metric", "score")
    assert len(rows) == 3 * len(final.classes)
    shirt = next(row for row in rows if row["class"] == "Shirt" and row["metric"] == "recall")
    assert shirt["deck"] == 0.83
    assert shirt["score"] == final.classes[6].recall


def other_data(final: FinalSummary) -> FinalSummary:
    rows = tuple(dataclasses.replace(row, name=f"digit {number}") for number, row in enumerate(final.classes))
    return dataclasses.replace(final, classes=rows)


def test_classes_that_the_deck_has_not_stand_alone(final: FinalSummary) -> None:
    assert all(row["deck"] is None for row in rows_with(results.class_scores(other_data(final)), "metric", "deck"))
    assert not any("Deck" in name for name in results.class_table(other_data(final)).data.columns)


def test_the_table_ends_with_the_averages(final: FinalSummary) -> None:
    table = results.class_table(final).data
    assert table["Class"].tolist()[-2:] == ["macro avg", "weighted avg"]
    assert table["Deck's F1"].tolist()[:2] == [0.91, 0.99]
    np.testing.assert_allclose(table["F1"].tolist()[:10], [row.f1 for row in final.classes])


def test_the_seeds_stand_beside_the_decks_figure(final: FinalSummary) -> None:
    chart = results.accuracy_by_seed(final, deck.TEST_ACCURACY)
    accuracies = [row["accuracy"] for row in rows_with(chart, "group", "accuracy")]
    np.testing.assert_allclose(accuracies, [100 * accuracy for accuracy in final.accuracy_by_seed])
    assert "2 seeds" in " ".join(spec_of(chart)["title"]["subtitle"])
