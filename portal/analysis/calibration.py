"""Calibration of a network's probabilities: reliability, calibration error, temperature, and abstaining.

Probabilities are float (N, C), labels (N,) class numbers; an answer's confidence is its highest probability.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portal.core.intervals import wilson
from portal.core.text import count, percent, within

SMALLEST = 1e-7  # a stored probability may be rounded to 0, which has no logarithm
COOLEST, HOTTEST = 0.25, 4.0
STEPS = 24  # of the golden-section search: the temperature is then known to a thousandth
CURVE_POINTS = 100


@dataclass(frozen=True)
class Judged:
    """The answers of one model on one split: confidence (N,), whether each is right (N,), true class (N,)."""

    split: str
    confidence: np.ndarray
    right: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


def judged(split: str, probabilities_NC: np.ndarray, labels_N: np.ndarray, temperature: float = 1.0) -> Judged:
    heated = tempered(probabilities_NC, temperature)
    return Judged(split, heated.max(axis=1), heated.argmax(axis=1) == labels_N, labels_N)


# ------------------------------------------------------------------------------------------------------- calibration


def tempered(probabilities_NC: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(logits / temperature), float64 (N, C): above 1 less sure, below 1 surer, the answers the same.

    Guo et al. 2017, arXiv:1706.04599. The logarithm of a probability is the logit up to a constant, which cancels.
    """
    if temperature == 1.0:
        return probabilities_NC.astype(np.float64)
    logits = _logits(probabilities_NC) / temperature
    exponent = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = exponent / exponent.sum(axis=1, keepdims=True)
    return shares


def _logits(probabilities_NC: np.ndarray) -> np.ndarray:
    logits: np.ndarray = np.log(np.maximum(probabilities_NC.astype(np.float64), SMALLEST))
    return logits


def negative_log_likelihood(probabilities_NC: np.ndarray, labels_N: np.ndarray) -> float:
    """Mean cross-entropy in nats."""
    of_label = probabilities_NC[np.arange(len(labels_N)), labels_N].astype(np.float64)
    return float(-np.log(np.maximum(of_label, SMALLEST)).mean())


def best_temperature(probabilities_NC: np.ndarray, labels_N: np.ndarray) -> float:
    """The temperature of least cross-entropy on these images, by golden-section search between 0.25 and 4."""
    logits = _logits(probabilities_NC)
    logits -= logits.max(axis=1, keepdims=True)
    of_label = logits[np.arange(len(labels_N)), labels_N]

    def loss(log_temperature: float) -> float:
        scale = math.exp(-log_temperature)
        return float((np.log(np.exp(scale * logits).sum(axis=1)) - scale * of_label).mean())

    golden = (math.sqrt(5) - 1) / 2
    low, high = math.log(COOLEST), math.log(HOTTEST)
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(STEPS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = loss(right)
    return math.exp((low + high) / 2)


def reliability(answers: Judged, bins: int) -> pd.DataFrame:
    """One row a bin of equal width that is not empty: its edges, n, mean confidence and accuracy (0 to 1)."""
    edges = np.linspace(0, 1, bins + 1)
    place = np.minimum((answers.confidence * bins).astype(int), bins - 1)
    n = np.bincount(place, minlength=bins)
    confidence = np.bincount(place, answers.confidence, bins)
    right = np.bincount(place, answers.right, bins)
    there = n > 0
    return pd.DataFrame(
        {
            "low": edges[:-1][there],
            "high": edges[1:][there],
            "n": n[there],
            "confidence": confidence[there] / n[there],
            "accuracy": right[there] / n[there],
        }
    )


def calibration_error(frame: pd.DataFrame) -> float:
    """Expected calibration error of `reliability`: the mean gap of confidence and accuracy, weighted by n."""
    gaps = (frame["confidence"] - frame["accuracy"]).abs()
    return float((gaps * frame["n"]).sum() / max(frame["n"].sum(), 1))


def temperature_sentence(fitted: float) -> str:
    """What temperature scaling is, and which temperature the validation images ask for."""
    return (
        "**Temperature scaling** divides the logits by one number before the softmax turns them into "
        f"probabilities: above 1 lowers confidence and keeps the predictions. {fitted:.2f} fits the validation images "
        "best; the test images, which were not used to fit it, give the unbiased measure."
    )


def temperature_table(
    splits: Mapping[str, tuple[np.ndarray, np.ndarray]], temperatures: Mapping[str, float], bins: int
) -> pd.DataFrame:
    """Calibration error and cross-entropy of each split (probabilities, labels) at each named temperature."""
    rows = []
    for split, (probabilities, labels) in splits.items():
        for name, temperature in temperatures.items():
            heated = tempered(probabilities, temperature)
            frame = reliability(judged(split, heated, labels), bins)
            loss = negative_log_likelihood(heated, labels)
            rows.append(
                {
                    "Images": f"{split}, n = {len(labels):,}",
                    "Temperature": f"{temperature:.2f}, {name}",
                    f"Calibration error ({bins} bins)": percent(calibration_error(frame)),
                    "Cross-entropy (nats)": f"{loss:.4f}",
                }
            )
    return pd.DataFrame(rows)


def calibration_sentence(frame: pd.DataFrame, bins: int) -> str:
    """The calibration error in words, and whether the model is too sure or not sure enough."""
    error = calibration_error(frame)
    gap = float(((frame["confidence"] - frame["accuracy"]) * frame["n"]).sum() / max(frame["n"].sum(), 1))
    manner = "overconfident" if gap > 0 else "underconfident"
    return (
        f"Expected calibration error {percent(error)} ({bins} bins): the mean distance between confidence and "
        f"accuracy. Overall, the model is {manner} by {percent(abs(gap))}."
    )


# -------------------------------------------------------------------------------------------------------- abstaining


def coverage_curve(answers: Judged) -> pd.DataFrame:
    """Coverage (share answered) and accuracy of what is answered (0 to 1), for thresholds from none to high.

    At most CURVE_POINTS rows, from all images answered down to one in CURVE_POINTS.
    """
    order = np.argsort(-answers.confidence, kind="stable")
    right = np.cumsum(answers.right[order])
    sizes = np.unique(np.linspace(max(len(order) / CURVE_POINTS, 1), len(order), CURVE_POINTS).astype(int))
    return pd.DataFrame(
        {
            "split": answers.split,
            "threshold": answers.confidence[order][sizes - 1],
            "coverage": sizes / len(order),
            "accuracy": right[sizes - 1] / sizes,
        }
    )


@dataclass(frozen=True)
class Abstaining:
    """Coverage and accuracy when predictions below a threshold are withheld; `accuracy` is None if all are withheld."""

    split: str
    threshold: float
    n: int
    answered: int
    accuracy: float | None

    @property
    def coverage(self) -> float:
        return self.answered / max(self.n, 1)


def abstaining(answers: Judged, threshold: float) -> Abstaining:
    given = answers.confidence >= threshold
    accuracy = float(answers.right[given].mean()) if given.any() else None
    return Abstaining(answers.split, threshold, len(answers), int(given.sum()), accuracy)


def abstaining_sentence(result: Abstaining) -> str:
    """Describe how many images are predicted, how many correctly, and how many are left to a person."""
    images = f"{result.n:,} {result.split} images"
    if result.accuracy is None:
        return f"With this threshold the model answers none of the {images}; a person has to answer all."
    left = result.n - result.answered
    interval = within(*wilson(result.accuracy, result.answered), digits=1)
    return (
        f"It answers **{percent(result.coverage, 1)}** of the {images} and is right on "
        f"**{percent(result.accuracy, 1)}** of them {interval}; {count(left, 'image')} would go to a person."
    )


def by_class(answers: Judged, threshold: float, classes: Sequence[str]) -> pd.DataFrame:
    """Return one row per class: images, coverage, and accuracy of the covered images (%; None without any)."""
    given = answers.confidence >= threshold
    size = len(classes)
    n = np.bincount(answers.labels, minlength=size)
    answered = np.bincount(answers.labels[given], minlength=size)
    right = np.bincount(answers.labels[given], answers.right[given], size)
    accuracy = np.where(answered > 0, 100 * right / np.maximum(answered, 1), np.nan)
    return pd.DataFrame(
        {
            "class": list(classes),
            "n": n,
            "answered": 100 * answered / np.maximum(n, 1),
            "accuracy": accuracy,
        }
    )


def by_class_sentence(frame: pd.DataFrame) -> str:
    """The class on which the model abstains most often."""
    row = frame.loc[frame["answered"].idxmin()]
    return (
        f"The model abstains most often on {row['class']}: {100 - row['answered']:.1f} % of its images. Abstaining "
        "concentrates on the hard classes."
    )
