"""The quiz: which images a sheet holds, and how a visitor and the final model score on the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portal.core.text import accuracy, percent

RANDOM, HARD = "random", "hard"
IMAGES = 20  # a sheet
UNSURE_BELOW = 0.6  # the model's probability of its own answer, for the hard mode
CONFIDENT_FROM = 0.9
# Fashion-MNIST's README: 1,000 random test images, three people without expertise each, their majority.
PEOPLE = 0.835


@dataclass(frozen=True)
class Answer:
    """One image of the test set answered: the classes' numbers, and whether the visitor was sure."""

    image: int
    label: int
    said: int
    sure: bool
    model: int
    probability: float

    @property
    def right(self) -> bool:
        return self.said == self.label

    @property
    def model_right(self) -> bool:
        return self.model == self.label


def sheet(mode: str, number: int, probabilities_NC: np.ndarray, labels_N: np.ndarray) -> np.ndarray:
    """The images of a sheet, int (at most IMAGES,): the same number gives everyone the same ones in the same order.

    Random mode draws from all test images, hard mode from those that the model got wrong or was unsure of.
    """
    pool = np.arange(len(labels_N))
    if mode == HARD:
        wrong = probabilities_NC.argmax(axis=1) != labels_N
        pool = pool[wrong | (probabilities_NC.max(axis=1) < UNSURE_BELOW)]
    return np.random.default_rng(number).permutation(pool)[:IMAGES]


def answered(
    images: np.ndarray, given: Sequence[tuple[int, bool]], probabilities_NC: np.ndarray, labels_N: np.ndarray
) -> list[Answer]:
    """Return the answers so far; `given` holds class and confidence for the first images of the sheet."""
    found = []
    for image, (said, sure) in zip(images.tolist(), given, strict=False):
        row = probabilities_NC[image]
        found.append(Answer(image, int(labels_N[image]), said, sure, int(row.argmax()), float(row.max())))
    return found


def verdict(answer: Answer, classes: Sequence[str]) -> str:
    """What the image is, and how both answered, in two sentences."""
    you = "You are right" if answer.right else f"You said {classes[answer.said]}"
    rightly = "rightly" if answer.model_right else "wrongly"
    return (
        f"The label is **{classes[answer.label]}**. {you}; the final model predicts, {rightly}, "
        f"{classes[answer.model]} with a probability of {percent(answer.probability, 0)}."
    )


def score(answers: Sequence[Answer], mode: str, *, of_people: bool) -> str:
    """How many are right so far, and whether that may be compared with other people."""
    n, you, model = len(answers), sum(a.right for a in answers), sum(a.model_right for a in answers)
    sentence = f"You have {you} of {n} right; the final model has {model} of the same {n}."
    if mode == HARD:
        return (
            f"{sentence} These images were selected because the model fails on them, so neither score measures its "
            "accuracy."
        )
    if not of_people:
        return sentence
    return (
        f"{sentence} People reached {percent(PEOPLE, 1)} on 1,000 random test images: the majority of three who knew "
        "nothing special about clothes (Fashion-MNIST's README)."
    )


def calibration(answers: Sequence[Answer]) -> pd.DataFrame:
    """Return the accuracy of visitor and model by stated confidence; rows only where there are answers."""
    groups = {
        "You, sure": [a.right for a in answers if a.sure],
        "You, not sure": [a.right for a in answers if not a.sure],
        f"Model, {percent(CONFIDENT_FROM, 0)} or more": [
            a.model_right for a in answers if a.probability >= CONFIDENT_FROM
        ],
        f"Model, below {percent(CONFIDENT_FROM, 0)}": [
            a.model_right for a in answers if a.probability < CONFIDENT_FROM
        ],
    }
    rows = [
        (who, len(right), f"{sum(right)}, {accuracy(float(np.mean(right)), len(right), 0)}")
        for who, right in groups.items()
        if right
    ]
    return pd.DataFrame(rows, columns=["Who, how sure", "Images", "Right [95 % interval]"])


def knows_itself(answers: Sequence[Answer]) -> str:
    """Describe whether the visitor's confidence separated correct answers from wrong ones."""
    sure, unsure = [a.right for a in answers if a.sure], [a.right for a in answers if not a.sure]
    if not sure or not unsure:
        return "Be sure of some and unsure of others: then the table says what your sureness is worth."
    apart = float(np.mean(sure) - np.mean(unsure))
    if apart > 0:
        return f"When sure, you are right {100 * apart:.0f} points more often: your confidence is informative."
    return "When sure you are right no more often than when unsure: so far your sureness says nothing."
