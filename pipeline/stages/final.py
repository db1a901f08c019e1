"""Stage final: the best recipe on train and validation data with several seeds, then one test-set evaluation.

Deck section 5. Every choice is frozen and hashed before the test labels are compared with anything:
recipe, epochs, seeds, and which seed's network is the published one (the first).
"""

import dataclasses
from statistics import median_low

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from torch.nn import functional as F

from artifacts import store
from artifacts.contract import ClassReport, ConfirmSummary, FinalSummary, Fit, Recipe
from pipeline import data
from pipeline.execution.pool import threads_for
from pipeline.stages.confirm import confirm_spec
from pipeline.stages.context import Context
from pipeline.stages.experiments import fits_of, seeds, trial_of
from pipeline.stages.tuning import recipe_with
from pipeline.support.seeding import derive
from pipeline.support.statistics import spread, standard_error
from pipeline.training.batches import normalise
from pipeline.training.loop import EVAL_BATCH, logits_of
from pipeline.training.trials import TrialSpec, to_device

PROJECTION_SIZE = 32


def run(context: Context) -> None:
    """Write `final/summary.json`, the test probabilities, the recipe's validation probabilities and embeddings."""
    confirmed = context.document(ConfirmSummary)
    recipe = frozen_recipe(context, confirmed)
    plan = [_spec(context, recipe, seed) for seed in seeds(context, context.config.final.seeds)]
    finished = context.run_trials(plan, [f"seed {spec.seed}" for spec in plan])
    # For calibration: the chosen recipe's answers, trained on the train part alone.
    validation = context.pool.finished(confirmed_spec(context, confirmed)).arrays()
    context.write_arrays("final/validation.npz", {"probabilities": validation["val_probabilities"]})
    logits = _read_test_set(context, plan, recipe)
    arrays = {
        "probabilities": logits[0].softmax(1).numpy(),
        "predictions_by_seed": torch.stack([each.argmax(1) for each in logits]).to(torch.uint8).numpy(),
    }
    context.write_arrays("final/test.npz", arrays)
    context.write_arrays("final/embedding.npz", _embeddings(context, plan[0]))
    context.write(_summary(context, plan, fits_of(finished), confirmed, logits))


def confirmed_spec(context: Context, confirmed: ConfirmSummary) -> TrialSpec:
    """Return the chosen recipe's first trial in stage confirm, on the train part alone."""
    chosen = confirmed.winner
    return confirm_spec(context, confirmed.recipe, chosen.values, chosen.fits[0].seed)


def frozen_recipe(context: Context, confirmed: ConfirmSummary) -> Recipe:
    """Return the confirmed recipe with the final epochs: the profile's, or the median of its seeds' best epochs."""
    chosen = confirmed.winner
    epochs = context.config.final.epochs or median_low(fit.best_epoch for fit in chosen.fits)
    return dataclasses.replace(recipe_with(confirmed.recipe, chosen.values), epochs=epochs, patience=epochs)


def _spec(context: Context, recipe: Recipe, seed: int) -> TrialSpec:
    config = context.config.final
    ranks = context.pool.ranks
    return trial_of(
        context, recipe, seed, part="all", train_images=config.train_images, trials=config.seeds, ranks=ranks
    )


def published_spec(context: Context) -> TrialSpec:
    """Return the published network's trial: the first seed's, fixed before the test set was read."""
    summary = context.document(FinalSummary)
    return _spec(context, summary.recipe, summary.seeds[0])


# ----------------------------------------------------------------------------------------------------- reading, once


def _read_test_set(context: Context, plan: list[TrialSpec], recipe: Recipe) -> list[torch.Tensor]:
    """Return logits float32 (N, classes) of every seed's network on the test images: one recorded reading."""
    dataset = context.dataset
    test = to_device(dataset.test_images, dataset.test_labels, context.device)
    context.put_reading_on_record("final", store.recipe_sha256(recipe), len(plan))
    torch.set_num_threads(threads_for(1))
    return [logits_of(context.network(spec).to(context.device), test.images, exact=True).cpu() for spec in plan]


@torch.no_grad()
def _embeddings(context: Context, spec: TrialSpec) -> dict[str, np.ndarray]:
    """Return the published model's embeddings, by PCA, of test images and a gallery of training images."""
    dataset = context.dataset
    model = context.network(spec).to(context.device)

    def embed(images: np.ndarray) -> np.ndarray:
        tensor = torch.from_numpy(np.ascontiguousarray(images)).unsqueeze(1).to(context.device)
        return torch.cat([model.taps(normalise(part)).embedding for part in tensor.split(EVAL_BATCH)]).cpu().numpy()

    gallery = _gallery(context)
    train_embedding = embed(dataset.train_images[gallery])
    size = min(PROJECTION_SIZE, *train_embedding.shape)
    pca = PCA(n_components=size, svd_solver="covariance_eigh").fit(train_embedding)
    test = pca.transform(embed(dataset.test_images))
    return {
        "mean": pca.mean_.astype(np.float32),
        "components": pca.components_.T.astype(np.float32),
        "test": test.astype(np.float16),
        "map": test[:, :2].astype(np.float32),
        "gallery_index": gallery,
        "gallery_label": dataset.train_labels[gallery],
        "gallery_images": dataset.train_images[gallery],
        "gallery": pca.transform(train_embedding).astype(np.float16),
    }


def _gallery(context: Context) -> np.ndarray:
    """Return training images (uint32, sorted) to search for neighbors: the same number of each class."""
    labels = context.dataset.train_labels
    generator = np.random.default_rng(derive(context.config.seed, "gallery"))
    chosen = data.of_each_class(labels, context.config.final.gallery_per_class, generator)
    return np.sort(chosen.ravel()).astype(np.uint32)


# ------------------------------------------------------------------------------------------------------------ summary


def _summary(
    context: Context,
    plan: list[TrialSpec],
    fits: tuple[Fit, ...],
    confirmed: ConfirmSummary,
    logits: list[torch.Tensor],
) -> FinalSummary:
    labels = context.dataset.test_labels
    predicted = [each.argmax(1).numpy() for each in logits]
    accuracies = [float((each == labels).mean()) for each in predicted]
    names = list(context.dataset.classes)
    matrix = confusion_matrix(labels, predicted[0], labels=range(len(names)))
    validation = confirmed.winner.val_accuracy
    assert validation is not None
    return FinalSummary(
        recipe=plan[0].recipe,
        recipe_sha256=store.recipe_sha256(plan[0].recipe),
        chosen_by=_chosen_by(confirmed),
        train_images=min(plan[0].train_images, len(context.split.train) + len(context.split.validation)),
        test_images=len(labels),
        seeds=tuple(spec.seed for spec in plan),
        accuracy=accuracies[0],
        standard_error=standard_error(accuracies[0], len(labels)),
        loss=F.cross_entropy(logits[0], torch.from_numpy(labels.astype(np.int64))).item(),
        accuracy_by_seed=tuple(accuracies),
        accuracy_spread=spread(accuracies),
        val_accuracy=validation.mean,
        val_seeds=validation.n,
        classes=_class_reports(names, labels, predicted[0]),
        macro=_average_report("macro avg", labels, predicted[0], "macro"),
        weighted=_average_report("weighted avg", labels, predicted[0], "weighted"),
        confusion=tuple(tuple(int(n) for n in row) for row in matrix),
        train_loss=fits[0].curves.train_loss,
        train_accuracy=fits[0].curves.train_accuracy,
    )


def _chosen_by(confirmed: ConfirmSummary) -> str:
    chosen, n = confirmed.winner, len(confirmed.winner.fits)
    new_seeds = f"{n} new seeds" if n > 1 else "a new seed"
    return (
        f"{chosen.search} search, trial {chosen.trial}, the highest mean validation accuracy of the "
        f"{len(confirmed.candidates)} best trials, trained again with {new_seeds}"
    )


def _class_reports(names: list[str], labels: np.ndarray, predicted: np.ndarray) -> tuple[ClassReport, ...]:
    columns = precision_recall_fscore_support(labels, predicted, labels=range(len(names)), zero_division=0.0)
    return tuple(
        ClassReport(name, float(precision), float(recall), float(f1), int(support))
        for name, precision, recall, f1, support in zip(names, *columns, strict=True)
    )


def _average_report(name: str, labels: np.ndarray, predicted: np.ndarray, average: str) -> ClassReport:
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predicted, average=average, zero_division=0.0)
    return ClassReport(name, float(precision), float(recall), float(f1), len(labels))
