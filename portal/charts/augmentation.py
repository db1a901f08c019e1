"""Charts of the six trainsets (deck section 4): accuracy over seeds, and significance of the differences."""

import altair as alt
import pandas as pd

from artifacts import deck
from artifacts.contract import AugmentationsSummary, SetResult, Spread
from portal.charts import titled, tooltips
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
    groups = {short_title(each): SeedGroup.validated(each.fits, each.val_accuracy) for each in summary.sets}
    chart = seed_chart(groups, title="Highest validation accuracy (%)")
    subtitle = f"n = {_seeds(summary)} seeds a set; circles: seeds; diamond and line: mean and its 95 % interval"
    theirs = deck_frame(summary)
    if with_deck and len(theirs):
        x = alt.X("accuracy:Q", scale=alt.Scale(zero=False))
        marks = alt.Chart(theirs).mark_point(shape="cross", filled=True, size=110, angle=45, opacity=1)
        tooltip = tooltips("group", accuracy=("deck (%)", ".2f"))
        chart += marks.encode(x=x, y=alt.Y("group:N", sort=None), color=alt.value(DECK_COLOUR), tooltip=tooltip)
        subtitle += "; cross: the deck's"
    description = "Rows of points: validation accuracy of every seed of each trainset, with mean and interval."
    return titled(chart, "Six trainsets compared", subtitle, description)


def deck_frame(summary: AugmentationsSummary) -> pd.DataFrame:
    """One row a trainset for which the deck gives a figure: its row in the chart and the accuracy (%)."""
    rows = [(short_title(each), _deck_accuracy(each.id)) for each in summary.sets]
    frame = pd.DataFrame(rows, columns=["group", "accuracy"]).dropna(ignore_index=True)
    return frame.assign(accuracy=100 * frame["accuracy"].astype(float))


def _deck_accuracy(number: int) -> float | None:
    theirs = deck.trainset(number)
    return theirs.val_accuracy if theirs else None


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
            theirs = _deck_accuracy(each.id)
            row["Deck"] = "not given" if theirs is None else f"{100 * theirs:g} %"
        rows.append(row)
    return pd.DataFrame(rows)


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
