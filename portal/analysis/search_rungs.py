"""How a search distributes its epochs: every trial in full, or successive halving."""

from collections.abc import Mapping

import pandas as pd

from artifacts.contract import SearchSummary
from portal.analysis.search_log import epochs_spent
from portal.core.text import count


def policy_sentence(searches: Mapping[str, SearchSummary]) -> str:
    """How many epochs the trials get, and how many epochs the searches trained for in total."""
    search = next(iter(searches.values()))
    spent = sum(epochs_spent(trial) for each in searches.values() for trial in each.trials)
    names = "The two searches" if len(searches) > 1 else f"The {search.search} search"
    if not search.rungs:
        return (
            f"Every trial trains in full, for at most {count(search.recipe.epochs, 'epoch')}, and is stopped when "
            f"{search.recipe.patience} epochs in a row bring no higher validation accuracy (the deck's policy). "
            f"{names} trained for {count(spent, 'epoch')}."
        )
    first, *later = search.rungs
    steps = " and ".join(f"the best third of those again, from new weights, for {epochs:,}" for epochs in later)
    in_full = sum(len(each.trials) for each in searches.values()) * search.rungs[-1]
    return (
        f"Successive halving with restarts: all trials train for {count(first, 'epoch')}"
        f"{', ' if later else ''}{steps}. {names} trained for {count(spent, 'epoch')}; training every "
        f"trial for {search.rungs[-1]:,} would take {in_full:,}."
    )


def rung_frame(search: SearchSummary) -> pd.DataFrame:
    """One row for each training of a search with rungs: trial, rung, epochs, optimizer, validation accuracy (%).

    Trainings that failed are left out.
    """
    rows = [
        {
            "trial": trial.number,
            "rung": rung,
            "epochs": search.rungs[rung - 1],
            "optimizer": trial.values.optimizer,
            "accuracy": 100 * fit.highest_val_accuracy,
        }
        for trial in search.trials
        for rung, fit in enumerate([*trial.earlier, *([trial.fit] if trial.fit else [])], start=1)
    ]
    return pd.DataFrame(rows, columns=["trial", "rung", "epochs", "optimizer", "accuracy"])
