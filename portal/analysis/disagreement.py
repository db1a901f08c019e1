"""Disagreement between networks: accuracy of each, of their vote, and pairwise agreement.

All functions take a mapping from a network's name to its probabilities (N, C) of the same images, so that any network
fits in, and the images' labels (N,).
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portal.core.intervals import with_ends
from portal.core.text import count, in_words, percent

VOTE, MEAN = "Majority vote", "Mean of probabilities"
SURE = 0.05  # a p-value below it is called a difference


@dataclass(frozen=True)
class Votes:
    """`names` of M networks; `answers` int (M, N), `right` bool (M, N), `vote` and `mean` int (N,), labels (N,).

    `vote` is the class that most networks answer; of classes with equally many, the one of higher mean probability.
    """

    names: tuple[str, ...]
    labels: np.ndarray
    answers: np.ndarray
    right: np.ndarray
    vote: np.ndarray
    mean: np.ndarray

    @property
    def networks_right(self) -> np.ndarray:
        """Return the number of networks that classify each image correctly, int (N,)."""
        number: np.ndarray = self.right.sum(axis=0)
        return number


def votes(networks: Mapping[str, np.ndarray], labels_N: np.ndarray) -> Votes:
    stacked = np.stack([each.astype(np.float32) for each in networks.values()])
    answers = stacked.argmax(axis=2)
    mean_NC = stacked.mean(axis=0)
    tally_NC = np.zeros(mean_NC.shape)
    for row in answers:
        tally_NC[np.arange(len(row)), row] += 1
    vote = (tally_NC + mean_NC / 2).argmax(axis=1)  # half a mean probability decides ties and nothing else
    return Votes(tuple(networks), labels_N, answers, answers == labels_N, vote, mean_NC.argmax(axis=1))


def accuracy_frame(found: Votes) -> pd.DataFrame:
    """One row a network, then the vote and the mean: accuracy (%), the ends of its 95 % interval, and how often it
    alone is right."""
    alone = found.right & (found.networks_right == 1)
    rows = [
        {"who": name, "kind": "network", "accuracy": 100 * right.mean(), "alone": int(only.sum())}
        for name, right, only in zip(found.names, found.right, alone, strict=True)
    ]
    rows.sort(key=lambda row: -row["accuracy"])
    together = [
        {"who": name, "kind": "together", "accuracy": 100 * (answers == found.labels).mean(), "alone": 0}
        for name, answers in ((VOTE, found.vote), (MEAN, found.mean))
    ]
    return with_ends(pd.DataFrame(together + rows), "accuracy", len(found.labels))


def vote_sentence(found: Votes) -> str:
    """The vote beside the best single network on the same images, with the sign test of where both differ."""
    best = int(found.right.mean(axis=1).argmax())
    vote_right, best_right = found.vote == found.labels, found.right[best]
    gained, lost = int((vote_right & ~best_right).sum()), int((best_right & ~vote_right).sum())
    p_value = sign_test(gained, lost)
    verdict = "a real difference" if p_value < SURE else "no difference is shown"
    images = len(found.labels)
    vote, single = (in_words(float(right.mean()), images) for right in (vote_right, best_right))
    return (
        f"The vote is right on {vote} of {images:,} images, the best single "
        f"network, {found.names[best]}, on {single}. The vote corrects {gained:,} of its mistakes "
        f"and loses {lost:,} of its correct predictions: {verdict} (sign test, p = {p_value:.2g})."
    )


def takeaway(found: Votes) -> str:
    """The lesson of this run's vote."""
    if (found.vote == found.labels).mean() > found.right.mean(axis=1).max():
        return (
            "Networks that fail on different images are better together than the best alone; those that fail alike "
            "only repeat each other."
        )
    return (
        "Here the weaker networks outvote the best one: a vote helps where its members are about equally good and err "
        "on different images."
    )


def sign_test(gained: int, lost: int) -> float:
    """Two-sided exact p-value that `gained` and `lost` differ by chance alone (McNemar's exact test)."""
    n, fewer = gained + lost, min(gained, lost)
    tail = sum(math.comb(n, k) for k in range(fewer + 1))
    return min(1.0, 2 * tail / 2**n)


def split_frame(found: Votes) -> pd.DataFrame:
    """One row for each number of networks right, from none to all: how many images, and their share."""
    counts = np.bincount(found.networks_right, minlength=len(found.names) + 1)
    return pd.DataFrame({"right": range(len(counts)), "images": counts, "share": counts / len(found.labels)})


def split_sentence(found: Votes) -> str:
    frame = split_frame(found)
    everyone, nobody = frame["share"].iloc[-1], frame["images"].iloc[0]
    return (
        f"All {len(found.names)} networks are right on {percent(everyone, 1)} of the images and none on "
        f"{count(nobody, 'image')}: those are hard or mislabeled. A vote can only help in between."
    )


def agreement_frame(found: Votes) -> pd.DataFrame:
    """One row a pair of networks: share of images with the same answer (%), and with the same mistake (%)."""
    wrong = ~found.right
    return pd.DataFrame(
        {
            "first": first,
            "second": second,
            "same": 100 * (found.answers[i] == found.answers[j]).mean(),
            "same_mistake": 100 * (wrong[i] & (found.answers[i] == found.answers[j])).mean(),
        }
        for i, first in enumerate(found.names)
        for j, second in enumerate(found.names)
    )


def agreement_sentence(frame: pd.DataFrame) -> str:
    """The two networks that answer most alike and the two that differ most."""
    pairs = frame[frame["first"] < frame["second"]]
    if pairs.empty:
        return "One network has nobody to agree with."
    most, least = pairs.loc[pairs["same"].idxmax()], pairs.loc[pairs["same"].idxmin()]
    return (
        f"{most['first']} and {most['second']} agree most ({most['same']:.1f} %), {least['first']} and "
        f"{least['second']} least ({least['same']:.1f} %). A vote gains from networks that fail on different images."
    )


def chosen_images(found: Votes, right: int, alone: str | None = None) -> np.ndarray:
    """Return the numbers of the images that exactly `right` networks classify correctly, the most disputed first.

    With `alone`, only those about which that network alone is right.
    """
    chosen = found.networks_right == right
    if alone in found.names:
        chosen = found.right[found.names.index(alone)] & (found.networks_right == 1)
    numbers = np.flatnonzero(chosen)
    changes = (np.diff(np.sort(found.answers[:, numbers], axis=0), axis=0) != 0).sum(axis=0)
    ordered: np.ndarray = numbers[np.argsort(-changes, kind="stable")]
    return ordered


def tally(found: Votes, number: int, classes: Sequence[str]) -> str:
    """The answers for one image with the number of networks behind each, the most frequent first: `4 Shirt, 3 Coat`."""
    answers = Counter(classes[answer] for answer in found.answers[:, number])
    return ", ".join(f"{n} {name}" for name, n in answers.most_common())


def image_sentence(found: Votes, number: int, classes: Sequence[str]) -> str:
    """Describe one image: its label, the predictions, and the result of the vote."""
    label, vote = classes[found.labels[number]], classes[found.vote[number]]
    right = [name for name, is_right in zip(found.names, found.right[:, number], strict=True) if is_right]
    who = {0: "No network is right", 1: f"{right[0] if right else ''} alone is right"}
    said = who.get(len(right), f"{len(right)} of {len(found.names)} networks are right")
    outcome = "the vote is right too" if vote == label and right else f"the vote says {vote}"
    return f"The label is **{label}**; the predictions: {tally(found, number, classes)}. {said}; {outcome}."
