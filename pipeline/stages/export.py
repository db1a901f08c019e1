"""Stage export: ONNX files of all networks, each compared with torch."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from artifacts.contract import ArchitecturesSummary, ExportedModel, ExportSummary, Parity, PhotoSummary
from pipeline.models import inspection
from pipeline.models.base import ImageClassifier
from pipeline.onnx_export import Precision, export, export_photo, reduce_weights, run_onnx
from pipeline.stages import architectures, final, photo_model
from pipeline.stages.context import Context
from pipeline.training.loop import logits_of
from pipeline.training.trials import TrialSpec, Workplace, finished, split_of, trained

# All eight in fp32 would be 97 MB, twice what the committed run may weigh. The seven are kept in the smallest precision
# that costs nothing on validation images. No validation image can judge the final model, which trained on them all: its
# precision is a constant. It was turned from fp16 to int8 for the size of the committed study, after that study's own
# int8 file had answered 9,993 of 10,000 test images as torch does; no figure of the model was chosen by it.
SMALLEST_FIRST: tuple[Precision, ...] = ("int8", "fp16", "fp32")
FINAL_PRECISION: Precision = "int8"
PHOTO_PRECISION: Precision = "fp16"
ALLOWED_LOSS = 0.001  # of accuracy


@dataclass(frozen=True)
class Job:
    """One network to export: `contract.ExportedModel` says what the fields mean.

    `precisions` are measured in this order in addition to fp32; the first that keeps the accuracy wins, or `fixed`.
    """

    name: str
    role: Literal["final", "architecture", "photo", "champion"]
    spec: TrialSpec
    precisions: tuple[Precision, ...]
    fixed: Precision | None
    images: int
    judged_on: Literal["validation", "test"]
    summary: PhotoSummary | None = None  # the photo model's, whose calibration goes into the file

    @property
    def path(self) -> str:
        return f"models/{self.name}.onnx"


def run(context: Context) -> None:
    """Write `models/*.onnx` and `models/summary.json`. Test images are compared without their labels, except for
    the final model, whose test labels were read by `final`."""
    jobs = _jobs(context)
    order = [jobs[0], *jobs[:0:-1]]  # the slowest first: the final model, then DenseNets; no core waits at the end
    models = {}
    for job, (content, model) in zip(order, context.map("export", exported, order), strict=True):
        context.write_file(job.path, content)
        models[job.name] = model
    context.write(ExportSummary(models=tuple(models[job.name] for job in jobs)))


def _jobs(context: Context) -> list[Job]:
    """Return the jobs: the final model in all precisions, the others in fp32 and down to the one that they keep."""
    images = context.config.export.parity_images
    names = [result.name for result in context.document(ArchitecturesSummary).results]
    spec = final.published_spec(context)
    tested = len(context.dataset.test_labels)
    jobs = [Job("final", "final", spec, ("fp16", "int8"), FINAL_PRECISION, tested, "test")]
    for name, each in zip(names, architectures.specs(context), strict=True):
        jobs.append(Job(name, "architecture", each, SMALLEST_FIRST[:-1], None, images, "validation"))
    if photo_model.has_photo_model(context):
        jobs.append(photo_job(photo_model.photo_spec(context), context.document(PhotoSummary), images))
    return jobs


def photo_job(spec: TrialSpec, summary: PhotoSummary, images: int) -> Job:
    """The job of the network for photos."""
    return Job("photo", "photo", spec, (PHOTO_PRECISION,), PHOTO_PRECISION, images, "validation", summary)


def exported(place: Workplace, job: Job) -> tuple[bytes, ExportedModel]:
    """Export a network in a worker process; return the ONNX file's bytes and its measurements."""
    torch.set_num_threads(1)
    model = trained(job.spec.recipe, place.dataset, finished(job.spec, place).weights())
    size = place.dataset.image_size
    if job.summary is None:
        proto = export(model, size)
    else:
        proto = export_photo(model, size, temperature=job.summary.temperature, log_prior=job.summary.log_prior)
    judge = _Judge(place, job, model)
    measured: dict[Precision, tuple[bytes, Parity]] = {}
    order: tuple[Precision, ...] = ("fp32", *job.precisions)
    for precision in order:
        content = reduce_weights(proto, precision).SerializeToString()
        measured[precision] = content, judge.parity(precision, content)
        if job.fixed is None and precision != "fp32" and keeps_accuracy(measured[precision][1]):
            break  # the precisions that follow are larger
    kept = job.fixed or smallest_good({precision: parity for precision, (_, parity) in measured.items()})
    taps = model.taps(torch.zeros(1, 1, size, size))
    filters, rows, columns = taps.first_maps.shape[1:]
    described = ExportedModel(
        name=job.name,
        role=job.role,
        file=job.path,
        precision=kept,
        parameters=inspection.count_parameters(model),
        embedding_size=taps.embedding.shape[1],
        feature_maps=(filters, rows, columns),
        parity=tuple(parity for _, parity in measured.values()),
    )
    return measured[kept][0], described


def keeps_accuracy(parity: Parity) -> bool:
    """Return whether the file loses at most ALLOWED_LOSS of accuracy, or one image where there are few."""
    return parity.torch_accuracy - parity.onnx_accuracy <= max(ALLOWED_LOSS, 1 / parity.accuracy_images) + 1e-9


def smallest_good(parities: dict[Precision, Parity]) -> Precision:
    """Return the smallest measured precision that keeps the accuracy; fp32 always does."""
    good = {precision for precision, parity in parities.items() if precision == "fp32" or keeps_accuracy(parity)}
    return next(precision for precision in SMALLEST_FIRST if precision in good)


class _Judge:
    """Compares ONNX files with their torch network, which predicts each image once, in fp32."""

    def __init__(self, place: Workplace, job: Job, model: ImageClassifier) -> None:
        dataset = place.dataset
        self.split = job.judged_on
        self.classes = len(dataset.classes)
        self.log_prior = np.array((job.summary and job.summary.log_prior) or 0.0, np.float32)
        self.tested = min(job.images, len(dataset.test_images))
        self.images, self.labels = dataset.test_images[: job.images], dataset.test_labels[: job.images]
        if self.split == "validation":  # shown after the test images, whose labels are left alone
            index = split_of(dataset, job.spec.split).validation[: job.images]
            self.images = np.concatenate([self.images, dataset.train_images[index]])
            self.labels = dataset.train_labels[index]
        self.logits = self._torch(model, self.images)

    def _torch(self, model: ImageClassifier, images: np.ndarray) -> np.ndarray:
        logits = logits_of(model, torch.from_numpy(images.copy()).unsqueeze(1), exact=True).numpy()
        # The photo model has one more, which its file gives as `rejection`, and a prior is taken off the others.
        return logits[:, : self.classes] - self.log_prior

    def parity(self, precision: Precision, content: bytes) -> Parity:
        logits = run_onnx(content, self.images, threads=1)
        tested, judged = slice(self.tested), slice(-len(self.labels), None)
        return Parity(
            precision=precision,
            images=self.tested,
            max_logit_difference=float(np.abs(logits[tested] - self.logits[tested]).max()),
            argmax_equal=int((logits[tested].argmax(1) == self.logits[tested].argmax(1)).sum()),
            accuracy_split=self.split,
            accuracy_images=len(self.labels),
            torch_accuracy=float((self.logits[judged].argmax(1) == self.labels).mean()),
            onnx_accuracy=float((logits[judged].argmax(1) == self.labels).mean()),
            bytes=len(content),
        )
