"""What a stage works with: configuration, data, earlier artifacts, a place to write, and the workers."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from rich.console import Console

from artifacts import arrays as array_contract
from artifacts import store
from artifacts.contract import FileRecord, TestRead, TrialClock
from pipeline import data
from pipeline.config import Config
from pipeline.execution.pool import Finished, Listener, Pool
from pipeline.models.base import ImageClassifier
from pipeline.stages.kept import kept
from pipeline.support.errors import BudgetSpent
from pipeline.support.progress import StageProgress
from pipeline.training.trials import TrialSpec, Workplace, split_of, trained, validated

T = TypeVar("T")
R = TypeVar("R")


@dataclass
class Context:
    """One stage's view of the run. `study` is the folder of artifacts, `work` that of unfinished work.

    `fingerprint` identifies what the stage computes; searches are recorded at `storage_url`, else in `work`.
    """

    stage: str
    config: Config
    dataset: data.Dataset
    study: Path
    work: Path
    pool: Pool
    console: Console
    deadline: float | None
    fingerprint: str = ""
    storage_url: str | None = None
    files: dict[str, FileRecord] = field(default_factory=dict)
    trial_clocks: dict[str, TrialClock] = field(default_factory=dict)
    test_reads: list[TestRead] = field(default_factory=list)
    on_reading: Callable[[], None] = lambda: None
    trial_seconds: float = 0.0

    @property
    def split(self) -> data.Split:
        return split_of(self.dataset, self.config.split)

    @property
    def validated(self) -> np.ndarray:
        return validated(self.dataset, self.config.split)

    @property
    def device(self) -> torch.device:
        return torch.device(self.pool.devices[0])

    def network(self, spec: TrialSpec) -> ImageClassifier:
        """The network that a finished trial of this run trained, in eval mode on the CPU."""
        return trained(spec.recipe, self.dataset, self.pool.finished(spec).weights())

    # ------------------------------------------------------------------------------------------------------ artifacts

    def write(self, document: object, path: str | None = None) -> None:
        """Write a document of the contract at `path` or at its class's own PATH."""
        self.write_file(path or document.PATH, store.encode(document))  # type: ignore[attr-defined]

    def write_arrays(self, path: str, arrays: dict[str, np.ndarray]) -> None:
        """Write what a run keeps of the arrays of `path` (`stages.kept`), checked against the contract."""
        array_contract.check(path, arrays, classes=len(self.dataset.classes), image_size=self.dataset.image_size)
        self.write_file(path, store.npz_bytes(kept(path, arrays)))

    def write_file(self, path: str, content: bytes) -> None:
        """Write any other file of the run, such as an ONNX model."""
        store.write_atomic(self.study / path, content)
        self.files[path] = store.record(content)

    def document(self, kind: type[T], path: str | None = None) -> T:
        """Read a document that an earlier stage of this run wrote."""
        where: str = path or kind.PATH  # type: ignore[attr-defined]
        return store.decode(kind, (self.study / where).read_bytes(), source=where)

    def arrays(self, path: str) -> dict[str, np.ndarray]:
        """Read arrays that an earlier stage of this run wrote."""
        return store.npz_arrays((self.study / path).read_bytes(), source=path)

    def put_reading_on_record(
        self, model: Literal["final", "photo", "champion"], recipe_sha256: str, seeds: int
    ) -> None:
        """Record a reading of all test images on disk, before a test label is compared with anything.

        It stays in the manifest whatever happens to the stage afterwards.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self.test_reads.append(TestRead(model, recipe_sha256, len(self.dataset.test_labels), seeds, at))
        self.on_reading()

    # --------------------------------------------------------------------------------------------------- long work

    def progress(self, title: str) -> StageProgress:
        return StageProgress(self.console, title)

    def check_budget(self) -> None:
        """Raise BudgetSpent when the time is over; for long work without checkpoints."""
        if self.deadline is not None and time.time() >= self.deadline:
            raise BudgetSpent

    def map(self, title: str, job: Callable[[Workplace, T], R], items: Sequence[T]) -> Iterator[R]:
        """The job's result for each item, in order, with progress; BudgetSpent after the one where the time is over."""
        with self.progress(title) as progress:
            for number, result in enumerate(self.pool.map(job, items), 1):
                yield result
                progress(number / len(items))
                self.check_budget()

    def run_trials(
        self,
        specs: Sequence[TrialSpec],
        names: Sequence[str],
        finished: Listener = lambda number, record, elapsed: None,
        *,
        title: str = "",
    ) -> list[Finished]:
        """Run these trials of the stage, or take finished ones; `names` identify them in the clock file.

        A stage may call it several times; times continue from the batch before.
        """
        before = self.trial_seconds
        with self.progress(f"{self.stage}{title} ({len(specs)} trials)") as progress:
            results = self.pool.run(
                self.stage,
                specs,
                progress=progress,
                finished=lambda number, record, elapsed: finished(number, record, before + elapsed),
            )
        for name, result in zip(names, results, strict=True):
            self.trial_clocks[name] = TrialClock(result.record.seconds, before + result.elapsed)
        self.trial_seconds += max((result.elapsed for result in results), default=0.0)
        return results
