"""The quiz: its sheets, its scores, and its page."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from artifacts.store import Run
from portal.analysis import quiz
from portal.analysis.quiz import Answer
from tests.portal.test_pages import open_page

CLASSES = ("bag", "coat", "shoe")


def answer(*, right: bool, sure: bool, model_right: bool = True, probability: float = 0.95) -> Answer:
    return Answer(0, 1, 1 if right else 0, sure, 1 if model_right else 2, probability)


@pytest.fixture
def answers_NC() -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (200, 3) and labels: of every ten images the first is answered wrongly, the second unsurely."""
    labels = np.arange(200) % 3
    probabilities = np.full((200, 3), 0.05)
    probabilities[np.arange(200), labels] = 0.9
    probabilities[::10] = np.roll(probabilities[::10], 1, axis=1)
    probabilities[1::10] = 0.25
    probabilities[np.arange(1, 200, 10), labels[1::10]] = 0.5
    return probabilities, labels


def test_a_sheet_is_the_same_for_everyone_and_another_number_is_another_sheet(
    answers_NC: tuple[np.ndarray, np.ndarray],
) -> None:
    first = quiz.sheet(quiz.RANDOM, 1, *answers_NC)
    assert len(set(first.tolist())) == quiz.IMAGES
    np.testing.assert_array_equal(first, quiz.sheet(quiz.RANDOM, 1, *answers_NC))
    assert first.tolist() != quiz.sheet(quiz.RANDOM, 2, *answers_NC).tolist()


def test_random_sheets_do_not_look_at_the_answers(answers_NC: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, labels = answers_NC
    sheets = [quiz.sheet(quiz.RANDOM, number, probabilities, labels) for number in range(1, 101)]
    wrong = (probabilities.argmax(1) != labels)[np.concatenate(sheets)].mean()
    assert wrong == pytest.approx(0.1, abs=0.02)


def test_hard_sheets_hold_only_what_the_model_got_wrong_or_was_unsure_of(
    answers_NC: tuple[np.ndarray, np.ndarray],
) -> None:
    images = quiz.sheet(quiz.HARD, 1, *answers_NC)
    assert set(images % 10) == {0, 1}


def test_a_sheet_of_a_flawless_model_may_be_empty() -> None:
    assert len(quiz.sheet(quiz.HARD, 1, np.eye(3), np.arange(3))) == 0


def test_answers_are_held_against_label_and_model() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
    found = quiz.answered(np.array([2, 0]), [(1, True)], probabilities, np.array([0, 1, 1]))
    assert found == [Answer(2, 1, 1, True, 2, 0.4)]
    assert found[0].right and not found[0].model_right
    assert quiz.verdict(found[0], CLASSES) == (
        "The label is **coat**. You are right; the final model predicts, wrongly, shoe with a probability of 40 %."
    )


def test_only_random_images_are_compared_with_people() -> None:
    given = [answer(right=True, sure=True), answer(right=False, sure=False)]
    assert "83.5 %" in quiz.score(given, quiz.RANDOM, of_people=True)
    assert "You have 1 of 2 right; the final model has 2 of the same 2." in quiz.score(
        given, quiz.RANDOM, of_people=False
    )
    hard = quiz.score(given, quiz.HARD, of_people=False)
    assert "83.5" not in hard and "selected because the model fails" in hard


def test_calibration_counts_by_sureness() -> None:
    given = [answer(right=True, sure=True), answer(right=False, sure=True)]
    given += [answer(right=False, sure=False, model_right=False, probability=0.5)]
    table = quiz.calibration(given)
    assert table["Images"].tolist() == [2, 1, 2, 1]
    figures = [
        "1, 50 % [9,\N{NO-BREAK SPACE}91]",
        "0, 0 % [0,\N{NO-BREAK SPACE}79]",
        "2, 100 % [34,\N{NO-BREAK SPACE}100]",
        "0, 0 % [0,\N{NO-BREAK SPACE}79]",
    ]
    assert table["Right [95 % interval]"].tolist() == figures
    assert "50 points more often" in quiz.knows_itself(given)
    assert "Be sure of some" in quiz.knows_itself(given[:2])
    assert "says nothing" in quiz.knows_itself([answer(right=False, sure=True), answer(right=True, sure=False)])


# ----------------------------------------------------------------------------------------------------------- the page


def choose(app: AppTest, name: str) -> AppTest:
    app.pills[0].set_value(name).run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, app.exception[0].stack_trace
    return app


def words(app: AppTest) -> str:
    return "\n".join(element.value for kind in ("markdown", "caption") for element in app.get(kind))


def test_nothing_is_told_before_the_answer(only_run: Path) -> None:
    app = open_page("quiz")
    assert "The label is" not in words(app)
    assert app.button(key="quiz_press_S").disabled
    assert not app.get("vega_lite_chart")


def test_an_answer_reveals_label_model_and_map_and_goes_on(only_run: Path, full_run: Run) -> None:
    app = open_page("quiz", quiz_sheet="5")
    test, probabilities = full_run.arrays("data/test.npz"), full_run.arrays("final/test.npz")["probabilities"]
    first = quiz.sheet(quiz.RANDOM, 5, probabilities, test["labels"])[0]
    classes = full_run.manifest.classes
    press(choose(app, classes[test["labels"][first]]), "quiz_press_S")
    assert f"The label is **{classes[test['labels'][first]]}**. You are right" in words(app)
    assert "You have 1 of 1 right" in words(app)
    assert len(app.get("vega_lite_chart")) == 2
    press(app, "quiz_next")
    assert "Image 2 of 20" in app.image[0].captions[0]
    press(choose(app, classes[0]), "quiz_press_U")
    assert "of 2 right; the final model has" in words(app)
    assert app.table[0].value["Who, how sure"].tolist()[:2] == ["You, sure", "You, not sure"]


def test_the_mode_of_a_link_decides_the_images_and_the_comparison(only_run: Path, full_run: Run) -> None:
    app = open_page("quiz", quiz_mode="hard", quiz_sheet="2")
    press(choose(app, full_run.manifest.classes[0]), "quiz_press_U")
    assert "selected because the model fails" in words(app)
    assert "83.5" not in words(app)


def test_a_sheet_ends(only_run: Path, full_run: Run) -> None:
    app = open_page("quiz", quiz_mode="hard")
    test, probabilities = full_run.arrays("data/test.npz"), full_run.arrays("final/test.npz")["probabilities"]
    total = len(quiz.sheet(quiz.HARD, 1, probabilities, test["labels"]))
    for number in range(1, total + 1):
        press(choose(app, full_run.manifest.classes[1]), "quiz_press_S")
        if number < total:
            press(app, "quiz_next")
    assert "You finished this sheet" in words(app)
    assert not [button for button in app.button if button.key == "quiz_next"]
