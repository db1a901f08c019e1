"""Publishing: a finished run's artifacts, verified, become `artifacts/study`, which the portal shows first.

Of an unfinished run, the records of its finished trials become `artifacts/unfinished`: committed, they outlive the
machine, and a run elsewhere does not train them again.
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artifacts import store
from artifacts.contract import ArtifactError, Manifest, TestRead
from artifacts.store import Run
from pipeline.execution import stage_trials
from pipeline.stages import STAGES
from pipeline.support.errors import UserError

STUDY = Path(__file__).resolve().parent.parent / "artifacts" / "study"
UNFINISHED = STUDY.parent / "unfinished"  # a folder a profile: records of studies that are not finished yet
MAX_BYTES = 40_000_000


def verify(folder: Path) -> list[str]:
    """Return one sentence for each fault of the run in `folder`; none if all files match its manifest."""
    try:
        return Run(folder).verify()
    except ArtifactError as error:
        return [str(error)]


def publish(source: Path, target: Path = STUDY) -> int:
    """Replace `target` by the run, all or nothing; return its bytes. UserError if it cannot be published."""
    faults = verify(source)
    if faults:
        raise UserError(f"The run in {source} cannot be published: {faults[0]} Run it again with run-all.")
    manifest = Run(source).manifest
    missing = [stage.name for stage in STAGES if stage.name not in manifest.stages]
    if missing:
        raise UserError(f"The run in {source} lacks the stage {missing[0]}: finish it with run-all first.")
    with replacing(target) as fresh:
        shutil.copytree(source, fresh)
        _keep_readings(fresh, target)
        size = sum(path.stat().st_size for path in fresh.rglob("*") if path.is_file())
        if size > MAX_BYTES:
            raise UserError(
                f"The run in {source} is {size / 1e6:.1f} MB, over the {MAX_BYTES / 1e6:.0f} MB to be committed."
            )
    return size


def publish_unfinished(work: Path, target: Path) -> int:
    """Replace `target` by the records of the run's finished trials, without weights; how many there are."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as fresh:
        fresh.mkdir()
        return stage_trials.write_finished(work, fresh)


def _keep_readings(folder: Path, replaced: Path) -> None:
    """Add the test-set readings of the replaced study, so that publishing again does not hide them."""
    try:
        before, manifest = Run(replaced).manifest, Run(folder).manifest
    except ArtifactError:
        return
    if before.data_sha256 == manifest.data_sha256:
        reads: tuple[TestRead, ...] = tuple(dict.fromkeys((*before.test_reads, *manifest.test_reads)))
        kept = dataclasses.replace(manifest, test_reads=reads)
        store.write_atomic(folder / Manifest.PATH, store.manifest_bytes(kept))


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Where to write what shall replace `target`: by two renames at the end, so that no reader finds half a study."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".publish-") as temporary:
        fresh = Path(temporary) / "fresh"
        yield fresh
        if target.exists():
            target.rename(Path(temporary) / "old")
        fresh.rename(target)
