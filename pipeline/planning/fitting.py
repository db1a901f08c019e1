"""What `--fit` cuts, in which order, until the planner's estimate fits the time given.

In turns, each value in `CUTS` loses about a quarter, from the top: seeds first (down to two), then how long the
searches train (the rungs), how many trials they draw, how many of them are confirmed, and last the epochs of everything
else. The turns go on until the estimate fits or all values are at their gentle limit; then down to the hard limit.
A value whose stage is finished is left alone, and so is one that would save next to nothing. Every cut is a setting,
as `--set` would make it, so it stands in the manifest; the run folder keeps the cuts, so a resumed run has them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from artifacts import store
from pipeline.config import Config, changed
from pipeline.stages import Stage
from pipeline.support import checksummed

FILE = "fit.json"
STEP = 0.75
WORTH = 0.002  # of the estimate: a cut that saves less is not made


@dataclass(frozen=True)
class Cut:
    """A value of the configuration and its limits: where comparisons still mean something, and where they just run.

    For `tuning.rungs` the limits are those of the last rung.
    """

    setting: str
    gentle: int
    hard: int


CUTS = (
    Cut("improvements.seeds", 2, 1),
    Cut("augmentations.seeds", 2, 1),
    Cut("confirm.seeds", 2, 1),
    Cut("final.seeds", 2, 1),
    Cut("ablation.seeds", 2, 1),
    Cut("champion.seeds", 2, 1),
    Cut("tuning.rungs", 9, 2),
    Cut("tuning.coarse_trials", 12, 5),
    Cut("tuning.fine_trials", 10, 3),
    Cut("confirm.candidates", 3, 2),
    Cut("labels.folds", 3, 2),
    Cut("improvements.batch_recipe.epochs", 4, 1),
    Cut("improvements.draws_recipe.epochs", 4, 1),
    Cut("augmentations.recipe.epochs", 4, 1),
    Cut("architectures.recipe.epochs", 4, 1),
    Cut("labels.recipe.epochs", 3, 1),
    Cut("ablation.recipe.epochs", 4, 1),
    Cut("outliers.epochs", 3, 1),
    Cut("photo_model.recipe.epochs", 6, 1),
    Cut("final.epochs", 6, 1),
    Cut("champion.recipe.epochs", 6, 1),
)
# Under policy `deck` a trial's epochs are the recipe's; what the rungs say has no effect then.
DECK_CUT = Cut("tuning.recipe.epochs", 20, 2)


@dataclass(frozen=True)
class Fitting:
    """`work/fit.json`: what was cut from the configuration `base` to fit the time `fit`."""

    fit: str
    base: str
    cuts: tuple[str, ...]

    @classmethod
    def of(cls, config: Config, fit: str, cuts: Sequence[str]) -> Fitting:
        return cls(fit, _hash(config), tuple(cuts))

    def keep(self, work: Path) -> None:
        store.write_atomic(work / FILE, store.encode(self))

    def sentence(self) -> str:
        if not self.cuts:
            return f"Nothing is cut: the study fits {self.fit}."
        return f"Cut to fit {self.fit}: {', '.join(self.cuts)}."


def kept_fitting(work: Path, config: Config, fit: str) -> Fitting | None:
    """What an earlier command with the same configuration and time cut; None if there was none."""
    kept = checksummed.document(work / FILE, Fitting)
    return kept if kept is not None and (kept.fit, kept.base) == (fit, _hash(config)) else None


def with_cuts(config: Config, cuts: Sequence[str]) -> Config:
    """The configuration with the cuts made, each standing in its settings."""
    return reduce(changed, cuts, config)


def cuts_to_fit(
    config: Config, total: Callable[[Config], float], limit: float, done: Sequence[Stage]
) -> tuple[str, ...]:
    """The cuts, as settings, after which `total` seconds are at most `limit`; all there are if that cannot be."""
    cuts: dict[str, str] = {}
    for hard in (False, True):
        progress = True
        while progress and total(with_cuts(config, _settings(cuts))) > limit:
            progress = False
            for cut in _cuts(config):
                now = with_cuts(config, _settings(cuts))
                before = total(now)
                if before <= limit:
                    break
                text = smaller(_value(now, cut.setting), cut.hard if hard else cut.gentle)
                if text is None:
                    continue
                new = with_cuts(config, _settings(cuts | {cut.setting: text}))
                if _touches(now, new, done) or before - total(new) < WORTH * before:
                    continue
                cuts[cut.setting] = text
                progress = True
    return _settings(cuts)


def smaller(value: Any, least: int) -> str | None:
    """The value, or the tuple of rising values, about a quarter smaller, as text; None at its limit."""
    if isinstance(value, tuple):
        last = smaller(value[-1], least)
        if last is None:
            return None
        shrunk = {max(1, int(each * STEP)) for each in value[:-1]}
        return ",".join([*(str(each) for each in sorted(shrunk) if each < int(last)), last])
    if value is None or value <= least:
        return None
    return str(max(least, min(value - 1, int(value * STEP))))


def _settings(cuts: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{setting}={text}" for setting, text in cuts.items())


def _cuts(config: Config) -> tuple[Cut, ...]:
    if config.tuning.policy == "halving":
        return CUTS
    return tuple(DECK_CUT if cut.setting == "tuning.rungs" else cut for cut in CUTS)


def _value(config: Config, setting: str) -> Any:
    return reduce(getattr, setting.split("."), config)


def _touches(old: Config, new: Config, done: Sequence[Stage]) -> bool:
    """Whether a finished stage would have to be run again."""
    return any(stage.settings(old) != stage.settings(new) for stage in done)


def _hash(config: Config) -> str:
    return store.sha256(json.dumps(dataclasses.asdict(config), sort_keys=True).encode())
