"""portal/analysis/epochs.py: first-learnt epoch, forgetting, and what each epoch changes."""

import numpy as np
import pytest

from portal.analysis import epochs
from portal.analysis.confusion import confusion_frame
from portal.charts import epochs as charts
from portal.charts import results
from tests.portal.charts.specs import rows_with, spec_of

CLASSES = ("Boot", "Bag", "Coat")
LABELS = np.array([0, 1, 2, 0])
# Image 0 is always right, 1 learnt in epoch 2, 2 learnt, lost and learnt again, 3 never right.
PREDICTIONS = np.array([[0, 0, 2, 1], [0, 1, 0, 1], [0, 1, 2, 2], [0, 1, 2, 2]], dtype=np.uint8)


@pytest.fixture
def found() -> epochs.Learning:
    return epochs.learning(PREDICTIONS, LABELS)


def test_first_epoch_and_losses_of_each_image(found: epochs.Learning) -> None:
    assert found.first.tolist() == [1, 2, 1, epochs.NEVER]
    assert found.losses.tolist() == [0, 0, 1, 0]
    assert not found.forgotten.any()
    assert epochs.learning(PREDICTIONS[:2], LABELS).forgotten.tolist() == [False, False, True, False]


def test_every_change_adds_up_to_the_number_of_right_answers(found: epochs.Learning) -> None:
    frame = epochs.change_frame(found)
    assert frame["learnt"].tolist() == [2, 1, 0, 0]
    assert frame["again"].tolist() == [0, 0, 1, 0]
    assert frame["lost"].tolist() == [0, 1, 0, 0]
    assert (frame["learnt"] + frame["again"] - frame["lost"]).cumsum().tolist() == frame["right"].tolist()


def test_the_sentences_count_them(found: epochs.Learning) -> None:
    sentence = epochs.sentence(found, "Net")
    assert "In 4 epochs Net was right on **3** of 4 validation images at least once" in sentence
    assert "forgot **1** of them in a later epoch, 0 for good, and was never right on **1**" in sentence
    frame = epochs.change_frame(found)
    assert "1 for the first time, 0 again; 1 were forgotten since epoch 1" in epochs.epoch_sentence(frame, 2, 4)
    assert epochs.epoch_sentence(frame, 1, 4) == "After epoch 1, 2 images (50.0 %) are classified correctly."


def test_each_image_has_its_story(found: epochs.Learning) -> None:
    assert [epochs.history(found, number) for number in (1, 2, 3)] == [
        "#1, learned in epoch 2",
        "#2, learned in epoch 1, lost 1x",
        "#3, never right",
    ]
    caption = epochs.predicted_caption(PREDICTIONS[:, 3], CLASSES)
    plain = caption.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NON-BREAKING HYPHEN}", "-")
    assert plain == "Bag 1-2, Coat 3-4" and caption.count(" ") == 1


def test_images_worth_a_look_are_of_their_kind(found: epochs.Learning) -> None:
    chosen = {kind: epochs.hardest(found, kind).tolist() for kind in epochs.KINDS}
    assert chosen == {"never right": [3], "lost at least once": [2], "lost at the end": [], "learned last": [1]}


def test_cells_to_watch_are_those_of_any_epoch() -> None:
    cells = epochs.cells_over_epochs(PREDICTIONS, LABELS, CLASSES)
    assert cells[:2] == ["Boot → Bag", "Boot → Coat"]
    assert "Bag → Boot" in cells  # of the first epoch alone
    assert "Bag → Coat" not in cells


def test_the_matrix_says_whose_it_is_and_on_which_images() -> None:
    frame = confusion_frame(epochs.confusion(PREDICTIONS[0], LABELS, 3).tolist(), CLASSES)
    spec = spec_of(results.confusion_matrix(frame, None, split="validation", of="Net after epoch 1"))
    assert "Validation set, n = 4 images, Net after epoch 1" in " ".join(spec["title"]["subtitle"])


def test_losses_are_drawn_downwards_and_the_first_epoch_left_out(found: epochs.Learning) -> None:
    rows = rows_with(charts.change_chart(epochs.change_frame(found), 2, "Net", 4), "kind", "signed")
    assert {row["epoch"] for row in rows} == {2, 3, 4}
    assert [row["signed"] for row in rows if row["kind"] == "lost"] == [-1, 0, 0]
    assert spec_of(charts.change_chart(epochs.change_frame(found), 1, "Net", 4))
