"""The trials of a stage and what came of them: small files, which outlive the machine that trained when committed."""

from dataclasses import dataclass, field
from pathlib import Path

from artifacts import store
from pipeline.support import checksummed
from pipeline.training.trial_folder import TrialFolder, TrialRecord
from pipeline.training.trials import TrialSpec

# The stages that read a trial's record and none of its other files, so that the record can stand for the trial.
RECORD_SUFFICES = ("augmentations", "tune-coarse", "tune-fine", "confirm", "improvements")
SUFFIX = ".trials.json"


@dataclass(frozen=True)
class StageTrials:
    """`work/stages/NAME.trials.json`, its dictionaries by a trial's key: the trials that a stage asked for, and the
    stage's seconds when each ended. `records` are of trials that another machine trained, which have no folder here."""

    specs: dict[str, TrialSpec] = field(default_factory=dict)
    elapsed: dict[str, float] = field(default_factory=dict)
    records: dict[str, TrialRecord] = field(default_factory=dict)

    def record(self, trials: Path, key: str) -> TrialRecord | None:
        """The record of a finished trial, by its folder in `trials` or, without one, by what was taken over."""
        return TrialFolder(trials, key).record() or self.records.get(key)


def read(work: Path, stage: str) -> StageTrials:
    """What the run has of the stage's trials; nothing if there is no file, or a damaged one."""
    return checksummed.document(path(work, stage), StageTrials) or StageTrials()


def keep(work: Path, stage: str, kept: StageTrials) -> None:
    checksummed.write(path(work, stage), store.encode(kept))


def write_finished(work: Path, target: Path) -> int:
    """Write the records of all finished trials into `target`, a file a stage, to be committed; how many there are."""
    count = 0
    for stage in RECORD_SUFFICES:
        kept = read(work, stage)
        records = {key: record for key in kept.specs if (record := kept.record(work / "trials", key)) is not None}
        if records:
            specs = {key: kept.specs[key] for key in records}
            elapsed = {key: kept.elapsed[key] for key in records if key in kept.elapsed}
            store.write_atomic(target / f"{stage}{SUFFIX}", store.encode(StageTrials(specs, elapsed, records)))
            count += len(records)
    return count


def take_over(source: Path, work: Path) -> int:
    """Add the records in `source` to the run's own; how many are new. Where no stage asks for a key, nothing comes of
    it."""
    count = 0
    for stage in RECORD_SUFFICES:
        given = checksummed.document(source / f"{stage}{SUFFIX}", StageTrials) or StageTrials()
        kept = read(work, stage)
        new = {key: record for key, record in given.records.items() if kept.record(work / "trials", key) is None}
        if new:
            specs, elapsed = {**given.specs, **kept.specs}, {**given.elapsed, **kept.elapsed}
            keep(work, stage, StageTrials(specs, elapsed, {**kept.records, **new}))
            count += len(new)
    return count


def path(work: Path, stage: str) -> Path:
    return work / "stages" / f"{stage}{SUFFIX}"
