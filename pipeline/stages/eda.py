"""Stage eda: class distribution, average images, samples, pixel statistics (deck section 1), and the split."""

import numpy as np

from artifacts.contract import EdaSummary
from pipeline import data
from pipeline.stages.context import Context
from pipeline.support.seeding import derive


def run(context: Context) -> None:
    """Write the split, the validation and test images, `eda/summary.json` and `eda/images.npz`."""
    dataset, split = context.dataset, context.split
    context.write_arrays("data/split.npz", {"train": split.train, "validation": split.validation})
    validation = {
        "images": dataset.train_images[context.validated],
        "labels": dataset.train_labels[context.validated],
    }
    context.write_arrays("data/validation.npz", validation)
    # The images alone are looked at before `final`; their labels are for the portal.
    context.write_arrays("data/test.npz", {"images": dataset.test_images, "labels": dataset.test_labels})
    images, labels = dataset.train_images[split.train], dataset.train_labels[split.train]
    context.write_arrays("eda/images.npz", _pictures(context, images, labels))
    context.write(_summary(context, images, labels))


def _summary(context: Context, images: np.ndarray, labels: np.ndarray) -> EdaSummary:
    """Pixel statistics are those of the train part."""
    dataset, split = context.dataset, context.split
    classes = len(dataset.classes)

    def counts(values: np.ndarray) -> tuple[int, ...]:
        return tuple(int(n) for n in np.bincount(values, minlength=classes))

    histogram, edges = np.histogram(images, bins=context.config.eda.histogram_bins, range=(0, 256))
    by_class = [images[labels == label] for label in range(classes)]
    return EdaSummary(
        split_seed=context.config.split.seed,
        counts={
            "train": counts(labels),
            "validation": counts(dataset.train_labels[split.validation]),
            "test": counts(dataset.test_labels),
        },
        pixel_mean=float(images.mean()),
        pixel_std=float(images.std()),
        pixel_min=int(images.min()),
        pixel_max=int(images.max()),
        zero_share=float((images == 0).mean()),
        histogram_edges=tuple(float(edge) for edge in edges),
        histogram_counts=tuple(int(n) for n in histogram),
        class_pixel_mean=tuple(float(part.mean()) for part in by_class),
        class_coverage=tuple(float((part > 0).mean()) for part in by_class),
    )


def _pictures(context: Context, images: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(derive(context.config.seed, "eda"))
    chosen = data.of_each_class(labels, context.config.eda.samples_per_class, generator)
    average = np.stack([images[labels == label].mean(axis=0) for label in range(len(context.dataset.classes))])
    return {
        "average": np.rint(average).astype(np.uint8),
        "samples": images[chosen],
        "sample_index": context.split.train[chosen].astype(np.uint32),
    }
