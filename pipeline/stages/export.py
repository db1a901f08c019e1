"""Stage export: ONNX of the final model and of the seven networks, each held against torch."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

from artifacts.contract import ArchitecturesSummary, ExportedModel, ExportSummary, Parity
from pipeline.context import Context
from pipeline.models import inspection
from pipeline.models.base import ImageClassifier
from pipeline.onnx_export import Precision, export, reduce_weights, run_onnx
from pipeline.stages.architectures import specs
from pipeline.stages.final import published_model
from pipeline.training import logits_of
from pipeline.trials import build
from pipeline.workers import threads_for

FINAL_PRECISION: Precision = "fp16"
OTHER_PRECISION: Precision = "int8"  # all eight in fp32 would be 97 MB, twice what the committed run may weigh
Split = Literal["validation", "test"]


def run(context: Context) -> None:
    """Write `models/*.onnx` and `models/summary.json`. Test images are compared without their labels, but for the
    final model, whose test labels were read by `final`."""
    torch.set_num_threads(threads_for(1))
    model, _ = published_model(context)
    with context.progress("export") as progress:
        names = [result.name for result in context.document(ArchitecturesSummary).results]
        exported = [_final(context, model)]
        for number, (name, spec) in enumerate(zip(names, specs(context), strict=True), start=1):
            progress(number / (len(names) + 1))
            context.check_budget()
            network = build(spec, context.dataset)
            network.load_state_dict(context.pool.folder(spec).weights())
            exported.append(_other(context, name, network.eval()))
    context.write(ExportSummary(models=tuple(exported)))


def _final(context: Context, model: ImageClassifier) -> ExportedModel:
    """The final model: all three precisions are measured on the test images, one is kept."""
    dataset = context.dataset
    test = (dataset.test_images, dataset.test_labels)
    return _export(context, "final", "final", model, ("fp32", "fp16", "int8"), FINAL_PRECISION, len(test[1]), "test")


def _other(context: Context, name: str, model: ImageClassifier) -> ExportedModel:
    images = context.config.export.parity_images
    return _export(context, name, "architecture", model, ("fp32", OTHER_PRECISION), OTHER_PRECISION, images, "validation")


def _export(
    context: Context,
    name: str,
    role: Literal["final", "architecture"],
    model: ImageClassifier,
    precisions: tuple[Precision, ...],
    kept: Precision,
    images: int,
    judged_on: Split,
) -> ExportedModel:
    size = context.dataset.image_size
    proto = export(model, size)
    contents = {precision: reduce_weights(proto, precision).SerializeToString() for precision in precisions}
    judge = _Judge(context, model, images, judged_on)
    path = f"models/{name}.onnx"
    context.write_file(path, contents[kept])
    taps = model.taps(torch.zeros(1, 1, size, size))
    return ExportedModel(
        name=name,
        role=role,
        file=path,
        precision=kept,
        parameters=inspection.count_parameters(model),
        embedding_size=taps.embedding.shape[1],
        feature_maps=tuple(taps.first_maps.shape[1:]),
        parity=tuple(judge.parity(precision, content) for precision, content in contents.items()),
    )


class _Judge:
    """Holds ONNX files against the torch network that they came from; torch answers each image once."""

    def __init__(self, context: Context, model: ImageClassifier, images: int, split: Split) -> None:
        dataset, index = context.dataset, context.validated[:images]
        self.split = split
        self.test_images = dataset.test_images[:images]
        self.test_logits = self._torch(model, self.test_images)
        if split == "test":
            self.images, self.labels, self.logits = self.test_images, dataset.test_labels, self.test_logits
        else:
            self.images, self.labels = dataset.train_images[index], dataset.train_labels[index]
            self.logits = self._torch(model, self.images)

    @staticmethod
    def _torch(model: ImageClassifier, images: np.ndarray) -> np.ndarray:
        tensor = torch.from_numpy(np.ascontiguousarray(images)).unsqueeze(1)
        return logits_of(model, tensor, exact=True).numpy()

    def parity(self, precision: Precision, content: bytes) -> Parity:
        test_logits = run_onnx(content, self.test_images, threads=threads_for(1))
        logits = test_logits if self.split == "test" else run_onnx(content, self.images, threads=threads_for(1))
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
