"""Stage export: ONNX of the final model and of the seven networks, each held against torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from artifacts.contract import ArchitecturesSummary, ExportedModel, ExportSummary, FinalSummary, Parity, PhotoSummary
from pipeline.context import Context
from pipeline.models import inspection
from pipeline.models.base import ImageClassifier
from pipeline.onnx_export import Precision, export, export_photo, reduce_weights, run_onnx
from pipeline.stages import architectures, final, photo_model
from pipeline.training import logits_of
from pipeline.trials import TrialFolder, TrialSpec, Workplace, build, split_of

OTHER_PRECISION: Precision = "int8"  # all eight in fp32 would be 97 MB, twice what the committed run may weigh
FINAL_PRECISION: Precision = "fp16"


@dataclass(frozen=True)
class Job:
    """One network to export: `contract.ExportedModel` says what the fields mean."""

    name: str
    role: Literal["final", "architecture", "photo"]
    spec: TrialSpec
    precisions: tuple[Precision, ...]
    kept: Precision
    images: int
    judged_on: Literal["validation", "test"]
    temperature: float = 1.0

    @property
    def path(self) -> str:
        return f"models/{self.name}.onnx"


def run(context: Context) -> None:
    """Write `models/*.onnx` and `models/summary.json`. Test images are compared without their labels, but for the
    final model, whose test labels were read by `final`."""
    jobs = _jobs(context)
    exported = []
    with context.progress("export") as progress:
        for number, (job, (content, model)) in enumerate(zip(jobs, context.pool.map(_export, jobs), strict=True), 1):
            context.write_file(job.path, content)
            exported.append(model)
            progress(number / len(jobs))
            context.check_budget()
    context.write(ExportSummary(models=tuple(exported)))


def _jobs(context: Context) -> list[Job]:
    """The final model in all three precisions, one of them kept; the seven in fp32 and as they are kept."""
    images = context.config.export.parity_images
    names = [result.name for result in context.document(ArchitecturesSummary).results]
    spec = final.published_spec(context, context.document(FinalSummary))
    tested = len(context.dataset.test_labels)
    jobs = [Job("final", "final", spec, ("fp32", "fp16", "int8"), FINAL_PRECISION, tested, "test")]
    for name, each in zip(names, architectures.specs(context), strict=True):
        jobs.append(Job(name, "architecture", each, ("fp32", OTHER_PRECISION), OTHER_PRECISION, images, "validation"))
    if photo_model.has_photo_model(context):
        photo = photo_model.photo_spec(context)
        heat = context.document(PhotoSummary).temperature
        jobs.append(
            Job("photo", "photo", photo, ("fp32", FINAL_PRECISION), FINAL_PRECISION, images, "validation", heat)
        )
    return jobs


def _export(place: Workplace, job: Job) -> tuple[bytes, ExportedModel]:
    """In a worker process: the ONNX file's bytes, and what is measured about it."""
    torch.set_num_threads(1)
    model = build(job.spec, place.dataset)
    model.load_state_dict(TrialFolder(place.trials, job.spec.key).weights())
    model.eval()
    size = place.dataset.image_size
    proto = export_photo(model, size, job.temperature) if job.role == "photo" else export(model, size)
    contents = {precision: reduce_weights(proto, precision).SerializeToString() for precision in job.precisions}
    judge = _Judge(place, job, model)
    taps = model.taps(torch.zeros(1, 1, size, size))
    filters, rows, columns = taps.first_maps.shape[1:]
    exported = ExportedModel(
        name=job.name,
        role=job.role,
        file=job.path,
        precision=job.kept,
        parameters=inspection.count_parameters(model),
        embedding_size=taps.embedding.shape[1],
        feature_maps=(filters, rows, columns),
        parity=tuple(judge.parity(precision, content) for precision, content in contents.items()),
    )
    return contents[job.kept], exported


class _Judge:
    """Holds ONNX files against the torch network that they came from; torch answers each image once, in fp32."""

    def __init__(self, place: Workplace, job: Job, model: ImageClassifier) -> None:
        dataset = place.dataset
        self.split = job.judged_on
        self.classes = len(dataset.classes)
        self.test_images = dataset.test_images[: job.images]
        self.test_logits = self._torch(model, self.test_images)
        if self.split == "test":
            self.images, self.labels, self.logits = self.test_images, dataset.test_labels, self.test_logits
        else:
            index = split_of(dataset, job.spec.split).validation[: job.images]
            self.images, self.labels = dataset.train_images[index], dataset.train_labels[index]
            self.logits = self._torch(model, self.images)

    def _torch(self, model: ImageClassifier, images: np.ndarray) -> np.ndarray:
        logits = logits_of(model, torch.from_numpy(images.copy()).unsqueeze(1), exact=True).numpy()
        return logits[:, : self.classes]  # the photo model has one more, which its file gives as `rejection`

    def parity(self, precision: Precision, content: bytes) -> Parity:
        test_logits = run_onnx(content, self.test_images, threads=1)
        logits = test_logits if self.split == "test" else run_onnx(content, self.images, threads=1)
        return Parity(
            precision=precision,
            images=len(self.test_images),
            max_logit_difference=float(np.abs(test_logits - self.test_logits).max()),
            argmax_equal=int((test_logits.argmax(1) == self.test_logits.argmax(1)).sum()),
            accuracy_split=self.split,
            accuracy_images=len(self.labels),
            torch_accuracy=float((self.logits.argmax(1) == self.labels).mean()),
            onnx_accuracy=float((logits.argmax(1) == self.labels).mean()),
            bytes=len(content),
        )
