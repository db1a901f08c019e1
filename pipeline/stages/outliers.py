"""Stage outliers: training images with the highest autoencoder reconstruction error (deck section 1)."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from artifacts.contract import OutliersSummary
from pipeline import data
from pipeline.config import OutliersConfig
from pipeline.models.autoencoder import ConvAutoencoder
from pipeline.stages.context import Context
from pipeline.support.progress import StageProgress
from pipeline.support.seeding import derive
from pipeline.training.batches import normalise
from pipeline.training.loop import autocast

HISTOGRAM_BINS = 60


def run(context: Context) -> None:
    """Write the error of every training image, the worst of each class and their reconstructions."""
    config, dataset = context.config.outliers, context.dataset
    images = torch.from_numpy(dataset.train_images.copy()).unsqueeze(1).to(context.device)
    chosen = data.subset(context.split.train, dataset.train_labels, config.train_images, context.config.split.seed)
    with context.progress("outliers") as progress:
        model, losses = _train(context, images[torch.from_numpy(chosen.astype(np.int64))], progress)
        reconstructions = _reconstruct(model, images)
    error = ((reconstructions.float() - images.float()) / 255).square().mean(dim=(1, 2, 3)).cpu().numpy()
    labels = dataset.train_labels
    context.write_arrays("outliers/errors.npz", {"error": error, "label": labels})
    worst = _worst(error, labels, config.worst_per_class, len(dataset.classes))
    pictures = {
        "index": worst.astype(np.uint32),
        "error": error[worst],
        "images": dataset.train_images[worst],
        "reconstructions": reconstructions[torch.from_numpy(worst)].squeeze(2).cpu().numpy(),
    }
    context.write_arrays("outliers/worst.npz", pictures)
    context.write(_summary(config, model, losses, error, labels, len(dataset.classes)))


def _train(context: Context, images: Tensor, progress: StageProgress) -> tuple[ConvAutoencoder, list[float]]:
    """Train with mean squared error and Adam with a one-cycle rate; return the mean loss of each epoch too."""
    config, device = context.config.outliers, context.device
    seed = derive(context.config.seed, "outliers")
    torch.manual_seed(seed)
    # One thread count for every machine of a kind keeps the sums, and so the artifacts, the same.
    torch.set_num_threads(2)
    model = ConvAutoencoder(image_size=images.shape[-1]).to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
    size = min(config.batch_size, len(images))
    steps = config.epochs * (len(images) // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=config.lr * 2, total_steps=steps)
    generator = torch.Generator(device).manual_seed(seed)
    losses = []
    for _ in range(config.epochs):
        total = torch.zeros((), device=device)
        order = torch.randperm(len(images), generator=generator, device=device)
        batches = [part for part in order.split(size) if len(part) == size]
        for index in batches:
            x_N1SS = normalise(images[index])
            optimizer.zero_grad(set_to_none=True)
            with autocast(device):
                reconstruction = model(x_N1SS)
            loss = F.mse_loss(reconstruction.float(), x_N1SS)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.detach()
            progress(progress.share + 0.9 / steps)
        context.check_budget()
        losses.append(total.item() / len(batches))
    return model, losses


@torch.no_grad()
def _reconstruct(model: ConvAutoencoder, images: Tensor) -> Tensor:
    """uint8 (N, 1, S, S) in, the same out."""
    model.eval()
    parts = []
    for chunk in images.split(1000):
        with autocast(images.device):
            parts.append(model(normalise(chunk)).float().mul(255).round().clamp(0, 255).to(torch.uint8))
    return torch.cat(parts)


def _worst(error: np.ndarray, labels: np.ndarray, count: int, classes: int) -> np.ndarray:
    """Indices (classes, count) of the largest errors in each class, worst first."""
    count = min(count, int(np.bincount(labels, minlength=classes).min()))
    rows = []
    for label in range(classes):
        index = np.flatnonzero(labels == label)
        rows.append(index[np.argsort(-error[index], kind="stable")[:count]])
    return np.stack(rows)


def _summary(
    config: OutliersConfig,
    model: ConvAutoencoder,
    losses: list[float],
    error: np.ndarray,
    labels: np.ndarray,
    classes: int,
) -> OutliersSummary:
    counts, edges = np.histogram(error, bins=HISTOGRAM_BINS, range=(0.0, float(error.max())))
    return OutliersSummary(
        images=len(error),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        epochs=config.epochs,
        train_loss=tuple(losses),
        histogram_edges=tuple(float(edge) for edge in edges),
        histogram_counts=tuple(int(n) for n in counts),
        class_mean_error=tuple(float(error[labels == label].mean()) for label in range(classes)),
        worst_per_class=config.worst_per_class,
    )
