"""The log of a search as the deck prints it, a few lines a trial."""

from collections.abc import Sequence

from rich.console import Console

from artifacts.contract import TrialResult, TrialValues
from pipeline.support.progress import clock
from pipeline.training.trial_folder import TrialRecord


class SearchLog:
    """Prints each finished trial of a rung: its time, total elapsed, its values beside those of the rung's best trial,
    and the next trial's values."""

    def __init__(self, console: Console, entered: Sequence[TrialResult], title: str) -> None:
        self.console = console
        self.entered = entered
        self.title = title
        self.best: tuple[float, int] = (-1.0, 0)  # accuracy, and the position backwards: the earlier of equals leads
        self.done = 0

    def __call__(self, position: int, record: TrialRecord, elapsed: float) -> None:
        self.done += 1
        trial, count = self.entered[position], len(self.entered)
        if record.fit is not None:
            self.best = max(self.best, (record.fit.highest_val_accuracy, -position))
        lines = [
            f"  trial #{trial.number} ({self.done} of {count}{self.title}): {clock(record.seconds)}, "
            f"elapsed {clock(elapsed)}",
            f"    this  {_text(trial.values)}  {_result(record)}",
        ]
        if self.best[0] >= 0:
            best = self.entered[-self.best[1]]
            lines.append(f"    best  {_text(best.values)}  {self.best[0]:.2%} (#{best.number})")
        if position + 1 < count:
            lines.append(f"    next  {_text(self.entered[position + 1].values)}")
        self.console.print("\n".join(lines), highlight=False, markup=False)


def _result(record: TrialRecord) -> str:
    if record.fit is None:
        return record.reason
    return f"{record.fit.highest_val_accuracy:.2%} in epoch {record.fit.best_epoch}"


def _text(v: TrialValues) -> str:
    return f"[{v.lr:.5f}, {v.weight_decay:.6f}, {v.momentum:.3f}, {v.last_layers}, {v.optimizer:>3}]"
