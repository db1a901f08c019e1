"""portal/predict/answers.py: one answer a photo, on a run with minus the mean pixel as rejection score."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artifacts.contract import ArtifactError, ExportSummary
from artifacts.photo import Choices, Preparation, UploadError, decode, prepare, views
from artifacts.store import Run
from portal.networks import inference
from portal.predict import answers
from portal.predict.answers import Answer
from tests.portal.tiny_run import REJECT_ABOVE, TinyRun

KEPT = Answer(("Bag", "Ankle boot"), np.array([0.13, 0.87], np.float32), -0.25, -0.1, "photo")


def as_png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def prepared(image: np.ndarray) -> Preparation:
    return prepare(decode(as_png(image)))


@pytest.fixture(scope="module")
def without_photos(tiny: TinyRun, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of other data, which has no network for photos."""
    names = ("zero", "one", "two", "three", "four")
    return TinyRun(names).write(tmp_path_factory.mktemp("other") / "study")


def test_probabilities_and_score_are_means_over_the_views(full_run: Run, tiny: TinyRun) -> None:
    shirt = np.full((60, 50, 3), 255, np.uint8)
    shirt[10:50, 10:40] = (40, 90, 160)
    preparation = prepared(shirt)
    photo = inference.photo_model(full_run.document(ExportSummary).models)
    assert photo is not None
    each = inference.network(full_run, photo).predict(views(preparation)).probabilities
    assert len(each) > 2
    answer = answers.answer(full_run, preparation)
    np.testing.assert_allclose(answer.probabilities, each.mean(axis=0), atol=1e-6)
    assert answer.score == pytest.approx(-views(preparation).mean() / 255, abs=1e-6)
    assert answer.top == tiny.classes[int(each.mean(axis=0).argmax())]
    assert answer.confidence == pytest.approx(each.mean(axis=0).max(), abs=1e-6)
    assert answer.network == "photo"


def test_what_scores_above_the_threshold_is_rejected(full_run: Run) -> None:
    dark, bright = (np.zeros((28, 28), np.uint8) for _ in range(2))
    dark[12:16, 12:16], bright[4:24, 4:24] = 90, 200
    rejected, kept = (answers.answer(full_run, prepared(image)) for image in (dark, bright))
    assert rejected.reject_above == kept.reject_above == REJECT_ABOVE
    assert (rejected.rejected, kept.rejected) == (True, False)


def test_a_picture_as_the_data_set_has_its_own_is_named_by_the_final_model(full_run: Run, tiny: TinyRun) -> None:
    final = inference.final_model(full_run.document(ExportSummary).models)
    image = tiny.images[5]
    answer = answers.answer(full_run, prepared(image))
    expected = inference.network(full_run, final).predict(image[None]).probabilities[0]
    np.testing.assert_allclose(answer.probabilities, expected, atol=1e-6)
    assert answer.network == "final"
    assert answer.score == pytest.approx(-image.mean() / 255, abs=1e-6)  # rejected or kept by the network for photos
    inverted = prepare(decode(as_png(image)), Choices(invert="yes"))
    assert answers.answer(full_run, inverted).network == "photo"


def test_a_score_on_the_threshold_is_kept() -> None:
    assert replace(KEPT, score=-0.1).rejected is False
    assert replace(KEPT, score=-0.0999).rejected is True


def test_without_a_network_for_photos_the_final_model_answers_and_nothing_is_rejected(without_photos: Run) -> None:
    preparation = prepared(np.zeros((28, 28), np.uint8))
    answer = answers.answer(without_photos, preparation)
    final = inference.final_model(without_photos.document(ExportSummary).models)
    each = inference.network(without_photos, final).predict(views(preparation)).probabilities
    np.testing.assert_allclose(answer.probabilities, each.mean(axis=0), atol=1e-6)
    assert (answer.rejected, answer.score, answer.reject_above, answer.network) == (None, None, None, "final")
    assert answer.classes == ("zero", "one", "two", "three", "four")
    assert answers.margin(answer) == answers.NO_REJECTION
    assert "looks like" in answers.verdict(answer)


def test_bytes_give_the_answer_of_their_preparation(full_run: Run, tiny: TinyRun) -> None:
    data = as_png(tiny.images[3])
    straight, inverted = (answers.answer_bytes(full_run, data, Choices(invert=word)) for word in ("auto", "yes"))
    expected = answers.answer(full_run, prepare(decode(data)))
    np.testing.assert_array_equal(straight.probabilities, expected.probabilities)
    assert straight.score is not None and inverted.score is not None
    assert straight.score == pytest.approx(-tiny.images[3].mean() / 255, abs=1e-6)
    assert inverted.score == pytest.approx(straight.score * -1 - 1, abs=1e-6)


def test_bytes_that_are_no_picture_are_refused(full_run: Run) -> None:
    with pytest.raises(UploadError, match="not a picture"):
        answers.answer_bytes(full_run, b"no picture")


@pytest.mark.parametrize("missing", ["models/", "photo-model/"])
def test_a_missing_file_is_named(tiny: TinyRun, tmp_path: Path, missing: str) -> None:
    run = tiny.write(tmp_path / "study", without=(missing,))
    with pytest.raises(ArtifactError, match=f"The run has no {missing}summary.json"):
        answers.answer(run, prepared(tiny.images[0]))


def test_the_verdict_names_the_class_with_its_article() -> None:
    assert answers.verdict(KEPT) == "This looks like an Ankle boot (87 % sure)."
    assert answers.verdict(replace(KEPT, classes=("Bag", "Coat"))) == "This looks like a Coat (87 % sure)."


def test_the_verdict_of_a_rejected_picture_names_the_nearest_class() -> None:
    rejected = replace(KEPT, score=0.3)
    expected = "This is probably none of the two classes; the nearest is Ankle boot (87 %)."
    assert answers.verdict(rejected) == expected
    ten = replace(rejected, classes=tuple("abcdefghij"), probabilities=np.full(10, 0.1, np.float32))
    assert "none of the ten classes" in answers.verdict(ten)


def test_the_margin_says_how_far_the_threshold_is() -> None:
    assert answers.margin(KEPT) == "Rejection score -0.25, threshold -0.10: 0.15 below the threshold: kept."
    assert answers.margin(replace(KEPT, score=0.3)).endswith("0.40 above the threshold: rejected.")
