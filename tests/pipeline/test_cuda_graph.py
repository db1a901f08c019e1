"""A step that a GPU replays: it gives what a plain step gives, changes nothing when captured, and never asks the host.

Without a GPU a stand-in runs the step again from the same buffers, and fake tensors of a GPU show what a step would do
there. The tests marked `gpu` need a real one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from artifacts.contract import Recipe
from pipeline import cuda_graph, training
from pipeline.batches import Images
from pipeline.config import recipe
from pipeline.models import registry
from pipeline.training import Epochs, Fitted, State, fit
from pipeline.trials import _Checkpoints, to_device

CPU = torch.device("cpu")
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
RECIPES = {
    "plain": {},
    "dropout and average": {"dropout": 0.3, "ema": 0.9},
    "SAM": {"optimizer": "SAM", "ema": 0.9},
    "ASAM": {"optimizer": "ASAM", "rho": 0.5},
    "once": {"augmentation_set": 4, "replication": "once", "label_smoothing": 0.1},
    "every epoch": {"augmentation_set": 6, "replication": "every epoch"},
    "replace": {"augmentation_set": 7, "replication": "replace"},
    "mixed": {"augmentation_set": 7, "replication": "mixed", "ema": 0.9},
}
# What makes a GPU wait for the host: a value read back, or a shape that depends on values.
WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "multinomial", "unique", "is_nonzero", "equal.default")


def plan(name: str) -> Recipe:
    return recipe(**{"architecture": "OwnBaseline2", "batch_size": 32, "epochs": 2, "lr": 0.02, **RECIPES[name]})


def network(of: Recipe) -> torch.nn.Module:
    return registry.build(of.architecture, classes=10, image_size=28, seed=1, dropout=of.dropout)


@pytest.fixture(scope="module")
def parts(sample: tuple[np.ndarray, np.ndarray]) -> tuple[Images, Images]:
    images, labels = sample
    return to_device(images[:192], labels[:192], CPU), to_device(images[192:], labels[192:], CPU)


def run_again(
    work: Callable[[Tensor], None], example: Tensor, changed: Callable[[], Sequence[Tensor]], generator: torch.Generator
) -> Callable[[Tensor], None]:
    """What `cuda_graph.replayed` does, with the step run again in the place of a graph."""
    given = example.clone()
    with cuda_graph.unchanged(changed):
        for _ in range(cuda_graph.WARM_UP):
            work(given)

    def replay(drawn: Tensor) -> None:
        given.copy_(drawn)
        work(given)

    return replay


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(training, "rates_are_tensors", lambda device: True)
    monkeypatch.setattr(cuda_graph, "replayed", run_again)
    yield


def assert_alike(one: Fitted, other: Fitted) -> None:
    """Rounding apart: the GPU's optimizer multiplies and adds in another order, and bf16 has 8 bits."""
    np.testing.assert_allclose(one.fit.curves.train_loss, other.fit.curves.train_loss, rtol=0.01)
    for name, value in one.weights.items():
        torch.testing.assert_close(value, other.weights[name], rtol=0.02, atol=2e-3, msg=name)


@pytest.mark.parametrize("name", RECIPES)
def test_replayed_steps_train_as_plain_ones_do(
    parts: tuple[Images, Images], name: str, request: pytest.FixtureRequest
) -> None:
    plain = fit(network(plan(name)), *parts, plan(name), 7)
    request.getfixturevalue("as_on_a_gpu")
    assert_alike(plain, fit(network(plan(name)), *parts, plan(name), 7))


def test_a_capture_leaves_weights_momentum_and_average_as_they_were(
    parts: tuple[Images, Images], as_on_a_gpu: None
) -> None:
    of = plan("SAM")
    state = training._fresh_state(network(of), of)
    fresh = {name: value.clone() for name, value in state.model.state_dict().items()}
    epochs = Epochs(state, parts[0], of, 0)
    assert all(torch.equal(value, fresh[name]) for name, value in state.model.state_dict().items())
    assert all(not kept["momentum_buffer"].any() for kept in state.optimizer.state.values())
    epochs.train(lambda share: None)
    trained = [tensor.clone() for tensor in state.tensors()]
    Epochs(state, parts[0], of, 0)
    assert all(torch.equal(tensor, before) for tensor, before in zip(state.tensors(), trained, strict=True))


def test_resumed_equals_unbroken_where_steps_are_replayed(
    parts: tuple[Images, Images], as_on_a_gpu: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.trials.CHECKPOINT_SECONDS", 0.0)
    of = plan("dropout and average")
    unbroken = fit(network(of), *parts, of, 7)
    checkpoints = _Checkpoints(tmp_path / "checkpoint.safetensors", None)

    def stop(state: State) -> None:
        checkpoints.keep(state)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(network(of), *parts, of, 7, after_epoch=stop)
    resumed = fit(network(of), *parts, of, 7, resume=_Checkpoints(tmp_path / "checkpoint.safetensors", None).restore)
    assert resumed.fit == unbroken.fit


def test_a_step_that_cannot_be_captured_runs_uncaptured(parts: tuple[Images, Images]) -> None:
    """Without a driver nothing can be captured: the same path as on a GPU whose driver refuses."""
    if torch.cuda.is_available():
        pytest.skip("this machine can capture")
    with pytest.warns(UserWarning, match="could not be captured"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "rates_are_tensors", lambda device: True)
        fitted = fit(network(plan("plain")), *parts, plan("plain"), 7)
    assert len(fitted.fit.curves.train_loss) == 2


# ----------------------------------------------------------------------------------------- what a step does on a GPU


class _GeneratorOfAGpu:
    """Says that it lives on a GPU; what it draws is fake."""

    device = torch.device("cuda")

    def __init__(self, device: torch.device) -> None:
        assert device.type == "cuda"


class _Operations(TorchDispatchMode):
    """Keeps the names of all operations. The fused optimizer has no fake form: its rate must lie on the GPU."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func))
        if "_fused_sgd_" in str(func):
            assert kwargs["lr"].device.type == "cuda"
            return None
        return func(*args, **(kwargs or {}))


@pytest.fixture
def fake_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("rand", "randint"):
        draw = getattr(torch, name)
        monkeypatch.setattr(torch, name, lambda *a, generator, device, draw=draw: draw(*a, device=device))
    monkeypatch.setattr(torch, "Generator", _GeneratorOfAGpu)
    monkeypatch.setattr(cuda_graph, "replayed", lambda *given: None)
    with FakeTensorMode(), pytest.warns(UserWarning, match="CUDA is not available"):
        yield


@pytest.mark.parametrize("name", RECIPES)
def test_a_step_never_makes_the_gpu_wait_for_the_host(
    name: str, fake_gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fake tensors refuse what reads a value back; the backward pass, which needs a driver, is left out."""
    of = plan(name)
    with torch.device("cuda"):
        model, averaged = network(of), network(of)
        train = Images(torch.zeros(64, 1, 28, 28, dtype=torch.uint8), torch.zeros(64, dtype=torch.int64))
        drawn = torch.arange(32)
    monkeypatch.setattr(training.copy, "deepcopy", lambda model: averaged)
    state = training._fresh_state(model, of)

    def backward(loss: Tensor) -> None:
        for parameter in model.parameters():
            parameter.grad = torch.empty_like(parameter)

    monkeypatch.setattr(Tensor, "backward", backward)
    epochs = Epochs(state, train, of, 0)
    state.set_rates(of, 0.5)
    with _Operations() as first:
        epochs._take(drawn)
    assert any("_fused_sgd_.tensor_lr" in operation for operation in first.names)
    assert not [operation for operation in first.names for word in WAITING if word in operation]


# ------------------------------------------------------------------------------------------------------- with a GPU


@gpu
@pytest.mark.parametrize("name", RECIPES)
def test_a_graph_trains_as_plain_steps_do(
    parts: tuple[Images, Images], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, validation = (dataclasses.replace(p, images=p.images.cuda(), labels=p.labels.cuda()) for p in parts)
    graphed = fit(network(plan(name)), train, validation, plan(name), 7)
    monkeypatch.setattr(cuda_graph, "replayed", lambda *given: None)
    assert_alike(graphed, fit(network(plan(name)), train, validation, plan(name), 7))


@gpu
def test_a_step_is_captured(parts: tuple[Images, Images]) -> None:
    train = dataclasses.replace(parts[0], images=parts[0].images.cuda(), labels=parts[0].labels.cuda())
    of = plan("SAM")
    epochs = Epochs(training._fresh_state(network(of).cuda(), of), train, of, 0)
    assert isinstance(epochs.graph, cuda_graph.Replayed)


@gpu
def test_exact_answers_are_those_of_a_cpu(parts: tuple[Images, Images]) -> None:
    model = network(plan("plain"))
    cpu = training.logits_of(model, parts[1].images, exact=True)
    torch.testing.assert_close(training.logits_of(model.cuda(), parts[1].images.cuda(), exact=True).cpu(), cpu)


def test_no_convolution_is_rounded_to_tf32() -> None:
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
