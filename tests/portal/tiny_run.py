"""Writes a complete run of the contract, small enough for tests: real garments, made-up figures.

The figures are drawn from a fixed seed and mean nothing; sizes are small, and every document and array file is there.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from artifacts import contract as c
from artifacts import deck
from artifacts.corruptions import CORRUPTIONS
from artifacts.store import Run, decode, encode, npz_bytes, record, sha256, write_atomic
from tests.portal.tiny_network import tiny_kernels, tiny_network

FASHION = tuple(score.name for score in deck.CLASS_SCORES)
SAMPLE = Path(__file__).parents[1] / "fixtures" / "fashion_mnist_sample.npz"
MACHINE = c.Machine("Test processor", 2, 8.0, "cpu", "Linux", {"python": "3.11"})
VALIDATION, TEST, EPOCHS = 60, 100, 5
REJECT_ABOVE = -0.1  # of the tiny network for photos: a picture whose mean pixel is below a tenth of white is rejected
OPS = ("HorizontalFlip", "Rotation", "Perspective", "Erasing")


class TinyRun:
    """Collects the files of a run in memory, then writes them with their manifest."""

    def __init__(self, classes: Sequence[str] = FASHION, profile: str = "smoke") -> None:
        self.classes, self.profile = tuple(classes), profile
        self.rng = np.random.default_rng(0)
        with np.load(SAMPLE, allow_pickle=False) as sample:
            keep = sample["labels"] < len(self.classes)
            self.images, self.labels = sample["images"][keep], sample["labels"][keep]
        self.files: dict[str, bytes] = {}
        for part in (
            _data,
            _eda,
            _outliers,
            _architectures,
            _augmentations,
            _tuning,
            _final,
            _errors,
            _feature_maps,
            _embedding_map,
        ):
            part(self)
        _labels(self)
        _improvements(self)
        _robustness(self)
        _models(self)
        _ablation(self)
        _champion(self)
        _clocks(self)

    def add(self, document: Any, path: str | None = None) -> None:
        self.files[path or document.PATH] = encode(document)

    def add_arrays(self, path: str, **arrays: np.ndarray) -> None:
        self.files[path] = npz_bytes(arrays)

    def per_class(self, count: int) -> np.ndarray:
        """(C, count) numbers of images of each class."""
        return np.stack([np.flatnonzero(self.labels == label)[:count] for label in range(len(self.classes))])

    def probabilities(self, labels: np.ndarray) -> np.ndarray:
        """(N, C) float32 that are right about nine times in ten."""
        logits = self.rng.normal(size=(len(labels), len(self.classes)))
        logits[np.arange(len(labels)), labels] += 3.0
        exponent = np.exp(logits)
        return (exponent / exponent.sum(axis=1, keepdims=True)).astype(np.float32)

    def write(self, folder: Path, *, without: Sequence[str] = ()) -> Run:
        """The run in `folder`, less the files whose path begins with one of `without`."""
        kept = {path: data for path, data in self.files.items() if not path.startswith(tuple(without))}
        for path, data in kept.items():
            write_atomic(folder / path, data)
        write_atomic(folder / c.Manifest.PATH, encode(self.manifest(kept)))
        return Run(folder)

    def manifest(self, files: dict[str, bytes]) -> c.Manifest:
        records = {path: record(data) for path, data in files.items()}
        return c.Manifest(
            schema=c.SCHEMA,
            name="tiny",
            data="fashion-mnist",
            data_sha256={},
            profile=self.profile,
            settings=(),
            seed=0,
            classes=self.classes,
            image_size=self.images.shape[1],
            config={},
            machine=MACHINE,
            stages={},
            files={path: value for path, value in records.items() if not path.startswith("clock/")},
            clock_files={path: value for path, value in records.items() if path.startswith("clock/")},
            test_reads=tuple(_reads(files)),
        )


def _reads(files: dict[str, bytes]) -> Iterator[c.TestRead]:
    """The final model's reading, and the champion's where the run has one."""
    yield c.TestRead("final", RECIPE_SHA256, TEST, 2, "2026-11-23T12:00:00+00:00")
    if c.ChampionSummary.PATH in files:
        yield c.TestRead("champion", CHAMPION_SHA256, TEST, 2, "2026-11-23T13:00:00+00:00")


def fit(rng: np.random.Generator, epochs: int = EPOCHS, top: float = 0.9) -> c.Fit:
    """Curves that rise to about `top`, the train curve a little above."""
    rise = 1 - np.exp(-np.arange(1, epochs + 1) / 1.5)
    val = np.clip(top * rise + rng.normal(0, 0.01, epochs), 0, 1)
    train = np.clip((top + 0.05) * rise + rng.normal(0, 0.005, epochs), 0, 1)
    curves = c.Curves(
        tuple((1 - train).tolist()), tuple(train.tolist()), tuple((1.2 - val).tolist()), tuple(val.tolist())
    )
    return c.Fit(
        seed=0,
        curves=curves,
        best_epoch=int(val.argmax()) + 1,
        highest_val_accuracy=float(val.max()),
        lowest_val_loss=float(1.2 - val.max()),
        highest_train_accuracy=float(train.max()),
        lowest_train_loss=float(1 - train.max()),
    )


def spread(fits: Sequence[c.Fit]) -> c.Spread:
    values = np.array([each.highest_val_accuracy for each in fits])
    mean, std = float(values.mean()), float(values.std(ddof=1))
    return c.Spread(len(values), mean, std, mean - 2 * std, mean + 2 * std)


def recipe(**changes: Any) -> c.Recipe:
    values: dict[str, Any] = {
        "architecture": "OwnBaseline2",
        "last_layers": 3,
        "optimizer": "SGD",
        "lr": 0.05,
        "weight_decay": 5e-4,
        "momentum": 0.9,
        "rho": 0.05,
        "batch_size": 512,
        "epochs": EPOCHS,
        "patience": 18,
        "schedule": "one-cycle",
        "label_smoothing": 0.0,
        "ema": 0.0,
        "dropout": 0.0,
        "augmentation_set": 1,
        "replication": "none",
    }
    return c.Recipe(**{**values, **changes})


RECIPE_SHA256 = sha256(encode(recipe()))
CHAMPION = recipe(replication="replace", augmentation_set=7, label_smoothing=0.1, ema=0.99, batch_size=256)
CHAMPION_SHA256 = sha256(encode(CHAMPION))


def _data(run: TinyRun) -> None:
    numbers = np.arange(len(run.images), dtype=np.uint32)
    run.add_arrays("data/split.npz", train=numbers[VALIDATION:], validation=numbers[:VALIDATION])
    run.add_arrays("data/validation.npz", images=run.images[:VALIDATION], labels=run.labels[:VALIDATION])
    run.add_arrays("data/test.npz", images=run.images[-TEST:], labels=run.labels[-TEST:])


def _eda(run: TinyRun) -> None:
    classes = len(run.classes)
    edges = np.linspace(0, 256, 33)
    counts = {
        "train": run.labels[VALIDATION:],
        "validation": run.labels[:VALIDATION],
        "test": run.labels[-TEST:],
    }
    run.add(
        c.EdaSummary(
            split_seed=0,
            counts={name: tuple(np.bincount(labels, minlength=classes).tolist()) for name, labels in counts.items()},
            pixel_mean=float(run.images.mean()),
            pixel_std=float(run.images.std()),
            pixel_min=0,
            pixel_max=255,
            zero_share=float((run.images == 0).mean()),
            histogram_edges=tuple(edges.tolist()),
            histogram_counts=tuple(np.histogram(run.images, edges)[0].tolist()),
            class_pixel_mean=tuple(float(run.images[run.labels == label].mean()) for label in range(classes)),
            class_coverage=tuple(float((run.images[run.labels == label] > 0).mean()) for label in range(classes)),
        )
    )
    index = run.per_class(8)
    average = np.stack([run.images[run.labels == label].mean(axis=0) for label in range(classes)])
    run.add_arrays(
        "eda/images.npz",
        average=average.astype(np.uint8),
        samples=run.images[index],
        sample_index=index.astype(np.uint32),
    )


def _outliers(run: TinyRun) -> None:
    classes = len(run.classes)
    error = run.rng.lognormal(-4.5, 0.6, len(run.images)).astype(np.float32)
    edges = np.linspace(0, float(error.max()), 41)
    run.add(
        c.OutliersSummary(
            images=len(error),
            parameters=12_345,
            epochs=2,
            train_loss=(0.05, 0.02),
            histogram_edges=tuple(edges.tolist()),
            histogram_counts=tuple(np.histogram(error, edges)[0].tolist()),
            class_mean_error=tuple(float(error[run.labels == label].mean()) for label in range(classes)),
            worst_per_class=6,
        )
    )
    numbers = run.per_class(20)
    order = np.argsort(-error[numbers], axis=1)[:, :6]
    index = np.take_along_axis(numbers, order, axis=1)
    run.add_arrays("outliers/errors.npz", error=error, label=run.labels)
    run.add_arrays(
        "outliers/worst.npz",
        index=index.astype(np.uint32),
        error=error[index],
        images=run.images[index],
        reconstructions=(run.images[index] // 2 + run.images[index[:, ::-1]] // 2).astype(np.uint8),
    )


def _layers() -> tuple[c.LayerRow, ...]:
    return (
        c.LayerRow("conv1", "Conv 3x3", 1, 32, (32, 28, 28), 384, 225_792),
        c.LayerRow("conv2", "Conv 3x3", 32, 64, (64, 14, 14), 18_624, 3_612_672),
        c.LayerRow("fc1", "Linear", 3136, 10, (10,), 31_370, 31_360),
    )


def _architectures(run: TinyRun) -> None:
    results = []
    for number, row in enumerate(deck.ARCHITECTURES):
        result = fit(run.rng, top=0.90 - 0.01 * number)
        family = row.name.rstrip("1234567890Blocks")
        results.append(
            c.ArchitectureResult(
                row.name, family, row.layers, row.parameters, 20_000_000 * (number + 1), "good", _layers(), result
            )
        )
        probabilities = run.probabilities(run.labels[:VALIDATION])
        predictions = np.tile(probabilities.argmax(axis=1).astype(np.uint8), (EPOCHS, 1))
        path = f"architectures/{row.name}.npz"
        run.add_arrays(path, val_predictions=predictions, val_probabilities=probabilities.astype(np.float16))
    best = max(results, key=lambda result: result.fit.highest_val_accuracy).name
    run.add(c.ArchitecturesSummary(recipe(), len(run.images) - VALIDATION, VALIDATION, tuple(results), best))


def _augmentations(run: TinyRun) -> None:
    sets = []
    for row in deck.TRAINSETS:
        fits = tuple(fit(run.rng, top=0.88 + 0.002 * row.id) for _ in range(3))
        sets.append(c.SetResult(row.id, row.augmentation, 100 if row.id == 1 else 200, fits, spread(fits)))
    best = max(sets, key=lambda result: result.val_accuracy.mean).id
    run.add(c.AugmentationsSummary(recipe(replication="once"), 100, 100, tuple(sets), best, OPS))
    before = run.images[run.per_class(1)[:8, 0]]
    after = np.stack([before[:, :, ::-1], np.roll(before, 1, axis=1), np.roll(before, 1, axis=2), before // 2])
    run.add_arrays(
        "augmentations/pictures.npz",
        before=before,
        label=np.arange(len(before), dtype=np.uint8),
        after=after.astype(np.uint8),
        sets=np.stack([before[:, :, ::-1]] * (len(deck.TRAINSETS) - 1)),
    )


def _tuning(run: TinyRun) -> None:
    before = c.Ranges((1e-3, 1e-1), (1e-5, 5e-2), (0.8, 0.98), (2, 3), ("SGD", "SAM"))
    after = c.Ranges((5e-3, 5e-2), (1e-4, 5e-3), (0.85, 0.95), (2, 3), ("SGD", "SAM"))
    for name, ranges in (("coarse", before), ("fine", after)):
        trials = [_trial(run.rng, number, ranges) for number in range(6)]
        trials[2] = c.TrialResult(2, trials[2].values, None, "the loss was not finite in epoch 1")
        best = max((t for t in trials if t.fit), key=lambda t: t.fit.highest_val_accuracy).number  # type: ignore[union-attr]
        run.add(c.SearchSummary(name, "deck", recipe(), 100, 100, ranges, tuple(trials), best), f"tuning/{name}.json")  # type: ignore[arg-type]
    run.add(c.RangeCut((0, 1, 3), before, after))
    run.add(confirmed(run.rng))
    run.add(c.ImportancesSummary(tuple(made_up_importances(run, name) for name in ("coarse", "fine"))))


def made_up_importances(run: TinyRun, name: str) -> c.SearchImportances:
    """Slices of the search in `run`, and shares that fall from parameter to parameter; chance is a tenth."""
    search = decode(c.SearchSummary, run.files[f"tuning/{name}.json"], source=name)
    first = [(trial, fit) for trial in search.trials if (fit := (*trial.earlier, trial.fit)[0])]
    parameters = tuple(
        c.ParameterImportance(
            parameter,  # type: ignore[arg-type]
            c.Spread(5, share, 0.03, share - 0.03, share + 0.03),
            c.Spread(5, 0.1, 0.05, 0.05, 0.15),
            tuple(getattr(trial.values, parameter) for trial, _ in first),
        )
        for parameter, share in {
            "lr": 0.5, "weight_decay": 0.2, "momentum": 0.1, "last_layers": 0.01, "optimizer": 0.02
        }.items()
    )  # fmt: skip
    accuracies = tuple(fit.highest_val_accuracy for _, fit in first)
    return c.SearchImportances(search.search, EPOCHS, tuple(trial.number for trial, _ in first), accuracies, parameters)


def confirmed(rng: np.random.Generator) -> c.ConfirmSummary:
    """Three trials trained again, each a little below what its search gave it; the second one's mean is the highest."""
    candidates = []
    for number, top in enumerate((0.90, 0.91, 0.89)):
        values = c.TrialValues(0.01 * (number + 1), 1e-3, 0.9, 2, "SAM" if number else "SGD")
        fits = tuple(fit(rng, top=top) for _ in range(3))
        candidates.append(c.Confirmed("fine", number, values, 0.93 - 0.005 * number, EPOCHS, fits, spread(fits)))
    best = max(range(3), key=lambda place: candidates[place].val_accuracy.mean)  # type: ignore[union-attr]
    return c.ConfirmSummary(recipe(), 100, 100, tuple(candidates), best)


def _trial(rng: np.random.Generator, number: int, ranges: c.Ranges) -> c.TrialResult:
    lr, decay = (float(np.exp(rng.uniform(*np.log(span)))) for span in (ranges.lr, ranges.weight_decay))
    momentum = float(rng.uniform(*ranges.momentum))
    values = c.TrialValues(lr, decay, momentum, 2 + number % 2, "SAM" if number % 3 else "SGD")
    return c.TrialResult(number, values, fit(rng, top=float(rng.uniform(0.8, 0.92))))


def _final(run: TinyRun) -> None:
    labels = run.labels[-TEST:]
    classes = len(run.classes)
    probabilities = run.probabilities(labels)
    predicted = probabilities.argmax(axis=1).astype(np.uint8)
    confusion = np.zeros((classes, classes), dtype=int)
    np.add.at(confusion, (labels, predicted), 1)
    accuracy = float((predicted == labels).mean())
    run.add(
        c.FinalSummary(
            recipe=recipe(),
            recipe_sha256=RECIPE_SHA256,
            chosen_by="highest validation accuracy of the fine search",
            train_images=len(run.images),
            test_images=TEST,
            seeds=(0, 1),
            accuracy=accuracy,
            standard_error=float(np.sqrt(accuracy * (1 - accuracy) / TEST)),
            loss=0.3,
            accuracy_by_seed=(accuracy, accuracy),
            accuracy_spread=c.Spread(2, accuracy, 0.0, accuracy, accuracy),
            val_accuracy=0.9,
            classes=tuple(_class_report(confusion, label, name) for label, name in enumerate(run.classes)),
            macro=c.ClassReport("macro avg", accuracy, accuracy, accuracy, TEST),
            weighted=c.ClassReport("weighted avg", accuracy, accuracy, accuracy, TEST),
            confusion=tuple(tuple(row) for row in confusion.tolist()),
            train_loss=(0.5, 0.3),
            train_accuracy=(0.8, 0.9),
        )
    )
    val_probabilities = run.probabilities(run.labels[:VALIDATION])
    run.add_arrays("final/validation.npz", probabilities=val_probabilities.astype(np.float16))
    run.add_arrays("final/test.npz", probabilities=probabilities, predictions_by_seed=np.stack([predicted, predicted]))
    _embedding(run, classes)


def _class_report(confusion: np.ndarray, label: int, name: str) -> c.ClassReport:
    right, said, there = confusion[label, label], confusion[:, label].sum(), confusion[label].sum()
    precision, recall = right / max(said, 1), right / max(there, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return c.ClassReport(name, float(precision), float(recall), float(f1), int(there))


def _embedding(run: TinyRun, classes: int) -> None:
    width, projected, gallery = 4, 2, 5 * classes
    draw = run.rng.normal
    run.add_arrays(
        "final/embedding.npz",
        mean=draw(size=width).astype(np.float32),
        components=draw(size=(width, projected)).astype(np.float32),
        test=draw(size=(TEST, projected)).astype(np.float16),
        map=draw(size=(TEST, 2)).astype(np.float32),
        gallery_index=np.arange(gallery, dtype=np.uint32),
        gallery_label=run.labels[:gallery],
        gallery_images=run.images[:gallery],
        gallery=draw(size=(gallery, projected)).astype(np.float16),
    )


def _errors(run: TinyRun) -> None:
    with np.load(_stream(run.files["final/test.npz"])) as test:
        probabilities = test["probabilities"]
    labels, predicted = run.labels[-TEST:], probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-probabilities[wrong].max(axis=1))]
    run.add_arrays(
        "errors/mistakes.npz",
        index=wrong.astype(np.uint32),
        true=labels[wrong],
        predicted=predicted[wrong].astype(np.uint8),
        confidence=probabilities[wrong].max(axis=1).astype(np.float32),
    )
    pairs, counts = np.unique(np.stack([labels[wrong], predicted[wrong]], axis=1), axis=0, return_counts=True)
    ranked = sorted(zip(pairs.tolist(), counts.tolist(), strict=True), key=lambda item: -item[1])
    last = len(run.classes) - 1
    run.add(
        c.ErrorsSummary(
            images=TEST,
            mistakes=len(wrong),
            pairs=tuple(c.ConfusedPair(true, said, number) for (true, said), number in ranked),
            highest_f1=(0, 1, 2),
            lowest_f1=(last, last - 1, last - 2),
            mean_confidence_right=0.9,
            mean_confidence_wrong=0.6,
        )
    )


def _stream(data: bytes) -> Any:
    import io

    return io.BytesIO(data)


def _feature_maps(run: TinyRun) -> None:
    filters, side = 4, run.images.shape[1]
    labels = run.labels[-TEST:]
    numbers = [int(np.flatnonzero(labels == label)[0]) for label in range(len(run.classes))]
    index = np.array([numbers[-1], numbers[0], *numbers], dtype=np.uint32)
    images = run.images[-TEST:][index]
    maps = run.rng.random((len(index), filters, side, side)).astype(np.float16)
    sides = ("left", "right", "top", "silent")
    shifts = ((-0.3, 0.0), (0.3, 0.0), (0.0, -0.3), (0.0, 0.0))
    run.add(
        c.FeatureMapsSummary(
            layer="conv1",
            images=TEST,
            threshold=0.1,
            filters=tuple(
                c.FilterSide(number, *shift, side)  # type: ignore[arg-type]
                for number, (shift, side) in enumerate(zip(shifts, sides, strict=True))
            ),
        )
    )
    run.add_arrays(
        "feature-maps/maps.npz",
        filters=tiny_kernels(),
        index=index,
        images=images,
        label=labels[index],
        maps=maps,
        average_map=maps.mean(axis=0, dtype=np.float32),
    )
    nothing = np.zeros(filters, np.float32)
    run.add_arrays("feature-maps/first-layer.npz", bias=nothing, scale=nothing + 1, shift=nothing)


def _embedding_map(run: TinyRun) -> None:
    points = run.rng.normal(size=(TEST, 2)).astype(np.float32)
    run.add(c.EmbeddingMapSummary("t-SNE", 30.0, TEST, 10, trustworthiness=0.99, flat_trustworthiness=0.8))
    run.add_arrays("embedding-map/points.npz", points=points)


def _labels(run: TinyRun) -> None:
    """Every ninth label is suspected, and some other class suggested for it."""
    index = np.arange(0, len(run.images), 9)
    classes = len(run.classes)
    given, suggested = run.labels[index], ((run.labels[index] + 1) % classes).astype(np.uint8)
    probabilities = run.probabilities(suggested)
    run.add_arrays(
        "labels/suspects.npz",
        index=index.astype(np.uint32),
        images=run.images[index],
        given=given,
        suggested=suggested,
        probabilities=probabilities.astype(np.float16),
    )
    run.add_arrays(
        "labels/issues.npz",
        index=index.astype(np.uint32),
        in_validation=index[index < VALIDATION].astype(np.uint32),
    )
    mistakes, images = 2 * len(index), len(run.images)
    run.add(
        c.LabelsSummary(
            recipe=recipe(architecture="OwnBaseline1"),
            folds=2,
            images=images,
            method="cleanlab 2.9.0, find_label_issues, prune_by_noise_rate",
            accuracy=(images - mistakes) / images,
            accuracy_without=(images - mistakes) / (images - len(index)),
            mistakes=mistakes,
            mistakes_left=mistakes - len(index),
            issues=len(index),
            issues_by_class=tuple(np.bincount(given, minlength=classes).tolist()),
            pairs=tuple(
                c.ConfusedPair(label, (label + 1) % classes, int(n))
                for label, n in enumerate(np.bincount(given, minlength=classes))
            ),
        )
    )


def _improvements(run: TinyRun) -> None:
    questions = []
    for key, names in (("batch size", ("512", "64", "32")), ("fresh augmentation", ("once", "every epoch"))):
        variants = []
        for name in names:
            fits = tuple(fit(run.rng) for _ in range(3))
            variants.append(c.Variant(name, recipe(), fits, spread(fits)))
        comparisons = tuple(c.Comparison(names[0], other, 0.001, -0.01, 0.012, 0.7, False) for other in names[1:])
        questions.append(c.Question(key, deck.OPEN_QUESTIONS[key], tuple(variants), comparisons))
    run.add(c.ImprovementsSummary(100, 100, tuple(questions)))


def _robustness(run: TinyRun) -> None:
    """Every curve falls from its own height by five points a strength; sets with rotation stand rotation better."""
    subjects = [(row.name, "network") for row in deck.ARCHITECTURES]
    subjects += [(str(row.id), "trainset") for row in deck.TRAINSETS]
    curves = []
    for number, (name, kind) in enumerate(subjects):
        top = 0.9 - 0.01 * number
        falls = {each.name: tuple(top - 0.05 * step for step in range(len(each.strengths))) for each in CORRUPTIONS}
        if kind == "trainset" and "Rotation" in deck.TRAINSETS[int(name) - 1].augmentation:
            falls["rotate"] = (top,) * len(falls["rotate"])
        curves.append(c.RobustnessCurves(name, kind, falls))  # type: ignore[arg-type]
    run.add(c.RobustnessSummary(VALIDATION, {each.name: each.strengths for each in CORRUPTIONS}, tuple(curves)))


def _models(run: TinyRun) -> None:
    side, models = run.images.shape[1], []
    for number, name in enumerate(("final", *(row.name for row in deck.ARCHITECTURES[:2]))):
        file = f"models/{name}.onnx"
        run.files[file] = tiny_network(classes=len(run.classes), image_size=side, seed=number)
        role = "architecture" if number else "final"
        parity = c.Parity("fp32", TEST, 1e-6, TEST, "test", TEST, 0.9, 0.9, len(run.files[file]))
        models.append(c.ExportedModel(name, role, file, "fp32", 44, 4, (4, side, side), (parity,)))  # type: ignore[arg-type]
    if run.classes == FASHION:
        models.append(_photo_model(run))
    run.add(c.ExportSummary(tuple(models)))


def _photo_model(run: TinyRun) -> c.ExportedModel:
    """The network for photos with its summary; like the pipeline, only for Fashion-MNIST's classes."""
    side, file = run.images.shape[1], "models/photo.onnx"
    run.files[file] = tiny_network(classes=len(run.classes), image_size=side, seed=9, photo=True)
    run.add(
        c.PhotoSummary(
            recipe=recipe(architecture="PhotoNet", replication="randomised"),
            recipe_sha256="1" * 64,
            parameters=44,
            train_images=len(run.images) - VALIDATION,
            fit=fit(run.rng),
            temperature=1.5,
            reject_above=REJECT_ABOVE,
            kept_randomised=0.95,
            kept_plain=0.97,
            caught_outliers=0.8,
            outlier_auroc=0.9,
            validation_accuracy=0.88,
            randomised_accuracy=0.75,
            calibration_error=0.03,
            test_accuracy=0.87,
            test_images=TEST,
        )
    )
    return c.ExportedModel("photo", "photo", file, "fp32", 44, 4, (4, side, side), ())


def _champion(run: TinyRun) -> None:
    """The champion: of its ablation, `without erasing` is a real loss and nothing else is shown."""
    validation, test = run.labels[:VALIDATION], run.labels[-TEST:]
    probabilities = run.probabilities(validation)
    predictions = np.tile(probabilities.argmax(axis=1).astype(np.uint8), (EPOCHS, 1))
    half = probabilities.astype(np.float16)
    run.add_arrays("champion/validation.npz", val_predictions=predictions, val_probabilities=half)
    answers = np.stack([run.probabilities(test).argmax(axis=1) for _ in range(2)]).astype(np.uint8)
    run.add_arrays("champion/test.npz", predictions_by_seed=answers)
    single = tuple((answers == test).mean(axis=1).tolist())
    mean, std = float(np.mean(single)), float(np.std(single, ddof=1))
    side, file = run.images.shape[1], "models/champion.onnx"
    run.files[file] = tiny_network(classes=len(run.classes), image_size=side, seed=7)
    parity = c.Parity("fp32", TEST, 1e-6, TEST, "test", TEST, 0.9, 0.9, len(run.files[file]))
    run.add(
        c.ChampionSummary(
            recipe=CHAMPION,
            recipe_sha256=CHAMPION_SHA256,
            layers=9,
            parameters=2_917_482,
            macs=50_000_000,
            fit=fit(run.rng, top=0.93),
            fit_images=150,
            fit_mirrored=0.94,
            validation_images=VALIDATION,
            train_images=len(run.images),
            test=c.Views(TEST, (0, 1), single, single, 0.95, 0.96),
            accuracy=single[0],
            standard_error=float(np.sqrt(single[0] * (1 - single[0]) / TEST)),
            accuracy_spread=c.Spread(2, mean, std, mean - std, mean + std),
            model=c.ExportedModel("champion", "champion", file, "fp32", 44, 4, (4, side, side), (parity,)),
        )
    )


def _ablation(run: TinyRun) -> None:
    views = c.Views(VALIDATION, (0, 1, 2), (0.88, 0.89, 0.9), (0.89, 0.9, 0.91), 0.91, 0.92)
    run.add(c.AblationSummary(_ablated(run.rng), 100, VALIDATION, "student", views))


def _ablated(rng: np.random.Generator) -> c.Question:
    names = ("champion", "without mirror image", "without erasing", "student")
    fits = {name: tuple(fit(rng, top=0.85 if "erasing" in name else 0.89) for _ in range(3)) for name in names}
    variants = tuple(c.Variant(name, CHAMPION, fits[name], spread(fits[name])) for name in names)
    comparisons = (
        c.Comparison("champion", "without mirror image", -0.002, -0.008, 0.004, 0.4, False),
        c.Comparison("champion", "without erasing", -0.04, -0.05, -0.03, 0.001, True),
        c.Comparison("champion", "student", 0.003, None, None, None, False),
    )
    return c.Question("ablation", "What is each part of the recipe worth?", variants, comparisons)


def _clocks(run: TinyRun) -> None:
    stages = (
        "data",
        "eda",
        "outliers",
        "architectures",
        "augmentations",
        "tune-coarse",
        "tune-fine",
        "confirm",
        "final",
    )
    for stage in (*stages, "errors", "feature-maps", "embedding-map", "improvements", "export"):
        trials = {str(number): c.TrialClock(2.0, 2.0 * (number + 1)) for number in range(6)}
        clock = c.StageClock(stage, "2026-11-23T12:00:00+00:00", "2026-11-23T12:00:12+00:00", 12.0, 1, MACHINE, trials)
        run.add(clock, c.StageClock.path(stage))
