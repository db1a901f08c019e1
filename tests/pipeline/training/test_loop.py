"""The training loop: it learns, resumes to the same numbers, and treats SAM and BatchNorm rightly."""

import copy
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_optimizer import SAM

from artifacts.contract import Recipe
from pipeline.config import recipe
from pipeline.models import registry
from pipeline.support.errors import Diverged
from pipeline.training import loop
from pipeline.training.batches import Images, normalise, with_replication
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.loop import State, fit
from pipeline.training.optimizers import learning_rate
from pipeline.training.trials import to_device
from tests.pipeline.made_up import epoch_of

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def parts(sample: tuple[np.ndarray, np.ndarray]) -> tuple[Images, Images]:
    images, labels = sample
    return to_device(images[:192], labels[:192], CPU), to_device(images[192:], labels[192:], CPU)


def small(**changes: object) -> Recipe:
    return recipe(**{"architecture": "OwnBaseline1", "batch_size": 32, "epochs": 3, "lr": 0.02, **changes})


def network(seed: int = 1) -> torch.nn.Module:
    return registry.build("OwnBaseline1", classes=10, image_size=28, seed=seed)


@pytest.mark.parametrize("optimizer", ["SGD", "SAM", "ASAM"])
def test_it_learns(parts: tuple[Images, Images], optimizer: str) -> None:
    train, validation = parts
    rho = 0.5 if optimizer == "ASAM" else 0.05
    fitted = fit(network(), train, validation, small(optimizer=optimizer, rho=rho, epochs=8), 0)
    losses = fitted.fit.curves.train_loss
    assert losses[-1] < 0.5 * losses[0]
    # Chance is 10 %; validation lags behind at first, until BatchNorm's running statistics have settled.
    assert fitted.fit.highest_val_accuracy > 0.3
    assert fitted.val_predictions.shape == (8, len(validation))


def test_kept_weights_are_the_best_epochs(parts: tuple[Images, Images]) -> None:
    train, validation = parts
    fitted = fit(network(), train, validation, small(), 0)
    model = network(seed=9)
    model.load_state_dict(fitted.weights)
    model.to(memory_format=torch.channels_last)
    again = loop.logits_of(model, validation.images).argmax(1)
    best = fitted.fit.best_epoch - 1
    assert torch.equal(again.to(torch.uint8), fitted.val_predictions[best])
    assert fitted.fit.curves.val_accuracy[best] == max(fitted.fit.curves.val_accuracy)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "SAM", "dropout": 0.0, "ema": 0.9},
        {"augmentation_set": 4, "replication": "once", "label_smoothing": 0.1},
        {"augmentation_set": 6, "replication": "every epoch"},
        {"augmentation_set": 2, "replication": "replace"},
    ],
    ids=["plain", "sam+ema", "once", "every epoch", "replace"],
)
def test_resumed_equals_unbroken(
    parts: tuple[Images, Images], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    train, validation = parts
    monkeypatch.setattr("pipeline.training.checkpoints.SECONDS_BETWEEN", 0.0)
    unbroken = fit(network(), train, validation, small(**changes), 7)
    checkpoints = Checkpoints(tmp_path / "checkpoint.safetensors", None)

    def stop_after_first(state: State) -> None:
        checkpoints.keep(state)
        if state.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(network(), train, validation, small(**changes), 7, after_epoch=stop_after_first)
    restored = Checkpoints(tmp_path / "checkpoint.safetensors", None)
    resumed = fit(network(seed=99), train, validation, small(**changes), 7, resume=restored.restore)
    assert resumed.fit == unbroken.fit
    for name, value in unbroken.weights.items():
        assert torch.equal(value, resumed.weights[name]), name


def test_a_damaged_checkpoint_means_a_fresh_start(parts: tuple[Images, Images], tmp_path: Path) -> None:
    train, validation = parts
    (tmp_path / "checkpoint.safetensors").write_bytes(b"not a checkpoint")
    keeper = Checkpoints(tmp_path / "checkpoint.safetensors", None)
    one = dataclasses.replace(small(), epochs=1)
    assert (
        fit(network(), train, validation, one, 0, resume=keeper.restore).fit
        == fit(network(), train, validation, one, 0).fit
    )


def test_sam_takes_batchnorm_statistics_from_the_first_pass(parts: tuple[Images, Images]) -> None:
    """One SAM step with a huge rho: statistics must be those of one SGD step, though the second pass saw others."""
    train, _ = parts
    one = Images(train.images[:32], train.labels[:32])
    statistics = {}
    for optimizer, rho in (("SGD", 0.0), ("SAM", 5.0)):
        model = network()
        fit(model, one, None, dataclasses.replace(small(optimizer=optimizer, rho=rho), epochs=1), 0)
        statistics[optimizer] = {k: v.clone() for k, v in model.state_dict().items() if "running" in k}
    for name, value in statistics["SGD"].items():
        assert torch.equal(value, statistics["SAM"][name]), name


def plain_gradients(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> list[torch.Tensor]:
    loss = torch.nn.functional.cross_entropy(model(x), y)
    return list(torch.autograd.grad(loss, list(model.parameters())))


@pytest.mark.parametrize("optimizer", ["SAM", "ASAM"])
def test_a_step_is_the_papers(parts: tuple[Images, Images], optimizer: str) -> None:
    """w - lr * grad(w + e), written out for a model without BatchNorm: e is rho * g / |g| (Foret et al. 2021, algorithm
    1), adaptively rho * w^2 g / |w g| (Kwon et al. 2021, equation 5)."""
    torch.manual_seed(0)
    train, _ = parts
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    expected = copy.deepcopy(model)
    plain = small(optimizer=optimizer, rho=0.1, momentum=0.0, weight_decay=0.0, schedule="constant")
    x, y = normalise(train.images[:32]), train.labels[:32]
    weights = list(expected.parameters())
    first = plain_gradients(expected, x, y)
    scales = [w.detach().abs() if optimizer == "ASAM" else torch.ones_like(w) for w in weights]
    norm = torch.cat([(t * g).flatten() for t, g in zip(scales, first, strict=True)]).norm()
    moves = [0.1 * t.square() * g / norm for t, g in zip(scales, first, strict=True)]
    with torch.no_grad():
        torch._foreach_add_(weights, moves)
    second = plain_gradients(expected, x, y)
    with torch.no_grad():
        torch._foreach_sub_(weights, moves)
        torch._foreach_sub_(weights, [plain.lr * g for g in second])
    # Nesterov with momentum 0 is refused by torch, so the optimiser is built without it, by hand.
    adaptive = optimizer == "ASAM"
    built = SAM(model.parameters(), torch.optim.SGD, rho=0.1, adaptive=adaptive, lr=plain.lr)
    state = State(model, built, None, best={})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "autocast", lambda device: torch.autocast("cpu", enabled=False))
        loop.step(state, x, y, plain)
    for mine, theirs in zip(model.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("optimizer", ["SGD", "SAM"])
def test_bf16_trains_as_fp32_does(parts: tuple[Images, Images], optimizer: str) -> None:
    """Losses within 3 % over three epochs: bf16 has 8 bits of mantissa; weights, BatchNorm and loss stay in fp32."""
    train, validation = parts
    curves = {}
    for dtype in (torch.bfloat16, torch.float32):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                loop, "autocast", lambda device, dtype=dtype: torch.autocast("cpu", dtype, dtype != torch.float32)
            )
            fitted = fit(network(), train, validation, small(optimizer=optimizer), 0)
        curves[dtype] = fitted.fit.curves.train_loss
        assert all(value.dtype != torch.bfloat16 for value in fitted.weights.values())
    np.testing.assert_allclose(curves[torch.bfloat16], curves[torch.float32], rtol=0.03)
    assert curves[torch.bfloat16] != curves[torch.float32]


def test_one_cycle_rises_and_ends_at_zero() -> None:
    rates = [learning_rate(small(), share / 100) for share in range(101)]
    assert max(rates) == pytest.approx(0.02)
    assert rates[0] < 0.001 < rates[10] < rates[19]
    assert rates[100] == pytest.approx(0.0, abs=1e-9)
    assert learning_rate(small(schedule="constant"), 0.9) == 0.02


def test_patience_ends_a_trial_that_stands_still(parts: tuple[Images, Images]) -> None:
    train, validation = parts
    still = small(lr=1e-12, patience=2)
    fitted = fit(network(), train, validation, dataclasses.replace(still, epochs=40), 0)
    assert len(fitted.fit.curves.val_loss) == fitted.fit.best_epoch + 2 < 40


def test_a_loss_that_is_not_finite_is_said(parts: tuple[Images, Images]) -> None:
    train, validation = parts
    with pytest.raises(Diverged, match="not finite in epoch 1"):
        fit(network(), train, validation, dataclasses.replace(small(schedule="constant"), lr=1e30), 0)


def test_replication_doubles_the_set(parts: tuple[Images, Images]) -> None:
    train, _ = parts
    doubled = with_replication(train, small(augmentation_set=4, replication="once"), 0)
    assert torch.equal(doubled.images[: len(train)], train.images)
    assert not torch.equal(doubled.images[len(train) :], train.images)
    assert torch.equal(doubled.labels[: len(train)], doubled.labels[len(train) :])


def test_every_epoch_mixes_originals_and_new_copies(parts: tuple[Images, Images]) -> None:
    train, _ = parts
    fresh = small(augmentation_set=2, replication="every epoch")
    batches = [epoch_of(train, fresh, epoch) for epoch in (0, 1)]
    assert sum(len(labels) for _, labels in batches[0]) == 2 * len(train)
    originals = {image.numpy().tobytes() for image in normalise(train.images)}
    for epoch in batches:
        kept = sum(image.numpy().tobytes() in originals for x, _ in epoch for image in x)
        assert len(train) <= kept < 1.4 * len(train)
