"""Tables and sentences about hyper-parameter importances and slices, and about their limits."""

import pandas as pd

from artifacts.contract import ImportancesSummary, ParameterImportance, SearchImportances
from portal.analysis.search_log import VALUES
from portal.core.text import count, percent

CHOICES = ("last_layers", "optimizer")
BEST = 5  # trials that a slice's sentence looks at


def of_search(summary: ImportancesSummary | None, name: str) -> SearchImportances | None:
    """The importances of one search, where the run has them."""
    return next((each for each in summary.searches if each.search == name), None) if summary else None


def importance_frame(search: SearchImportances) -> pd.DataFrame:
    """One row a parameter, the most important first: shares of the variance in percent, measured and shuffled.

    `low` and `high` are one standard deviation over the forest's seeds below and above the mean, kept above zero.
    """
    rows = []
    for each in search.parameters:
        row: dict[str, object] = {"parameter": VALUES[each.parameter]}
        for prefix, spread in (("", each.importance), ("chance_", each.chance)):
            mean, std = (spread.mean, spread.std or 0.0) if spread else (float("nan"), float("nan"))
            row |= {f"{prefix}mean": 100 * mean, f"{prefix}low": 100 * max(mean - std, 0.0)}
            row |= {f"{prefix}high": 100 * (mean + std)}
        rows.append(row)
    return pd.DataFrame(rows).sort_values("mean", ascending=False, kind="stable", ignore_index=True)


def slice_frame(search: SearchImportances, parameter: ParameterImportance) -> pd.DataFrame:
    """One row a trial: its value of the parameter, and its accuracy on the first rung in percent."""
    values = [str(value) for value in parameter.values] if parameter.parameter in CHOICES else parameter.values
    accuracies = [100 * accuracy for accuracy in search.accuracies]
    return pd.DataFrame({"trial": search.trials, "value": values, "accuracy": accuracies})


def importance_sentence(search: SearchImportances) -> str:
    """Which parameters explain more than shuffled accuracies do."""
    frame = importance_frame(search)
    if frame["chance_mean"].isna().all():
        return f"{count(len(search.trials), 'trial')} are too few to distinguish an importance from chance."
    real = frame[frame["low"] > frame["chance_high"]]
    if real.empty:
        return "No parameter explains more of the variance than it does of shuffled accuracies."
    named = ", ".join(f"{row.parameter.lower()} ({row.mean:.0f} %)" for row in real.itertuples())
    return f"Above what shuffled accuracies give: {named}. The others are indistinguishable from chance."


def limits_sentence(search: SearchImportances) -> str:
    """Describe what a search with this number of trials can and cannot show."""
    trials, left = len(search.trials), max(0.0, 100 - importance_frame(search)["mean"].sum())
    return (
        f"{count(trials, 'trial')} with one seed each can show a parameter that dominates within the ranges of this "
        "search. They cannot rank parameters of similar importance, and they say nothing beyond these ranges or about "
        f"training for more than {count(search.epochs, 'epoch')}. Interactions of parameters are not resolved: "
        f"{left:.0f} % of the variance here."
    )


def slice_sentence(search: SearchImportances, parameter: ParameterImportance) -> str:
    """Where the best trials lie in a range, or the median accuracy with each choice."""
    frame = slice_frame(search, parameter)
    if frame["value"].nunique() < 2:
        return f"All trials have the same value: {frame['value'].iloc[0]}."
    if parameter.parameter in CHOICES:
        medians = frame.groupby("value")["accuracy"].median() / 100
        return "Median: " + ", ".join(f"{percent(median)} with {value}" for value, median in medians.items()) + "."
    best = frame.nlargest(min(BEST, max(1, len(frame) // 2)), "accuracy")["value"]
    return f"The best {len(best)} trials lie from {best.min():.3g} to {best.max():.3g}."
