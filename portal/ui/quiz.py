"""The quiz: image, class, confidence, then the solution. A fragment; answers stay in the visitor's session."""

from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from artifacts.contract import ExportSummary
from portal.analysis import quiz
from portal.analysis.quiz import Answer
from portal.charts import predict
from portal.charts import quiz as quiz_charts
from portal.core.runs import is_deck_data
from portal.networks import inference
from portal.predict import explain
from portal.ui import elements

SURE, NOT_SURE, NEXT = "S", "U", "N"  # the keys that press the buttons


def sheet() -> tuple[str, int]:
    """Mode and number of the sheet, both in the URL, so that a class can get the same images."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mode = elements.one_of("Images", [quiz.RANDOM, quiz.HARD], key="quiz_mode")
        explained = "The same number gives everyone the same images. Copy the link for a class."
        number = st.number_input("Sheet", 1, 9_999, 1, key="quiz_sheet", bind="query-params", width=160, help=explained)
    return mode, int(number)


@st.fragment
def play(mode: str, number: int) -> None:
    """Draw one image after the other: the question, then, once it is answered, the solution and the score."""
    test, probabilities = elements.arrays("data/test.npz"), elements.arrays("final/test.npz")["probabilities"]
    images = quiz.sheet(mode, number, probabilities, test["labels"])
    if not len(images):
        st.markdown("There is no such image: the final model is right and confident every time.")
        return
    sheet = _sheet_of_session(mode, number)
    answers = quiz.answered(images, sheet.given, probabilities, test["labels"])
    done = len(answers) == len(images)
    if done or sheet.revealed < len(answers):
        told, score = st.columns(2, gap="medium")
        with told:
            _reveal(answers[-1], test["images"][answers[-1].image], sheet, done=done)
        with score:
            _score(answers, mode)
        return
    _ask(test["images"][images[len(answers)]], len(images), sheet)
    if answers:
        _score(answers, mode)


@dataclass
class Sheet:
    """A visitor's answers to one sheet: class and sureness of each; how many were revealed and left behind."""

    name: str
    given: list[tuple[int, bool]] = field(default_factory=list)
    revealed: int = 0

    def answer(self, said: int, sure: bool) -> None:
        self.given.append((said, sure))

    def go_on(self) -> None:
        self.revealed = len(self.given)


def _sheet_of_session(mode: str, number: int) -> Sheet:
    sheets: dict[str, Sheet] = st.session_state.setdefault("quiz_sheets", {})
    name = f"{elements.current_run().folder.resolve()} {mode} {number}"
    return sheets.setdefault(name, Sheet(f"{mode}_{number}"))


def _ask(image_SS: np.ndarray, total: int, sheet: Sheet) -> None:
    classes, number = elements.current_run().manifest.classes, len(sheet.given) + 1
    picture, question = st.columns([1, 2], gap="medium")
    with picture:
        elements.gallery(image_SS[None], [f"Image {number} of {total}"], columns=1, scale=8)
    with question:
        key = f"quiz_said_{sheet.name}_{number}"
        # Not radio buttons: Streamlit takes no letter for a shortcut while one of them has the focus.
        said = st.pills("What is it?", classes, key=key, wrap=True)
        chosen = classes.index(said) if said in classes else None
        with st.container(horizontal=True):
            for label, letter, sure in (("I am sure", SURE, True), ("I am not sure", NOT_SURE, False)):
                key, idle = f"quiz_press_{letter}", chosen is None
                st.button(label, key=key, shortcut=letter, disabled=idle, on_click=sheet.answer, args=(chosen, sure))
        st.caption("Keys: arrows choose a class, S (sure) and U (unsure) answer. Nothing is stored after your visit.")


def _reveal(answer: Answer, image_SS: np.ndarray, sheet: Sheet, *, done: bool) -> None:
    classes = elements.current_run().manifest.classes
    st.markdown(quiz.verdict(answer, classes))
    if done:
        st.markdown("You finished this sheet. Another number gives other images.")
    else:
        st.button("Next image", key="quiz_next", type="primary", shortcut=NEXT, on_click=sheet.go_on)
    models = elements.document(ExportSummary).models
    hidden = elements.or_stop(
        "models",
        lambda run: explain.occlusion(inference.network(run, inference.final_model(models)), image_SS, answer.model),
    )
    with st.container(width=predict.HEAT_EDGE + 10):
        see = explain.occlusion_sentence(hidden, classes[answer.model])
        elements.chart(predict.occlusion_chart(hidden, image_SS), see=see)


def _score(answers: list[Answer], mode: str) -> None:
    people = mode == quiz.RANDOM and is_deck_data(elements.current_run().manifest)
    chart = quiz_charts.score_chart(answers, with_people=people)
    elements.chart(chart, see=quiz.score(answers, mode, of_people=people))
    elements.small_table(quiz.calibration(answers), name="Sure and right", hide_index=True)
    st.caption(quiz.knows_itself(answers))
