"""Runs stages: skips what is done, resumes what was interrupted, keeps the manifest, lets one process at a time in."""

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console

from artifacts import store
from artifacts.contract import SCHEMA, ArtifactError, FileRecord, Manifest, StageClock, StageRecord, TestRead
from artifacts.store import Run
from pipeline import data, stages
from pipeline.config import Config
from pipeline.execution import stage_trials
from pipeline.execution.pool import Pool
from pipeline.execution.ray_cluster import RayExecutor
from pipeline.search.storage import opened
from pipeline.stages import STAGES, Stage
from pipeline.stages.context import Context
from pipeline.support import checksummed, machine
from pipeline.support.errors import UserError
from pipeline.support.memory import keep_memory
from pipeline.support.progress import clock


@dataclass(frozen=True)
class RunFolder:
    """`runs/NAME/`: `study/` holds artifacts and manifest, `work/` what is unfinished and never published."""

    folder: Path

    @property
    def study(self) -> Path:
        return self.folder / "study"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Own the run; the lock dies with its owner. UserError at once if another process owns it."""
        owner = self.work / "owner"  # not in the lock file, which no other process can read on Windows
        lock = FileLock(self.work / "lock", timeout=0)
        try:
            self.work.mkdir(parents=True, exist_ok=True)
            held = lock.acquire()
            owner.write_text(str(os.getpid()), encoding="utf-8")
        except Timeout as error:
            number = owner.read_text(encoding="utf-8") if owner.exists() else "unknown"
            raise UserError(
                f"Process {number} is working on {self.folder}: wait for it, or name another run with --run."
            ) from error
        except OSError as error:
            raise UserError(
                f"The run folder {self.folder} cannot be written ({error.strerror}): choose another."
            ) from error
        with held:
            yield


@dataclass(frozen=True)
class StageState:
    """A finished stage, as kept in `work/stages/NAME.json` until the manifest is written from all of them.

    `test_reads` are this stage's readings of the test set, with those by what it was before its settings were changed.
    They are kept when the test set is read; until its end the stage is not `finished`, and has no clock's file.
    """

    fingerprint: str
    files: dict[str, FileRecord]
    clock_file: FileRecord | None
    test_reads: tuple[TestRead, ...] = field(default=())
    finished: bool = True
    taken_over: bool = False


class Runner:
    """One run of one configuration on one data set."""

    def __init__(
        self, folder: RunFolder, config: Config, dataset: data.Dataset, console: Console, storage: str | None = None
    ) -> None:
        """With a `storage`, an Optuna storage URL, the searches are recorded there instead of in the run folder."""
        self.folder = folder
        self.config = config
        self.dataset = data.with_test_images(dataset, config.split.tested)
        self.console = console
        self.storage = storage

    def fingerprint(self, stage: Stage) -> str:
        """Equal if and only if the stage would write the same: its own config, its version, and what it needs."""
        plain = {
            "stage": stage.name,
            "version": stage.version,
            "section": _plain(stage.settings(self.config)),
            "split": _plain(self.config.split),
            "seed": self.config.seed,
            "data": self.dataset.fingerprint,
            "needs": [self.fingerprint(stages.named(need)) for need in stage.needs],
        }
        if stage.sees_photographs and self.dataset.photographs is not None:
            plain["photographs"] = self.dataset.photographs.key
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    def state(self, stage: Stage) -> StageState | None:
        """What the stage left, None if it is to be run (again): never finished, other config, or a file is damaged."""
        state = checksummed.document(self._state_path(stage), StageState)
        if state is None or state.clock_file is None or not state.finished:
            return None
        if state.fingerprint != self.fingerprint(stage):
            return None
        listed = {**state.files, StageClock.path(stage.name): state.clock_file}
        return state if all(self._is_intact(path, record) for path, record in listed.items()) else None

    def run(self, wanted: Sequence[Stage], *, deadline: float | None = None, ray: str | None = None) -> None:
        """Run the wanted stages that are not done; trials run on the Ray cluster at the address `ray`, if given.

        Raises BudgetSpent at the deadline (epoch seconds), and UserError when the cluster is lost.
        """
        if self.storage:
            with opened(self.storage):  # a URL that cannot be used is said now, not when a search begins
                pass
        keep_memory()  # some stages train in this process
        given = (self.dataset.folder, self.config.split.tested, deadline)
        pool = Pool(self.folder.work, *given, RayExecutor(ray, *given) if ray else None)
        try:
            for number, stage in enumerate(wanted, start=1):
                title = f"[{number}/{len(wanted)}] {stage.name}"
                if self.state(stage) is not None:
                    self.console.print(f"{title}: done before", highlight=False)
                    continue
                self.console.print(f"{title}: {stage.does}", highlight=False)
                self._run_stage(stage, pool, deadline)
        except (KeyboardInterrupt, UserError):
            pool.close(at_once=True)
            raise
        finally:
            pool.close()
        self.write_manifest()

    def take_over(self, study: Path, wanted: Sequence[Stage]) -> None:
        """Copy from a published study what the wanted stages would write again: those with the same fingerprint.

        Only stages that stand alone are taken: a study holds no weights, and other stages ask for their networks'.
        """
        try:
            published = Run(study)
            taken = [stage for stage in wanted if self._is_published(stage, published) and not self.state(stage)]
            for stage in taken:
                self._copy_stage(stage, published)
        except ArtifactError:
            return  # no study, or a damaged one: everything is trained
        if taken:
            names = ", ".join(stage.name for stage in taken)
            self.console.print(f"Taken over from {study}, made with the same settings: {names}", highlight=False)

    def take_over_trials(self, unfinished: Path) -> None:
        """Take over the records in a folder that `publish --unfinished` wrote, of trials that are not finished here."""
        if count := stage_trials.take_over(unfinished, self.folder.work):
            self.console.print(f"Taken over from {unfinished}: {count} finished trials", highlight=False)

    def _is_published(self, stage: Stage, published: Run) -> bool:
        alone = not stage.needs and all(stage.name not in other.needs for other in STAGES)
        record = published.manifest.stages.get(stage.name)
        return alone and record is not None and record.fingerprint == self.fingerprint(stage)

    def _copy_stage(self, stage: Stage, published: Run) -> None:
        manifest, clock_path = published.manifest, StageClock.path(stage.name)
        paths = manifest.stages[stage.name].files
        contents = {path: published.bytes(path) for path in (*paths, clock_path)}  # checked before anything is copied
        for path, content in contents.items():
            store.write_atomic(self.folder.study / path, content)
        reads = tuple(read for read in manifest.test_reads if read.model == stage.name)
        files = {path: manifest.files[path] for path in paths}
        fingerprint, clock_file = self.fingerprint(stage), manifest.clock_files[clock_path]
        self._keep(stage, StageState(fingerprint, files, clock_file, reads, taken_over=True))

    def _run_stage(self, stage: Stage, pool: Pool, deadline: float | None) -> None:
        before = self._taken_up(stage)
        context = Context(
            stage.name,
            self.config,
            self.dataset,
            self.folder.study,
            self.folder.work,
            pool,
            self.console,
            deadline,
            self.fingerprint(stage),
            self.storage,
        )
        context.on_reading = lambda: self._keep(stage, self._state_of(stage, before, context))
        context.check_budget()
        started, begun = _now(), time.monotonic()
        stage.run(context)
        seconds = time.monotonic() - begun
        taken = StageClock(stage.name, started, _now(), seconds, pool.workers, machine.describe(), context.trial_clocks)
        clock_path, content = StageClock.path(stage.name), store.encode(taken)
        store.write_atomic(self.folder.study / clock_path, content)
        self._keep(stage, self._state_of(stage, before, context, store.record(content)))
        self.write_manifest()
        self.console.print(f"      finished in {clock(seconds)}", highlight=False)

    def _taken_up(self, stage: Stage) -> StageState | None:
        """What the stage left last, under any configuration, which is no longer finished from here on."""
        before = checksummed.document(self._state_path(stage), StageState)
        if before is None:
            self._state_path(stage).unlink(missing_ok=True)
        else:
            self._keep(stage, dataclasses.replace(before, finished=False))
        return before

    def _state_of(
        self, stage: Stage, before: StageState | None, context: Context, clock_file: FileRecord | None = None
    ) -> StageState:
        """The state that the stage is in now; finished when it has its clock's file."""
        fingerprint, reads = self.fingerprint(stage), tuple(context.test_reads)
        if before is not None:
            # The same networks' answers, read again, are no new reading.
            reads = before.test_reads if fingerprint == before.fingerprint else (*before.test_reads, *reads)
        return StageState(fingerprint, context.files, clock_file, reads, finished=clock_file is not None)

    # -------------------------------------------------------------------------------------------------------- manifest

    def write_manifest(self) -> None:
        """The manifest of all finished stages; files of the study folder that belong to none are removed."""
        states = {stage.name: state for stage in STAGES if (state := self.state(stage)) is not None}
        files = {path: record for state in states.values() for path, record in state.files.items()}
        clocks = {StageClock.path(name): state.clock_file for name, state in states.items() if state.clock_file}
        manifest = Manifest(
            schema=SCHEMA,
            name=self.folder.folder.name,
            data=self.dataset.name,
            data_sha256=self.dataset.sha256,
            profile=self.config.profile,
            settings=self.config.settings,
            seed=self.config.seed,
            classes=self.dataset.classes,
            image_size=self.dataset.image_size,
            config=_plain(self.config),
            machine=machine.describe(),
            stages={name: StageRecord(state.fingerprint, tuple(sorted(state.files))) for name, state in states.items()},
            files=files,
            clock_files=clocks,
            test_reads=tuple(reading for state in states.values() for reading in state.test_reads),
            taken_over=tuple(name for name, state in states.items() if state.taken_over),
        )
        store.write_atomic(self.folder.study / Manifest.PATH, store.manifest_bytes(manifest))
        self._remove_strays({*files, *clocks, Manifest.PATH})

    def _remove_strays(self, listed: set[str]) -> None:
        for path in self.folder.study.rglob("*"):
            if path.is_file() and path.relative_to(self.folder.study).as_posix() not in listed:
                path.unlink()

    def _keep(self, stage: Stage, state: StageState) -> None:
        checksummed.write(self._state_path(stage), store.encode(state))

    def _state_path(self, stage: Stage) -> Path:
        return self.folder.work / "stages" / f"{stage.name}.json"

    def _is_intact(self, path: str, record: FileRecord) -> bool:
        try:
            return store.record((self.folder.study / path).read_bytes()) == record
        except OSError:
            return False


def _plain(value: object) -> dict[str, object]:
    """A configuration dataclass as JSON values; {} for None."""
    return json.loads(json.dumps(dataclasses.asdict(value))) if dataclasses.is_dataclass(value) else {}  # type: ignore[arg-type]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
