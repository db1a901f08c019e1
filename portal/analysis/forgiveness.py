"""Costs of mistakes: effect on accuracies, on the ranking of the networks, and on the list of mistakes.

A preset names groups of classes whose confusion can be forgiven; the dial says what a forgiven mistake still costs,
from 0 (free) to 1 (as much as any other). All functions are pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portal.core.text import chance, count, in_words, percent

STRICT = "Strict"
CONFUSED = "Most confused pairs"
CONFUSED_PAIRS = 3


@dataclass(frozen=True)
class Preset:
    """`groups` of class names: a mistake within one group can be forgiven; `meaning` says it in words."""

    name: str
    meaning: str
    groups: tuple[tuple[str, ...], ...]


# Offered where the run has all the classes that a preset names.
PRESETS = (
    Preset(STRICT, "Every mistake counts in full.", ()),
    Preset(
        "Garment groups",
        "Confusing tops (T-shirt, pullover, coat, shirt) with each other is acceptable, and so is confusing shoes.",
        (("T-shirt/top", "Pullover", "Coat", "Shirt"), ("Sandal", "Sneaker", "Ankle boot")),
    ),
    Preset("Shirt and T-shirt", "Only shirt and T-shirt may be taken for each other.", (("Shirt", "T-shirt/top"),)),
)


def presets(classes: Sequence[str], confused: Sequence[tuple[str, str]]) -> dict[str, Preset]:
    """The presets for a run of these classes, by name; `confused` are its most confused pairs of names."""
    fitting = [preset for preset in PRESETS if {name for group in preset.groups for name in group} <= set(classes)]
    if confused:
        named = ", ".join(f"{first} and {second}" for first, second in confused)
        fitting.append(Preset(CONFUSED, f"These may be taken for each other: {named}.", tuple(confused)))
    return {preset.name: preset for preset in fitting}


def most_confused(
    networks: Mapping[str, np.ndarray], labels_N: np.ndarray, classes: Sequence[str]
) -> list[tuple[str, str]]:
    """The pairs of classes that the networks (probabilities (N, C) each) confuse most, in either direction."""
    size = len(classes)
    both = np.zeros((size, size), dtype=int)
    for probabilities in networks.values():
        predicted = probabilities.argmax(axis=1)
        cell = np.minimum(labels_N, predicted) * size + np.maximum(labels_N, predicted)
        both += np.bincount(cell, minlength=size * size).reshape(size, size)
    np.fill_diagonal(both, 0)
    order = np.argsort(-both, axis=None, kind="stable")[:CONFUSED_PAIRS]
    pairs = [divmod(int(place), size) for place in order]
    return [(classes[first], classes[second]) for first, second in pairs if both[first, second]]


def cost_matrix(preset: Preset, classes: Sequence[str], forgiven_cost: float) -> np.ndarray:
    """Cost of each answer, float (C, C), true class by row: 0 right, 1 a mistake, `forgiven_cost` a forgivable one."""
    costs = 1.0 - np.eye(len(classes))
    number = {name: index for index, name in enumerate(classes)}
    for group in preset.groups:
        members = [number[name] for name in group]
        costs[np.ix_(members, members)] = forgiven_cost
    np.fill_diagonal(costs, 0.0)
    return costs


def weighted_accuracy(costs: np.ndarray, labels_N: np.ndarray, predicted_N: np.ndarray) -> float:
    """1 minus the mean cost: the plain accuracy where every mistake costs 1."""
    return 1.0 - float(costs[labels_N, predicted_N].mean())


def ranking(costs: np.ndarray, networks: Mapping[str, np.ndarray], labels_N: np.ndarray) -> pd.DataFrame:
    """One row a network, the best first: plain and weighted accuracy (%), its place by each, mistakes at full cost."""
    rows = []
    for name, probabilities in networks.items():
        predicted = probabilities.argmax(axis=1)
        rows.append(
            {
                "network": name,
                "plain": 100 * float((predicted == labels_N).mean()),
                "weighted": 100 * weighted_accuracy(costs, labels_N, predicted),
                "unforgiven": int(unforgiven(costs, labels_N, predicted).sum()),
            }
        )
    frame = pd.DataFrame(rows)
    for column in ("plain", "weighted"):
        frame[f"{column}_place"] = frame[column].round(9).rank(ascending=False, method="min").astype(int)
    return frame.sort_values(["weighted", "plain"], ascending=False, kind="stable", ignore_index=True)


def unforgiven(costs: np.ndarray, labels_N: np.ndarray, predicted_N: np.ndarray) -> np.ndarray:
    """Return a mask, bool (N,), of the mistakes at full cost."""
    return costs[labels_N, predicted_N] >= 1.0


def that_stay(mistakes: pd.DataFrame, costs: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """Return the rows of `charts.errors.mistakes_frame` at full cost, in their order."""
    number = {name: index for index, name in enumerate(classes)}
    true, predicted = (mistakes[column].map(number).to_numpy(dtype=int) for column in ("true", "predicted"))
    return mistakes[unforgiven(costs, true, predicted)]


def ranking_sentence(frame: pd.DataFrame, images: int) -> str:
    """Describe whether forgiving changes the ranking, which network gains most, and how far chance reaches."""
    reach = chance(frame["weighted"].iloc[0] / 100, images)
    gained = frame["plain_place"] - frame["weighted_place"]
    if not gained.any():
        return f"The ranking stays the same: the best network does not depend on these costs. {reach}"
    best = frame.loc[gained.idxmax()]
    leaders = " and ".join(frame.loc[frame["weighted_place"] == 1, "network"])
    return (
        f"The ranking changes: {best['network']} moves from place {best['plain_place']} to {best['weighted_place']}. "
        f"First: {leaders}. The best network depends on what a mistake costs. {reach}"
    )


def summary_sentence(costs: np.ndarray, labels_N: np.ndarray, predicted_N: np.ndarray) -> str:
    """The final model under these costs: weighted beside plain accuracy, and how many mistakes stay."""
    wrong = int((labels_N != predicted_N).sum())
    stays = int(unforgiven(costs, labels_N, predicted_N).sum())
    plain = float((labels_N == predicted_N).mean())
    weighted = weighted_accuracy(costs, labels_N, predicted_N)
    right = in_words(plain, len(labels_N))
    return (
        f"The final model is right on {right} of {len(labels_N):,} test images; at these costs its weighted "
        f"accuracy is **{percent(weighted)}**. Of its {count(wrong, 'mistake')}, {wrong - stays:,} can be forgiven and "
        f"**{stays:,} stay**."
    )
