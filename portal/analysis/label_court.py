"""Label court: suspected labels and outliers as cases, votes on them, and accuracy without the suspects.

A suspect is an image whose label cleanlab takes for wrong; an outlier one with a high autoencoder reconstruction error.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import pandas as pd

from artifacts.contract import LabelsSummary
from portal.core.text import count, in_words, percent

RIGHT, WRONG, UNSURE = "Label right", "Label wrong", "Cannot tell"
VERDICTS = (RIGHT, WRONG, UNSURE)
SUSPECT, OUTLIER = "suspected label", "badly redrawn"
CASES_A_SIDE = 12


@dataclass(frozen=True)
class Case:
    """One image on trial: `index` in the training file, its label, and why it is here.

    `suggested` and `probabilities` (C,) are those of a network that was not trained on it; None where the image was not
    suspected, since only suspects' answers are kept. `error_rank` is the share of all images that the autoencoder
    redraws better; None if that is not known.
    """

    source: str
    index: int
    image: np.ndarray
    given: int
    suggested: int | None
    probabilities: np.ndarray | None
    error_rank: float | None


def suspects(arrays: Mapping[str, np.ndarray], errors: np.ndarray | None) -> list[Case]:
    """The images of labels/suspects.npz, the most suspicious first; `errors` are the autoencoder's of every image."""
    ranks = error_ranks(errors, arrays["index"])
    return [
        Case(
            SUSPECT,
            int(arrays["index"][row]),
            arrays["images"][row],
            int(arrays["given"][row]),
            int(arrays["suggested"][row]),
            arrays["probabilities"][row].astype(float),
            ranks[row],
        )
        for row in range(len(arrays["index"]))
    ]


def outliers(worst: Mapping[str, np.ndarray], errors: np.ndarray | None, suspected: Sequence[Case]) -> list[Case]:
    """The images of outliers/worst.npz, the worst of each class first; those suspected too keep their answer."""
    known = {case.index: case for case in suspected}
    index_K = worst["index"].T.ravel()  # all classes' worst, then all classes' second worst
    images = worst["images"].swapaxes(0, 1).reshape(len(index_K), *worst["images"].shape[2:])
    given = np.tile(np.arange(len(worst["index"])), worst["index"].shape[1])
    ranks = error_ranks(errors, index_K)
    cases = []
    for index, image, label, rank in zip(index_K.tolist(), images, given.tolist(), ranks, strict=True):
        known_case = known.get(index)
        suggested = known_case.suggested if known_case else None
        probabilities = known_case.probabilities if known_case else None
        cases.append(Case(OUTLIER, index, image, label, suggested, probabilities, rank))
    return cases


def error_ranks(errors: np.ndarray | None, index: np.ndarray) -> list[float | None]:
    """For each image the share of all images with a smaller autoencoder error; None where there is none."""
    if errors is None:
        return [None] * len(index)
    ordered = np.sort(errors)
    return [
        float(np.searchsorted(ordered, errors[number]) / len(ordered)) if number < len(errors) else None
        for number in index.tolist()
    ]


def docket(suspected: Sequence[Case], odd: Sequence[Case]) -> list[Case]:
    """The cases in order: each image once, both kinds mixed, so that the position reveals nothing."""
    heard: dict[int, Case] = {}
    for pair in zip_longest(suspected[:CASES_A_SIDE], odd[:CASES_A_SIDE]):
        for case in pair:
            if case is not None:
                heard.setdefault(case.index, case)
    # The order of the images in the training file mixes both kinds and is the same for everyone.
    return sorted(heard.values(), key=lambda case: case.index)


# ------------------------------------------------------------------------------------------------------------ in words


def estimate_sentence(summary: LabelsSummary) -> str:
    share = percent(summary.issues / max(summary.images, 1), 1)
    right = in_words(summary.accuracy, summary.images)
    return (
        f"{count(summary.folds, 'network')} of one recipe each predicted the training images held out from it: "
        f"right on {right} of {summary.images:,}. From these predictions cleanlab estimates that "
        f"**{summary.issues:,}** labels (**{share}**) are wrong. This is an estimate: the less the networks know, "
        "the more correct labels they doubt."
    )


def ceiling_sentence(summary: LabelsSummary) -> str:
    """Describe how many out-of-fold mistakes are suspects, how many remain, and why the gain proves nothing."""
    return (
        f"Of {summary.mistakes:,} out-of-fold mistakes {summary.issues:,} are suspected labels and "
        f"**{summary.mistakes_left:,} stay**. Without the suspects the accuracy goes from {percent(summary.accuracy)} "
        f"to {percent(summary.accuracy_without)}. The rise is no evidence: a suspect is a mistake by definition, "
        "and only a person can judge whether the label is wrong."
    )


def opinion(case: Case, classes: Sequence[str], images: int) -> list[str]:
    """Return one sentence on a case from each of network, cleanlab, and autoencoder; `images` were predicted."""
    given = classes[case.given]
    said = []
    if case.probabilities is not None and case.suggested is not None:
        said.append(
            f"A network that never saw this image predicts **{classes[case.suggested]}** "
            f"({percent(case.probabilities[case.suggested], 0)}) and gives **{given}**, its label, "
            f"{percent(case.probabilities[case.given], 1)}."
        )
        said.append("cleanlab **suspects the label**.")
    else:
        said.append(f"It is not among cleanlab's most suspicious of {images:,} images.")
    if case.error_rank is not None:
        said.append(f"The autoencoder reconstructs {percent(case.error_rank, 1)} of all training images better.")
    return said


# ---------------------------------------------------------------------------------------------------------- the votes


def tally(cases: Iterable[Case], votes: Mapping[int, str]) -> pd.DataFrame:
    """One row for each kind of case that was voted on: how often each verdict was given; `votes` by image."""
    rows = {source: dict.fromkeys(VERDICTS, 0) for source in (SUSPECT, OUTLIER)}
    for case in cases:
        if votes.get(case.index) in VERDICTS:
            rows[case.source][votes[case.index]] += 1
    return pd.DataFrame([{"Cases": source.capitalize(), **verdicts} for source, verdicts in rows.items()])


def tally_sentence(cases: Sequence[Case], votes: Mapping[int, str]) -> str:
    """How many cases were heard, and what share of the suspects the jury finds wrong too."""
    heard = [votes[case.index] for case in cases if case.index in votes]
    of_suspects = [votes[case.index] for case in cases if case.index in votes and case.source == SUSPECT]
    if not of_suspects:
        return f"{count(len(heard), 'case')} of {len(cases)} judged in this session."
    wrong = of_suspects.count(WRONG)
    return (
        f"{count(len(heard), 'case')} of {len(cases)} judged in this session. Of {count(len(of_suspects), 'suspect')} "
        f"you found {wrong} mislabeled. These are the most suspicious ones; among all suspects, the share is lower."
    )


# ------------------------------------------------------------------------------------------- with and without suspects


def score_table(networks: Mapping[str, np.ndarray], labels_N: np.ndarray, suspected: np.ndarray) -> pd.DataFrame:
    """Accuracy (%) of each network (probabilities (N, C)) on validation images, and without the rows `suspected`."""
    kept = np.ones(len(labels_N), dtype=bool)
    kept[suspected] = False
    if not kept.any():
        kept[:] = True  # a run of a few images may suspect them all: then nothing can be left out
    rows = []
    for name, probabilities in networks.items():
        right = probabilities.argmax(axis=1) == labels_N
        with_all, without = 100 * right.mean(), 100 * right[kept].mean()
        rows.append({"Network": name, "All images": with_all, "Without suspects": without, "Gain": without - with_all})
    return pd.DataFrame(rows).sort_values("All images", ascending=False, kind="stable", ignore_index=True)


def rank_sentence(cases: Sequence[Case]) -> str:
    """Whether suspected labels are outliers too: half of them would lie above the middle by chance."""
    ranks = [case.error_rank for case in cases if case.error_rank is not None]
    if not ranks:
        return "There are no reconstruction errors to compare with."
    worst = sum(rank >= 0.9 for rank in ranks)
    return (
        f"{worst} of {count(len(ranks), 'suspect')} are in the worst-reconstructed tenth, where chance would put "
        f"{len(ranks) / 10:.0f}. A rare image and a wrong label are different: a perfect picture of a shirt can be "
        "labeled as a coat."
    )
