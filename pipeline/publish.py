"""Publishing: a finished run's artifacts, verified, become `artifacts/study`, which the portal shows first."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from artifacts.contract import ArtifactError
from artifacts.store import Run
from pipeline.errors import UserError
from pipeline.stages import STAGES

STUDY = Path(__file__).resolve().parent.parent / "artifacts" / "study"
MAX_BYTES = 40_000_000


def verify(folder: Path) -> list[str]:
    """One sentence for each fault of the run in `folder`; empty when all files are what its manifest says."""
    try:
        return Run(folder).verify()
    except ArtifactError as error:
        return [str(error)]


def publish(source: Path, target: Path = STUDY) -> int:
    """Copy the run over `target`, all or nothing; the number of bytes. UserError if it is not fit to be published."""
    faults = verify(source)
    if faults:
        raise UserError(f"The run in {source} cannot be published: {faults[0]} Run it again with run-all.")
    manifest = Run(source).manifest
    missing = [stage.name for stage in STAGES if stage.name not in manifest.stages]
    if missing:
        raise UserError(f"The run in {source} lacks the stage {missing[0]}: finish it with run-all first.")
    size = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    if size > MAX_BYTES:
        raise UserError(
            f"The run in {source} is {size / 1e6:.1f} MB, over the {MAX_BYTES / 1e6:.0f} MB to be committed."
        )
    _replace(source, target)
    return size


def _replace(source: Path, target: Path) -> None:
    """Copy beside the target, then swap by two renames, so that no reader finds half a study."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".publish-") as temporary:
        fresh, old = Path(temporary) / "fresh", Path(temporary) / "old"
        shutil.copytree(source, fresh)
        if target.exists():
            target.rename(old)
        fresh.rename(target)
