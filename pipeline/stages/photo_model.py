"""Stage photo-model: a network for visitors' photos, trained on Fashion-MNIST and on photographs (no deck section).

Domain randomization (Tobin et al. 2017, arXiv:1703.06907) toward what photo preparation hands over, outlier exposure
(Hendrycks et al. 2019, arXiv:1812.04606) for "none of these", contextual calibration (Zhao et al. 2021,
arXiv:2102.09690) on pictures of no class, temperature scaling (Guo et al. 2017, arXiv:1706.04599).
"""

import dataclasses

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional as F

from artifacts import store
from artifacts.contract import PhotoSummary
from pipeline.data import FASHION_MNIST_NAMES
from pipeline.models.base import ImageClassifier
from pipeline.models.inspection import count_parameters
from pipeline.randomisation import NO_CLASS, choose, make_outliers
from pipeline.stages import photo_training
from pipeline.stages.context import Context
from pipeline.stages.experiments import fits_of, trial_of
from pipeline.support.seeding import derive
from pipeline.training.batches import Images, randomised
from pipeline.training.loop import logits_of
from pipeline.training.trials import TrialSpec, indices, to_device

# Of the randomized validation garments, the share that the threshold keeps: a wrong "none" costs a visitor more than
# a wrong class, but a bag of potatoes must not become a Bag.
KEPT_SHARE = 0.95
CALIBRATION_BINS = 15
PRIOR_IMAGES = 5_000  # outliers that say which classes the network takes unclear pictures for


def run(context: Context) -> None:
    """Write `photo-model/summary.json`, and `photographs.json` where the network was trained on some.

    Another data set than Fashion-MNIST has no photo model, so nothing.
    """
    if not has_photo_model(context):
        context.console.print("      left out: the randomisation knows Fashion-MNIST's ten classes only")
        return
    spec, photographs = photo_spec(context), photo_training.prepared(context)
    [result] = context.run_trials([spec], ["photo model"])
    [fit] = fits_of([result])
    model = context.network(spec)
    validation = to_device(
        context.dataset.train_images[context.validated],
        context.dataset.train_labels[context.validated],
        torch.device("cpu"),
    )
    seen = randomised(validation, spec.split.seed)
    logits = logits_of(model, seen.images, exact=True)
    plain = logits_of(model, validation.images, exact=True)
    unclear = unclear_images(context, spec)
    prior = log_prior(logits_of(model, unclear, exact=True))
    garment = seen.labels < NO_CLASS
    score, own = rejection(logits), logits[:, :NO_CLASS] - prior
    heat = temperature(own[garment], seen.labels[garment])
    threshold = float(np.quantile(score[garment].numpy(), KEPT_SHARE))
    if photographs is not None:
        threshold = _write_training(context, model, photographs, prior)
    summary = PhotoSummary(
        recipe=spec.recipe,
        recipe_sha256=store.recipe_sha256(spec.recipe),
        parameters=count_parameters(model),
        train_images=min(spec.train_images, len(context.split.train)),
        fit=fit,
        temperature=heat,
        reject_above=threshold,
        kept_randomised=_share(score[garment] <= threshold),
        kept_plain=_share(rejection(plain) <= threshold),
        caught_outliers=_share(score[~garment] > threshold),
        outlier_auroc=float(roc_auc_score((~garment).numpy(), score.numpy())),
        validation_accuracy=_accuracy(plain[:, :NO_CLASS] - prior, validation),
        randomised_accuracy=_share(own[garment].argmax(1) == seen.labels[garment]),
        calibration_error=calibration_error((own[garment] / heat).softmax(1), seen.labels[garment]),
        test_accuracy=_read_test_set(context, model, spec, prior),
        test_images=len(context.dataset.test_labels),
        log_prior=tuple(prior.tolist()),
        prior_images=len(unclear),
    )
    context.write(summary)


def _write_training(
    context: Context, model: ImageClassifier, photographs: photo_training.Arrays, prior: Tensor
) -> float:
    """Write `photo-model/photographs.json`; the threshold that keeps KEPT_SHARE of the garments held back."""
    given, held = context.dataset.photographs, photographs["held"]
    assert given is not None
    answered = photo_training.answers(model, photographs["views"][held], prior)
    threshold = photo_training.threshold(answered[1], torch.from_numpy(photographs["right"][held]), KEPT_SHARE)
    context.write(photo_training.summary(given, photographs, answered, threshold))
    return threshold


def has_photo_model(context: Context) -> bool:
    return context.dataset.classes == FASHION_MNIST_NAMES


def photo_spec(context: Context) -> TrialSpec:
    config = context.config.photo_model
    spec = trial_of(context, config.recipe, context.config.seed, train_images=config.train_images, trials=1)
    photographs = context.dataset.photographs
    return dataclasses.replace(spec, photographs=photographs.key if photographs else "")


def rejection(logits: Tensor) -> Tensor:
    """How likely none of the classes is shown (N,): the last logit against all others together, in nats."""
    return logits[:, -1] - logits[:, :-1].logsumexp(1)


def unclear_images(context: Context, spec: TrialSpec) -> Tensor:
    """Outliers made from the trial's training images, uint8 (N, 1, S, S)."""
    index, _ = indices(context.dataset, spec)
    train = to_device(context.dataset.train_images[index], context.dataset.train_labels[index], torch.device("cpu"))
    generator = torch.Generator().manual_seed(derive(spec.seed, "prior"))
    source = choose(train.labels, min(PRIOR_IMAGES, len(train)), generator)
    made = make_outliers(train.images[source].float() / 255, train.labels[source], generator)
    return made.mul(255).round().to(torch.uint8)


def log_prior(logits: Tensor) -> Tensor:
    """Which classes the network takes pictures of none of them for: the log of its mean answer, (classes,) in nats.

    `logits` (N, classes + 1) are its answers to `unclear_images`. Fashion-MNIST's bags have so many shapes that what is
    badly cut out is taken for one; subtracted, this asks of an answer that it be more likely than for no garment.
    """
    return logits[:, :NO_CLASS].softmax(1).mean(0).log()


def temperature(logits: Tensor, labels: Tensor) -> float:
    """The number that divides logits (N, classes) so that their probabilities fit the labels best."""
    candidates = torch.logspace(-1, 1, 201)
    losses = torch.stack([F.cross_entropy(logits / candidate, labels) for candidate in candidates])
    return float(candidates[losses.argmin()])


def calibration_error(probabilities: Tensor, labels: Tensor) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over equal bins (Guo et al. 2017)."""
    confidence, predicted = probabilities.max(1)
    right = (predicted == labels).float()
    bins = (confidence * CALIBRATION_BINS).long().clamp(max=CALIBRATION_BINS - 1)
    gaps = [(right[bins == b] - confidence[bins == b]).sum().abs() for b in range(CALIBRATION_BINS)]
    return float(torch.stack(gaps).sum() / len(labels))


def _read_test_set(context: Context, model: ImageClassifier, spec: TrialSpec, prior: Tensor) -> float:
    """The photo model's accuracy on the plain test images: one reading by its own frozen recipe, put on record."""
    dataset = context.dataset
    test = to_device(dataset.test_images, dataset.test_labels, torch.device("cpu"))
    context.put_reading_on_record("photo", store.recipe_sha256(spec.recipe), 1)
    return _accuracy(logits_of(model, test.images, exact=True)[:, :NO_CLASS] - prior, test)


def _accuracy(logits: Tensor, images: Images) -> float:
    return _share(logits.argmax(1) == images.labels)


def _share(marks: Tensor) -> float:
    return float(marks.float().mean())
