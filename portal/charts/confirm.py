"""Chart of the searches' best trials, trained again with new seeds."""

import altair as alt
import pandas as pd

from artifacts.contract import Confirmed, ConfirmSummary
from portal.charts import titled
from portal.charts.seeds import SeedGroup, seed_chart
from portal.core.memo import kept
from portal.core.text import accuracy, count, percent, spread


def name_of(candidate: Confirmed) -> str:
    return f"{candidate.search} #{candidate.trial}"


@kept
def confirmation(summary: ConfirmSummary) -> alt.LayerChart:
    """A row a candidate: its new seeds, their mean and interval, and the search's own figure as a cross."""
    groups = {
        name_of(each): SeedGroup.validated(each.fits, each.val_accuracy)
        for each in summary.candidates
        if each.val_accuracy is not None
    }
    crosses = {name_of(each): each.search_accuracy for each in summary.candidates if name_of(each) in groups}
    seeds = max((len(each.accuracies) for each in groups.values()), default=0)
    return titled(
        seed_chart(groups, title="Highest validation accuracy (%)", crosses=crosses),
        "The best trials, trained again",
        f"n = {count(seeds, 'new seed')} a trial, {summary.validation_images:,} validation images; circle: a seed; "
        "diamond and line: mean and 95 % interval; cross: what the search gave",
        "Validation accuracy of the searches' best trials with new seeds, beside the figure that the search gave them.",
    )


def confirmation_sentence(summary: ConfirmSummary) -> str:
    """Difference between the searches' figures and those of new seeds, and the trial used for the final model."""
    winner = summary.winner
    favorite = summary.candidates[0]
    second = "" if winner is favorite else f", not the searches' own favorite {name_of(favorite)}"
    chosen = f"The trial with the highest mean is {name_of(winner)}{second}: its values go to the final model."
    alike = [
        (each.search_accuracy, each.val_accuracy.mean)
        for each in summary.candidates
        if each.val_accuracy is not None and each.search_epochs == summary.recipe.epochs
    ]
    if not alike:
        return chosen
    before, after = (sum(column) / len(alike) for column in zip(*alike, strict=True))
    drop = 100 * (before - after)
    compared = (
        f"The searches gave these trials {percent(before)} on average, new seeds give {percent(after)}: "
        f"{abs(drop):.2f} percentage points {'less' if drop > 0 else 'more'}."
    )
    if drop > 0:
        compared += " The top of a search is the best of many draws, so it owes a part of its figure to luck."
    return f"{compared} {chosen}"


def confirmation_table(summary: ConfirmSummary) -> pd.DataFrame:
    """A row a candidate, best first by the searches' own figures."""
    table = pd.DataFrame(
        {
            "Trial": name_of(each) + (", to final" if each is summary.winner else ""),
            "In the search [95 % interval]": f"{accuracy(each.search_accuracy, summary.validation_images)}, "
            f"{count(each.search_epochs, 'epoch')}",
            "With new seeds [95 % interval]": spread(each.val_accuracy) if each.val_accuracy else "none",
            "Failed because": each.reason,
        }
        for each in summary.candidates
    ).set_index("Trial")
    return table if any(table["Failed because"]) else table.drop(columns="Failed because")
