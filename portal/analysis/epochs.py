"""Predictions after each epoch: when an image is first classified correctly, and when that is forgotten.

`predictions` are uint8 (E, N), one row an epoch; labels (N,). The images are validation images, which no epoch trains
on: to learn one means that what was learned carries over to it. Forgetting as in Toneva et al. 2019, arXiv:1812.05159.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portal.analysis.confusion import cells, confusion_frame
from portal.core.text import count

NEVER = 0


@dataclass(frozen=True)
class Learning:
    """`right` bool (E, N); `first` int (N,): the first epoch with the right answer, counted from 1, 0 for never.

    `losses` int (N,): how often a right answer is followed, an epoch later, by a wrong one.
    """

    right: np.ndarray
    first: np.ndarray
    losses: np.ndarray

    @property
    def epochs(self) -> int:
        return len(self.right)

    @property
    def forgotten(self) -> np.ndarray:
        """Return a mask, bool (N,), of the images that were classified correctly once and are wrong at the end."""
        lost: np.ndarray = (self.first != NEVER) & ~self.right[-1]
        return lost


def learning(predictions_EN: np.ndarray, labels_N: np.ndarray) -> Learning:
    right = predictions_EN == labels_N
    first = np.where(right.any(axis=0), right.argmax(axis=0) + 1, NEVER)
    return Learning(right, first, (right[:-1] & ~right[1:]).sum(axis=0))


def confusion(predictions_N: np.ndarray, labels_N: np.ndarray, classes: int) -> np.ndarray:
    """Counts int (C, C), true class by row."""
    cell = labels_N.astype(int) * classes + predictions_N
    counts: np.ndarray = np.bincount(cell, minlength=classes * classes).reshape(classes, classes)
    return counts


def cells_over_epochs(predictions_EN: np.ndarray, labels_N: np.ndarray, classes: Sequence[str]) -> list[str]:
    """The cells of the confusion matrix that hold an image after any epoch, the most frequent mistakes first.

    They are the same for every epoch, so that a chosen cell can be watched while the epoch moves.
    """
    total = confusion(predictions_EN.ravel(), np.tile(labels_N, len(predictions_EN)), len(classes))
    return cells(confusion_frame(total.tolist(), classes))


def change_frame(found: Learning) -> pd.DataFrame:
    """Return one row per epoch: images correct, correct for the first time, correct again, and lost since the last."""
    before = np.vstack([np.zeros(found.right.shape[1], dtype=bool), found.right[:-1]])
    epochs = np.arange(1, found.epochs + 1)
    gained = found.right & ~before
    new = found.first == epochs[:, None]
    return pd.DataFrame(
        {
            "epoch": epochs,
            "right": found.right.sum(axis=1),
            "learnt": new.sum(axis=1),
            "again": (gained & ~new).sum(axis=1),
            "lost": (before & ~found.right).sum(axis=1),
        }
    )


def sentence(found: Learning, name: str) -> str:
    """How many images were learned, lost at least once, are lost at the end, and were never learned."""
    images = found.right.shape[1]
    learnt = int((found.first != NEVER).sum())
    lost, at_the_end = int((found.losses > 0).sum()), int(found.forgotten.sum())
    return (
        f"In {count(found.epochs, 'epoch')} {name} was right on **{learnt:,}** of {images:,} validation images at "
        f"least once. It forgot **{lost:,}** of them in a later epoch, {at_the_end:,} for good, and was never right "
        f"on **{images - learnt:,}**."
    )


def epoch_sentence(frame: pd.DataFrame, epoch: int, images: int) -> str:
    """Describe the changes in one epoch."""
    row = frame[frame["epoch"] == epoch].iloc[0]
    share = f"{100 * row['right'] / images:.1f} %"
    if epoch == 1:
        return f"After epoch 1, {row['right']:,} images ({share}) are classified correctly."
    return (
        f"After epoch {epoch}, {row['right']:,} images ({share}) are classified correctly: {row['learnt']:,} for "
        f"the first time, {row['again']:,} again; {row['lost']:,} were forgotten since epoch {epoch - 1}."
    )


def history(found: Learning, number: int) -> str:
    """The caption of one image: when it was learned, and how often it was lost."""
    first, losses = int(found.first[number]), int(found.losses[number])
    if first == NEVER:
        return f"#{number}, never right"
    return f"#{number}, learned in epoch {first}" + (f", lost {losses}x" if losses else "")


KINDS: dict[str, Callable[[Learning], np.ndarray]] = {
    "never right": lambda found: found.first == NEVER,
    "lost at least once": lambda found: found.losses > 0,
    "lost at the end": lambda found: found.forgotten,
    "learned last": lambda found: (found.first == found.first.max()) & (found.first != NEVER),
}


def hardest(found: Learning, kind: str) -> np.ndarray:
    """Numbers of the images of one of KINDS, the most often lost first."""
    chosen = KINDS[kind](found)
    numbers = np.flatnonzero(chosen)
    ordered: np.ndarray = numbers[np.argsort(-found.losses[numbers], kind="stable")]
    return ordered


def predicted_caption(predictions_E: np.ndarray, classes: Sequence[str]) -> str:
    """The answers for one image over the epochs, runs of equal answers joined: `Shirt 1-3, Coat 4`."""
    runs: list[tuple[int, int, int]] = []
    for epoch, answer in enumerate(predictions_E.tolist(), start=1):
        if runs and runs[-1][0] == answer:
            runs[-1] = (answer, runs[-1][1], epoch)
        else:
            runs.append((answer, epoch, epoch))
    return ", ".join(
        f"{classes[answer]}\N{NO-BREAK SPACE}{start}"
        if start == end
        else f"{classes[answer]}\N{NO-BREAK SPACE}{start}\N{NON-BREAKING HYPHEN}{end}"
        for answer, start, end in runs
    )
