"""The two searches and the confirmation of their best trials."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from artifacts.contract.base import Accuracy, Counts, Document
from artifacts.contract.training import Fit, Recipe, Spread


@dataclass(frozen=True)
class TrialValues(Document):
    lr: float
    weight_decay: float
    momentum: float
    last_layers: Literal[2, 3]
    optimizer: Literal["SGD", "SAM"]


@dataclass(frozen=True)
class Ranges(Document):
    """The search space: lr and weight decay log-uniform, momentum uniform, the others from their choices."""

    lr: tuple[float, float]
    weight_decay: tuple[float, float]
    momentum: tuple[float, float]
    last_layers: tuple[Literal[2, 3], ...]
    optimizer: tuple[Literal["SGD", "SAM"], ...]


@dataclass(frozen=True)
class TrialResult(Document):
    """`fit` is that of the highest rung reached, None where the trial failed there; `reason` then says why.

    `earlier` are the fits of the rungs below, in order; there are none under policy `deck`.
    """

    number: int
    values: TrialValues
    fit: Fit | None
    reason: str = ""
    earlier: tuple[Fit, ...] = ()

    @property
    def rung(self) -> int:
        """The highest rung that the trial was trained on, counted from 1."""
        return len(self.earlier) + 1

    @property
    def rank(self) -> tuple[int, float]:
        """Sort key of trials: the rung reached, then the accuracy there; a failed trial ranks last."""
        return (self.rung, self.fit.highest_val_accuracy) if self.fit else (0, -1.0)


@dataclass(frozen=True)
class SearchSummary(Document):
    """One of the two random searches (deck section 4); `best` is the number of the trial that ranks first.

    Policy `deck` trains every trial in full, with early stopping. `halving` is successive halving with restarts: all
    trials train for the first of the `rungs` (epochs), the best third of them again, from new weights, for the second,
    and so on; each of these is a complete run with a schedule of its own. `recipe` has the epochs of the last rung.
    """

    search: Literal["coarse", "fine"]
    policy: Literal["deck", "halving"]
    recipe: Recipe
    train_images: int
    validation_images: int
    ranges: Ranges
    trials: tuple[TrialResult, ...]
    best: int
    rungs: Counts = ()

    @staticmethod
    def path(search: str) -> str:
        return f"tuning/{search}.json"

    @staticmethod
    def clock_name(trial: int, rung: int) -> str:
        """Name of a trial's training on a rung in the stage's clock."""
        return str(trial) if rung == 1 else f"{trial} rung {rung}"


@dataclass(frozen=True)
class RangeCut(Document):
    """The fine ranges: what the top trials of the coarse search span."""

    PATH: ClassVar[str] = "tuning/cut.json"
    top_trials: Counts
    before: Ranges
    after: Ranges


@dataclass(frozen=True)
class ParameterImportance(Document):
    """How much one parameter matters in a search, by fANOVA (Hutter, Hoos and Leyton-Brown 2014), and its slice.

    `importance` is the share of the variance of the accuracy that the parameter explains alone: its spread over seeds
    of the random forest. `chance` is the same with the accuracies shuffled among the trials; None in a search that is
    too small to shuffle. The slice: `values` in the order of the search's `trials`.
    """

    parameter: Literal["lr", "weight_decay", "momentum", "last_layers", "optimizer"]
    importance: Spread
    chance: Spread | None
    values: tuple[int | float | str, ...]


@dataclass(frozen=True)
class SearchImportances(Document):
    """One search on its first rung, where all trials trained for as many `epochs`; the failed ones are left out."""

    search: Literal["coarse", "fine"]
    epochs: int
    trials: Counts
    accuracies: tuple[Accuracy, ...]
    parameters: tuple[ParameterImportance, ...]


@dataclass(frozen=True)
class ImportancesSummary(Document):
    """Which hyper-parameter matters in each search."""

    PATH: ClassVar[str] = "tuning/importances.json"
    searches: tuple[SearchImportances, ...]


@dataclass(frozen=True)
class Confirmed(Document):
    """A trial trained again in full with seeds that had no part in its choice.

    `search_accuracy` is what the search reported, with a seed of its own and `search_epochs` epochs (fewer than here if
    the trial never reached the last rung). `val_accuracy` is the spread over the new seeds' `fits`, None if all failed;
    `reason` says why a seed failed, if one did.
    """

    search: Literal["coarse", "fine"]
    trial: int
    values: TrialValues
    search_accuracy: Accuracy
    search_epochs: int
    fits: tuple[Fit, ...]
    val_accuracy: Spread | None
    reason: str = ""


@dataclass(frozen=True)
class ConfirmSummary(Document):
    """The searches' best trials, best first by the searches' own figures; `best` is the place, from 0, of the one with
    the highest mean, whose values the final model gets. All train by `recipe` with their own values."""

    PATH: ClassVar[str] = "confirm/summary.json"
    recipe: Recipe
    train_images: int
    validation_images: int
    candidates: tuple[Confirmed, ...]
    best: int

    @property
    def winner(self) -> Confirmed:
        return self.candidates[self.best]
