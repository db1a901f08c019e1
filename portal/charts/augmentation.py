"""Charts of the six trainsets (deck section 4): accuracy over seeds, and significance of the differences."""

from __future__ import annotations

import altair as alt
import pandas as pd

from artifacts import deck
from artifacts.contract import AugmentationsSummary, SetResult, Spread
from portal.charts import titled
from portal.charts.seeds import SeedGroup, seed_chart
from portal.core.memo import kept
from portal.core.text import percent, spread

# Orange that reads on the light and on the dark background (contrast at least 3:1 on both).
DECK_COLOUR = "#d9720f"

# What each operation is, for someone who has not met it; others are shown by their name alone.
OPS = {
    "HorizontalFlip": ("Horizontal flip", "mirrored left to right"),
    "Rotation": ("Slight rotation", "turned by at most 5 degrees"),
    "Perspective": ("Slight distortion", "as if seen from another side"),
    "Erasing": ("Erasing", "a random box blanked out"),
}


def short_title(trainset: SetResult) -> str:
    """`4: flip, erasing, rotation` fits beside an axis on a phone."""
    names = {"Flip": "flip", "Erasing": "erasing", "Rotation": "rotation", "Perspective": "perspective"}
    places = {trainset.title.find(key): word for key, word in names.items() if key in trainset.title}
    words = [places[place] for place in sorted(places)]
    return f"{trainset.id}: {', '.join(words) or trainset.title}"


@kept
def trainsets(summary: AugmentationsSummary, *, with_deck: bool) -> alt.LayerChart:
    """Highest validation accuracy of each trainset: a circle a seed, mean and interval, and the deck's as a cross."""
    groups = {
        short_title(each): SeedGroup([fit.highest_val_accuracy for fit in each.fits], each.val_accuracy)
        for each in summary.sets
    }
    chart = seed_chart(groups, title="Highest validation accuracy (%)")
    subtitle = f"n = {_seeds(summary)} seeds a set; circles: seeds; diamond and line: mean and its 95 % interval"
    theirs = deck_frame(summary)
    if with_deck and len(theirs):
        x = alt.X("accuracy:Q", scale=alt.Scale(zero=False))
        marks = alt.Chart(theirs).mark_point(shape="cross", filled=True, size=110, angle=45, opacity=1)
        tooltip = ["group", alt.Tooltip("accuracy", format=".2f", title="deck (%)")]
        chart += marks.encode(x=x, y=alt.Y("group:N", sort=None), color=alt.value(DECK_COLOUR), tooltip=tooltip)
        subtitle += "; cross: the deck's"
    description = "Rows of points: validation accuracy of every seed of each trainset, with mean and interval."
    return titled(chart, "Six trainsets compared", subtitle, description)


def deck_frame(summary: AugmentationsSummary) -> pd.DataFrame:
    """One row a trainset for which the deck gives a figure: its row in the chart and the accuracy (%)."""
    rows = []
    for each in summary.sets:
        row = deck.trainset(each.id)
        if row is not None and row.val_accuracy is not None:
            rows.append({"group": short_title(each), "accuracy": 100 * row.val_accuracy})
    return pd.DataFrame(rows, columns=["group", "accuracy"])


def _seeds(summary: AugmentationsSummary) -> str:
    return " or ".join(str(n) for n in sorted({each.val_accuracy.n for each in summary.sets}))


def table(summary: AugmentationsSummary, *, with_deck: bool) -> pd.DataFrame:
    """One row a trainset: operations, size, mean and spread over seeds, and the deck's average."""
    rows = []
    for each in summary.sets:
        row = {
            "Set": str(each.id),
            "Augmentation": each.title,
            "Training images": f"{each.size:,}",
            "Validation accuracy [95 % interval]": spread(each.val_accuracy),
        }
        if with_deck:
            row["Deck"] = _deck_text(each.id)
        rows.append(row)
    return pd.DataFrame(rows)


def _deck_text(number: int) -> str:
    theirs = deck.trainset(number)
    if theirs is None or theirs.val_accuracy is None:
        return "not given"
    return f"{100 * theirs.val_accuracy:g} %"


def overlap(first: Spread, second: Spread) -> bool | None:
    """Whether the 95 % intervals of two means share a value; None where one of them has no interval."""
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return None
    return first.low <= second.high and second.low <= first.high


def verdict(summary: AugmentationsSummary) -> str:
    """Which trainset is ahead, and which others its interval overlaps, so that chance cannot be ruled out."""
    best = next(each for each in summary.sets if each.id == summary.best)
    others = [each for each in summary.sets if each.id != best.id]
    ahead = f"Trainset {best.id} has the highest mean, {percent(best.val_accuracy.mean)}"
    tied = [each.id for each in others if overlap(best.val_accuracy, each.val_accuracy) is not False]
    if not tied:
        return f"{ahead}; its interval overlaps no other, so its lead is more than chance at n = {best.val_accuracy.n}."
    if best.val_accuracy.low is None:
        return f"{ahead}, but one seed each cannot show whether that is more than chance."
    which = "all others" if len(tied) == len(others) else f"{'set' if len(tied) == 1 else 'sets'} {_listed(tied)}"
    return (
        f"{ahead}, but its 95 % interval overlaps that of {which}: {best.val_accuracy.n} seeds do not "
        "decide the ranking."
    )


def _listed(numbers: list[int]) -> str:
    words = [str(number) for number in numbers]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
