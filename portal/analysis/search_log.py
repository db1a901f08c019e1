"""Tables of the coarse-to-fine random search (deck section 4): trials, the log, and how the ranges were narrowed."""

from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd

from artifacts import deck
from artifacts.contract import RangeCut, Ranges, SearchSummary, StageClock, TrialClock, TrialResult

VALUES = {
    "lr": "Learning rate",
    "weight_decay": "Weight decay (L2)",
    "momentum": "Momentum",
    "last_layers": "Last layers",
    "optimizer": "Optimizer",
}
NOT_GIVEN = "not given"
FORMATS = {"lr": ".6f", "weight_decay": ".6f", "momentum": ".3f"}
TRIAL_FORMATS = {
    "Learning rate": "%.6f",
    "Weight decay (L2)": "%.6f",
    "Momentum": "%.3f",
    **dict.fromkeys(("Highest val accuracy (%)", "Best so far (%)", "Time (min)", "Elapsed (min)"), "%.2f"),
}


def trial_frame(search: SearchSummary, clock: StageClock | None) -> pd.DataFrame:
    """One row a trial, in the order they were drawn: values, accuracy, times and the best trial so far.

    Accuracies are in percent, on the highest rung that the trial reached, and missing where it failed; the best is the
    most accurate on the highest rung; `of_rungs` is missing where the search has none.
    Times are in minutes, over all rungs, and missing without a clock.
    """
    rows = []
    best: TrialResult | None = None
    for trial in search.trials:
        if trial.fit is not None and (best is None or trial.rank > best.rank):
            best = trial
        times = _times(trial, clock)
        rows.append(
            {
                "search": search.search,
                "trial": trial.number,
                **{name: getattr(trial.values, name) for name in VALUES},
                "accuracy": trial.fit.highest_val_accuracy * 100 if trial.fit else float("nan"),
                "epoch": trial.fit.best_epoch if trial.fit else None,
                "rung": trial.rung,
                "of_rungs": len(search.rungs) or None,
                "epochs": epochs_spent(trial),
                "minutes": sum(each.seconds for each in times) / 60 if times else None,
                "elapsed": times[-1].elapsed / 60 if times else None,
                "reason": trial.reason,
                "best_accuracy": best.fit.highest_val_accuracy * 100 if best and best.fit else float("nan"),
                "best_trial": best.number if best else None,
            }
        )
    types = {"epoch": "Int64", "of_rungs": "Int64", "minutes": float, "elapsed": float, "best_trial": "Int64"}
    return pd.DataFrame(rows).astype(types)


def _times(trial: TrialResult, clock: StageClock | None) -> list[TrialClock]:
    """The clock's entries for the trial's trainings, one a rung."""
    if clock is None:
        return []
    names = [SearchSummary.clock_name(trial.number, rung) for rung in range(1, trial.rung + 1)]
    return [clock.trials[name] for name in names if name in clock.trials]


def epochs_spent(trial: TrialResult) -> int:
    """Epochs that the trial trained for, over all rungs; a rung that failed counts as none."""
    fits = [*trial.earlier, *([trial.fit] if trial.fit else [])]
    return sum(len(fit.curves.train_loss) for fit in fits)


def drawn_until(frames: Mapping[str, pd.DataFrame], search: str, trial: int) -> pd.DataFrame:
    """The trials of both searches that were drawn when `trial` of `search` ended: the fine one follows the coarse."""
    frame = frames[search]
    earlier = [frames["coarse"]] if search == "fine" else []
    return pd.concat([*earlier, frame[frame["trial"] <= trial]], ignore_index=True)


def log_table(frame: pd.DataFrame, trial: int) -> pd.DataFrame:
    """The deck's log after `trial`: its values next to those of the best trial, and the values of the next trial."""
    position = int(frame.index[frame["trial"] == trial][0])
    this = frame.loc[position]
    columns = {f"Trial {trial}": this}
    if not pd.isna(this["best_trial"]):
        columns[f"Best so far: trial {this['best_trial']}"] = frame.loc[frame["trial"] == this["best_trial"]].iloc[0]
    table = pd.DataFrame({title: _log_column(row) for title, row in columns.items()})
    if position + 1 < len(frame):
        following = frame.loc[position + 1]
        table[f"Next: trial {following['trial']}"] = pd.Series(_values_text(following))
    table.index.name = "Value"
    return table.fillna("")


def _log_column(row: pd.Series) -> dict[str, str]:
    failed = pd.isna(row["accuracy"])
    rung = {} if pd.isna(row["of_rungs"]) else {"Rung reached": f"{row['rung']} of {row['of_rungs']}"}
    return {
        **_values_text(row),
        **rung,
        "Highest val accuracy (%)": row["reason"] if failed else f"{row['accuracy']:.2f}",
        "Best epoch": "" if failed else str(row["epoch"]),
        "Time (min)": "" if pd.isna(row["minutes"]) else f"{row['minutes']:.2f}",
        "Total elapsed (min)": "" if pd.isna(row["elapsed"]) else f"{row['elapsed']:.2f}",
    }


def _values_text(row: pd.Series) -> dict[str, str]:
    given = {title: (row[name], FORMATS.get(name, "")) for name, title in VALUES.items()}
    return {title: NOT_GIVEN if value is None else format(value, form) for title, (value, form) in given.items()}


def cut_table(cut: RangeCut) -> pd.DataFrame:
    """Each tuned value's range in the coarse search and in the fine one."""
    rows = {
        title: {"Coarse search": _range_text(cut.before, name), "Fine search": _range_text(cut.after, name)}
        for name, title in VALUES.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("Value")


def _range_text(ranges: Ranges, name: str) -> str:
    values = getattr(ranges, name)
    if name in ("last_layers", "optimizer"):
        return " or ".join(str(value) for value in values)
    return f"{values[0]:.3g} to {values[1]:.3g}"


def cut_sentence(cut: RangeCut) -> str:
    numbers = ", ".join(str(number) for number in cut.top_trials)
    return (
        f"The fine ranges span the best {len(cut.top_trials)} coarse trials ({numbers}); the deck used the best "
        f"{deck.TOP_TRIALS[0]} to {deck.TOP_TRIALS[1]}."
    )


def trials_table(frame: pd.DataFrame) -> pd.DataFrame:
    """All trials of one search with the best trial so far; TRIAL_FORMATS has the number formats."""
    rungs = {} if frame["of_rungs"].isna().all() else {"Rung reached": frame["rung"], "Epochs trained": frame["epochs"]}
    return pd.DataFrame(
        {
            "Trial": frame["trial"],
            "Highest val accuracy (%)": frame["accuracy"],
            "Time (min)": frame["minutes"],
            "Elapsed (min)": frame["elapsed"],
            **{title: frame[name] for name, title in VALUES.items()},
            **rungs,
            "Best epoch": frame["epoch"],
            "Best so far (%)": frame["best_accuracy"],
            "Best trial so far": frame["best_trial"],
            "Failed because": frame["reason"],
        }
    )


def takeaway(frames: Mapping[str, pd.DataFrame]) -> str:
    """The lesson of the two searches, with the difference of their best accuracies."""
    best = {name: frame["best_accuracy"].iloc[-1] for name, frame in frames.items()}
    lesson = "Sample broadly on a log scale, then search again around the best trials."
    if len(best) < 2 or any(pd.isna(value) for value in best.values()):
        return lesson
    gain = best["fine"] - best["coarse"]
    where = "above" if gain >= 0 else "below"
    return (
        f"{lesson} Here the fine search's best trial is {abs(gain):.2f} percentage points {where} the coarse one's; "
        "the best of many single-seed trials is partly luck, so train it again with new seeds before you trust it."
    )


def best_table(
    searches: Mapping[str, SearchSummary], frames: Mapping[str, pd.DataFrame], *, with_deck: bool
) -> pd.DataFrame:
    """The deck's table: the best trial of each search, and when the search ended; its own figures beside ours."""
    columns = {}
    for name, search in searches.items():
        row = frames[name].loc[frames[name]["trial"] == search.best].iloc[0]
        columns[f"{name.capitalize()} search, best"] = _best_column(
            row, len(search.trials), frames[name]["elapsed"].max()
        )
        if with_deck:
            best, last = (_deck_trial(name, role) for role in ("best", "last"))
            values = pd.Series(
                {**asdict(best), "trial": best.number, "accuracy": 100 * best.val_accuracy, "epoch": best.best_epoch}
            )
            columns[f"Deck: {name} search, best"] = _best_column(values, last.number, last.elapsed)
    return pd.DataFrame(columns).rename_axis("Value")


def in_fewer_columns(table: pd.DataFrame) -> pd.DataFrame:
    """`best_table` with the deck's figures below ours in small print: five columns are too wide for a phone."""
    columns = {}
    for name in (each for each in table.columns if not each.startswith("Deck: ")):
        deck_name = f"Deck: {name[0].lower()}{name[1:]}"
        theirs = table.get(deck_name)
        below = "" if theirs is None else "  \n:small[:gray[deck: " + theirs.astype(str) + "]]"
        columns[name] = table[name].astype(str) + below
    return pd.DataFrame(columns, index=table.index)


def _best_column(row: pd.Series, trials: int, elapsed: float | None) -> dict[str, str]:
    return {
        "Highest val accuracy (%)": f"{row['accuracy']:.2f}",
        "Best epoch": str(row["epoch"]),
        **_values_text(row),
        "Trial": f"#{row['trial']} of {trials}",
        "Search time (min)": NOT_GIVEN if elapsed is None or pd.isna(elapsed) else f"{elapsed:.2f}",
    }


def _deck_trial(search: str, role: str) -> deck.TrialPoint:
    return next(point for point in deck.TRIALS if (point.search, point.role) == (search, role))
