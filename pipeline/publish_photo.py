"""Publishing a photo network alone: it needs no other network, so a published study can get a better one.

A lecturer trains it on photographs of a class in minutes; the rest of the study would take a day.
"""

import dataclasses
import shutil
from pathlib import Path

import torch

from artifacts import store
from artifacts.contract import (
    ArtifactError,
    ExportedModel,
    ExportSummary,
    Manifest,
    PhotoSummary,
    StageClock,
    StageRecord,
)
from artifacts.store import Run
from pipeline import data
from pipeline.execution import stage_trials
from pipeline.publish import STUDY, replacing, verify
from pipeline.runner import RunFolder
from pipeline.stages import export
from pipeline.support.errors import UserError
from pipeline.training.trial_folder import TrialFolder
from pipeline.training.trials import TrialSpec, Workplace

STAGE = "photo-model"


def publish_photo_network(folder: RunFolder, dataset: data.Dataset, parity_images: int, target: Path = STUDY) -> None:
    """Replace the photo network of the study in `target` by the run's, all or nothing.

    Its ONNX file is compared with torch on `parity_images` test and validation images, as stage export does. The
    manifest gets the new stage, its reading of the test set, and a line in `settings`. UserError if the run has no
    photo network, or the study is of other data.
    """
    try:
        run, study = Run(folder.study), Run(target)
        summary = run.document(PhotoSummary)
    except ArtifactError as error:
        raise UserError(f"There is no photo network to publish: {error}") from error
    if faults := verify(folder.study) or verify(target):
        raise UserError(f"The photo network cannot be published: {faults[0]}")
    if (run.manifest.data_sha256, run.manifest.classes) != (study.manifest.data_sha256, study.manifest.classes):
        raise UserError(f"The run in {folder.study} and the study in {target} are of different data sets.")
    spec = _trial(folder, summary)
    content, model = export.exported(
        Workplace(dataset, folder.work / "trials", torch.device("cpu")), export.photo_job(spec, summary, parity_images)
    )
    with replacing(target) as fresh:
        shutil.copytree(target, fresh)
        _write(fresh, study, run, content, model)


def _trial(folder: RunFolder, summary: PhotoSummary) -> TrialSpec:
    """The finished trial that the run's summary is of."""
    for spec in stage_trials.read(folder.work, STAGE).specs.values():
        record = TrialFolder(folder.work / "trials", spec.key).record()
        if record is not None and record.fit == summary.fit:
            return spec
    raise UserError(f"The weights of the photo network are not in {folder.work}: train it again with {STAGE}.")


def _write(folder: Path, study: Run, run: Run, content: bytes, model: ExportedModel) -> None:
    """Put the run's photo stage and its ONNX file into the copy of the study in `folder`; a new manifest last."""
    before, after = study.manifest, run.manifest
    for path in before.stages[STAGE].files:
        (folder / path).unlink()
    clock = StageClock.path(STAGE)
    for path in (*after.stages[STAGE].files, clock):
        store.write_atomic(folder / path, run.bytes(path))
    models = tuple(model if each.role == "photo" else each for each in study.document(ExportSummary).models)
    exported = {model.file: content, ExportSummary.PATH: store.encode(ExportSummary(models))}
    for path, written in exported.items():
        store.write_atomic(folder / path, written)
    files = {path: record for path, record in before.files.items() if path not in before.stages[STAGE].files}
    files |= {path: after.files[path] for path in after.stages[STAGE].files}
    files |= {path: store.record(written) for path, written in exported.items()}
    record, models_of = after.stages[STAGE], before.stages["export"]
    mixed = store.sha256(f"{models_of.fingerprint} {record.fingerprint}".encode())
    manifest = dataclasses.replace(
        before,
        settings=(*(each for each in before.settings if not each.startswith(f"{STAGE}: ")), _origin(after)),
        config={**before.config, "photo_model": after.config["photo_model"]},
        # The export is of a network more than its stage would write again: no fingerprint is equal to this one.
        stages={**before.stages, STAGE: record, "export": StageRecord(mixed, models_of.files)},
        files=files,
        clock_files={**before.clock_files, clock: after.clock_files[clock]},
        test_reads=tuple(dict.fromkeys((*before.test_reads, *(r for r in after.test_reads if r.model == "photo")))),
    )
    store.write_atomic(folder / Manifest.PATH, store.manifest_bytes(manifest))


def _origin(manifest: Manifest) -> str:
    """The line of the manifest's settings that says where the photo network comes from."""
    changed = ", ".join(manifest.settings)
    return f"{STAGE}: trained by itself, profile {manifest.profile}" + (f", {changed}" if changed else "")
