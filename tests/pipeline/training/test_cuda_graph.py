"""A step that a GPU replays: it gives what a plain step gives, changes nothing when captured, and never asks the host.

Without a GPU a tape of the step's operations stands in for the graph, and fake tensors of a GPU show what a step would
do there. The tests marked `gpu` need a real one.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from artifacts.contract import Recipe
from pipeline.config import recipe
from pipeline.models import registry
from pipeline.training import cuda_graph, loop, optimizers
from pipeline.training.batches import Images
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.loop import Fitted, State, Trainer, fit
from pipeline.training.trials import to_device

CPU = torch.device("cpu")
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@pytest.fixture
def repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU adds in the same order every time: one rounding grows thirtyfold a step at these rates."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)


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


class Tape(TorchDispatchMode):
    """Stands in for a graph: keeps the operations of one step, and does the same ones again on the same memory.

    As in a graph, the numbers of Python that the step used are fixed, and nothing may be read back to the host.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[Any, tuple[Any, ...], dict[str, Any], list[Tensor]]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert not any(word in str(func) for word in WAITING), f"{func} makes the host wait"
        result = func(*args, **(kwargs or {}))
        self.kept.append((func, args, kwargs or {}, tensors_in(result)))
        return result

    def replay(self) -> None:
        with torch.no_grad():
            for func, args, kwargs, results in self.kept:
                for result, again in zip(results, tensors_in(func(*args, **kwargs)), strict=True):
                    if again.data_ptr() != result.data_ptr():  # else a view, or done in place
                        result.copy_(again)


def tensors_in(result: Any) -> list[Tensor]:
    return [value for value in pytree.tree_leaves(result) if isinstance(value, Tensor)]


def taped(
    work: Callable[[Tensor], None], example: Tensor, changed: Sequence[Tensor], generator: torch.Generator
) -> Callable[[Tensor], None]:
    """What `cuda_graph.replayed` does, with a tape in the place of a graph."""
    given, tape = example.clone(), Tape()
    with cuda_graph.unchanged(changed):
        for _ in range(cuda_graph.WARM_UP):
            work(given)
        with tape:
            work(given)

    def replay(drawn: Tensor) -> None:
        given.copy_(drawn)
        tape.replay()

    return replay


@pytest.fixture(autouse=True)
def no_step_kept() -> Iterator[None]:
    loop._kept.shapes.clear()
    yield
    loop._kept.shapes.clear()


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The example of each step that was captured since."""
    captured: list[Tensor] = []

    def replayed(work: Any, example: Tensor, *others: Any) -> Callable[[Tensor], None]:
        captured.append(example)
        return taped(work, example, *others)

    monkeypatch.setattr(optimizers, "are_tensors", lambda device: True)
    monkeypatch.setattr(cuda_graph, "replayed", replayed)
    return captured


def assert_alike(one: Fitted, other: Fitted) -> None:
    """Rounding apart: the GPU's optimizer multiplies and adds in another order, and bf16 has 8 bits."""
    np.testing.assert_allclose(one.fit.curves.train_loss, other.fit.curves.train_loss, rtol=0.01)
    for name, value in one.weights.items():
        torch.testing.assert_close(value, other.weights[name], rtol=0.02, atol=2e-3, msg=name)


def assert_equal(one: Fitted, other: Fitted) -> None:
    assert one.fit == other.fit
    assert all(torch.equal(value, other.weights[name]) for name, value in one.weights.items())


@pytest.mark.parametrize("name", RECIPES)
def test_replayed_steps_train_as_uncaptured_ones_do(
    parts: tuple[Images, Images], name: str, as_on_a_gpu: list[Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed = fit(network(plan(name)), *parts, plan(name), 7)
    assert len(as_on_a_gpu) == 1
    loop._kept.shapes.clear()
    monkeypatch.setattr(cuda_graph, "replayed", lambda *given: None)
    assert_equal(replayed, fit(network(plan(name)), *parts, plan(name), 7))


def test_a_capture_leaves_weights_momentum_and_average_as_they_were(
    parts: tuple[Images, Images], as_on_a_gpu: list[Tensor]
) -> None:
    of = plan("SAM")
    state = loop.fresh_state(network(of), of)
    fresh = {name: value.clone() for name, value in state.model.state_dict().items()}
    trainer = Trainer(state, parts[0], of, 0)
    assert all(torch.equal(value, fresh[name]) for name, value in state.model.state_dict().items())
    assert all(not kept["momentum_buffer"].any() for kept in state.optimizer.state.values())
    trainer.epoch(lambda share: None)
    trained = [tensor.clone() for tensor in state.tensors()]
    Trainer(state, parts[0], of, 0)
    assert all(torch.equal(tensor, before) for tensor, before in zip(state.tensors(), trained, strict=True))


def test_resumed_equals_unbroken_where_steps_are_replayed(
    parts: tuple[Images, Images], as_on_a_gpu: list[Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.training.checkpoints.SECONDS_BETWEEN", 0.0)
    of = plan("dropout and average")
    unbroken = fit(network(of), *parts, of, 7)
    checkpoints = Checkpoints(tmp_path / "checkpoint.safetensors", None)

    def stop(state: State) -> None:
        checkpoints.keep(state)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(network(of), *parts, of, 7, after_epoch=stop)
    resumed = fit(network(of), *parts, of, 7, resume=Checkpoints(tmp_path / "checkpoint.safetensors", None).restore)
    assert resumed.fit == unbroken.fit


OTHER: dict[str, Any] = {"lr": 0.005, "momentum": 0.5, "weight_decay": 0.02, "epochs": 3}


def taught(images: Images) -> Images:
    """With a teacher who knows nothing."""
    return dataclasses.replace(images, taught=torch.full((len(images), 10), 0.1, device=images.labels.device))


def shuffled(images: Images) -> Images:
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0)).to(images.labels.device)
    return Images(*(tensor[order] for tensor in images.tensors()))


def assert_one_step_serves_both(parts: tuple[Images, Images], one: Recipe, other: Recipe) -> None:
    """The second trial equals itself in a process of its own, whatever the first one left behind."""
    train, validation = parts
    alone = fit(network(other), shuffled(train), validation, other, 8)
    loop._kept.shapes.clear()
    fit(network(one), train, validation, one, 7)
    second = fit(network(other), shuffled(train), validation, other, 8)
    assert_equal(second, alone)
    assert len(loop._kept.shapes) == 1


@pytest.mark.parametrize("name", RECIPES)
def test_a_captured_step_serves_the_next_trial_of_its_shape(
    parts: tuple[Images, Images], name: str, as_on_a_gpu: list[Tensor]
) -> None:
    other = dataclasses.replace(plan(name), rho=plan(name).rho / 2, **OTHER)
    assert_one_step_serves_both(parts, plan(name), other)
    assert len(as_on_a_gpu) == 2  # one for the trial alone, one for the two


def test_a_captured_step_serves_the_next_student(parts: tuple[Images, Images], as_on_a_gpu: list[Tensor]) -> None:
    one, other = plan("mixed"), dataclasses.replace(plan("mixed"), **OTHER)
    assert_one_step_serves_both((taught(parts[0]), parts[1]), one, other)
    fit(network(one), *parts, one, 7)
    assert len(as_on_a_gpu) == 3  # who has no teacher needs another step


def test_a_trial_after_one_that_diverged_is_as_if_it_were_the_first(
    parts: tuple[Images, Images], as_on_a_gpu: list[Tensor]
) -> None:
    of = plan("dropout and average")
    alone = fit(network(of), *parts, of, 7)
    with pytest.raises(loop.Diverged):
        fit(network(of), *parts, dataclasses.replace(of, lr=1e30, schedule="constant"), 7)
    assert fit(network(of), *parts, of, 7).fit == alone.fit
    assert len(as_on_a_gpu) == 1


def test_another_shape_has_a_step_of_its_own_and_few_are_kept(
    parts: tuple[Images, Images], as_on_a_gpu: list[Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a step has fixed is not read from a tensor; the step that was used last stays."""
    monkeypatch.setattr(loop._kept, "size", 2)
    first = dataclasses.replace(plan("plain"), epochs=1)
    shapes = [first, dataclasses.replace(first, label_smoothing=0.1), first, dataclasses.replace(first, batch_size=16)]
    for of in shapes:
        fit(network(of), *parts, of, 7)
    assert [len(example) for example in as_on_a_gpu] == [32, 32, 16]
    kept = [loop._shape(network(of), parts[0], of) for of in (first, shapes[3])]
    assert list(loop._kept.shapes) == kept


def test_steps_that_nobody_uses_make_room_for_one_that_finds_no_memory(
    parts: tuple[Images, Images], as_on_a_gpu: list[Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(network(plan("plain")), *parts, plan("plain"), 7)
    capture = cuda_graph.replayed

    def replayed(*given: Any) -> Any:
        if loop._kept.shapes:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return capture(*given)

    monkeypatch.setattr(cuda_graph, "replayed", replayed)
    fit(network(plan("SAM")), *parts, plan("SAM"), 7)
    assert list(loop._kept.shapes) == [loop._shape(network(plan("SAM")), parts[0], plan("SAM"))]


def test_training_leaves_the_images_and_the_network_given_to_it_alone(
    parts: tuple[Images, Images], as_on_a_gpu: list[Tensor]
) -> None:
    of, train = plan("plain"), parts[0].clone()
    model = network(of)
    fit(model, train, parts[1], of, 7)
    fit(network(of), shuffled(train), parts[1], of, 7)
    assert all(torch.equal(mine, given) for mine, given in zip(train.tensors(), parts[0].tensors(), strict=True))
    fresh = network(of).state_dict()
    assert all(torch.equal(value, fresh[name]) for name, value in model.state_dict().items())


def trained(kind: str, *, steps: int = 6) -> list[Tensor]:
    """The weights after some steps of a small network in double precision, where rounding does not add up."""
    of = recipe(optimizer=kind, lr=0.03, momentum=0.8, weight_decay=0.01, rho=0.1)
    torch.manual_seed(0)
    model = torch.nn.Linear(5, 3).double()
    optimizer = optimizers.build(model, of)

    def backward(x: Tensor) -> None:
        optimizer.zero_grad()
        model(x).square().sum().backward()

    for x in torch.randn(steps, 4, 5, dtype=torch.float64):
        backward(x)
        optimizer.step(None if kind == "SGD" else partial(backward, x))  # type: ignore[arg-type]
    return list(model.parameters())


@pytest.mark.parametrize("kind", ["SGD", "SAM", "ASAM"])
def test_the_optimizer_of_tensors_steps_as_torchs_does(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torchs = trained(kind)
    monkeypatch.setattr(optimizers, "are_tensors", lambda device: True)
    for ours, value in zip(trained(kind), torchs, strict=True):
        torch.testing.assert_close(ours, value, rtol=1e-6, atol=1e-8)


def test_a_step_that_cannot_be_captured_runs_uncaptured(parts: tuple[Images, Images]) -> None:
    """Without a driver nothing can be captured: the same path as on a GPU whose driver refuses."""
    if torch.cuda.is_available():
        pytest.skip("this machine can capture")
    with pytest.warns(UserWarning, match="could not be captured"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimizers, "are_tensors", lambda device: True)
        fitted = fit(network(plan("plain")), *parts, plan("plain"), 7)
    assert len(fitted.fit.curves.train_loss) == 2


# ----------------------------------------------------------------------------------------- what a step does on a GPU


class _GeneratorOfAGpu:
    """Says that it lives on a GPU; what it draws is fake."""

    device = torch.device("cuda")

    def __init__(self, device: torch.device) -> None:
        assert device.type == "cuda"


class _Operations(TorchDispatchMode):
    """Keeps the names of all operations."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func))
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
    monkeypatch.setattr(loop.copy, "deepcopy", lambda model: averaged)
    state = loop.fresh_state(model, of)

    def backward(loss: Tensor) -> None:
        for parameter in model.parameters():
            parameter.grad = torch.empty_like(parameter)

    monkeypatch.setattr(Tensor, "backward", backward)
    trainer = Trainer(state, train, of, 0)
    state.set_rates(of, 0.5)
    with _Operations() as first:
        trainer.train_on(drawn)
    assert any("_foreach_mul_.Tensor" in operation for operation in first.names)
    assert not [operation for operation in first.names for word in WAITING if word in operation]


# ------------------------------------------------------------------------------------------------------- with a GPU


@gpu
@pytest.mark.usefixtures("repeatable")
@pytest.mark.parametrize("name", RECIPES)
def test_a_graph_trains_as_plain_steps_do(
    parts: tuple[Images, Images], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, validation = (dataclasses.replace(p, images=p.images.cuda(), labels=p.labels.cuda()) for p in parts)
    graphed = fit(network(plan(name)), train, validation, plan(name), 7)
    monkeypatch.setattr(cuda_graph, "replayed", lambda *given: None)
    assert_alike(graphed, fit(network(plan(name)), train, validation, plan(name), 7))


@gpu
@pytest.mark.usefixtures("repeatable")
@pytest.mark.parametrize("name", RECIPES)
def test_a_graph_serves_the_next_trial_of_its_shape(parts: tuple[Images, Images], name: str) -> None:
    on_gpu = tuple(Images(part.images.cuda(), part.labels.cuda()) for part in parts)
    other = dataclasses.replace(plan(name), rho=plan(name).rho / 2, **OTHER)
    assert_one_step_serves_both((on_gpu[0], on_gpu[1]), plan(name), other)


@gpu
def test_a_step_is_captured(parts: tuple[Images, Images]) -> None:
    train = dataclasses.replace(parts[0], images=parts[0].images.cuda(), labels=parts[0].labels.cuda())
    of = plan("SAM")
    trainer = Trainer(loop.fresh_state(network(of).cuda(), of), train, of, 0)
    assert isinstance(trainer.graph, cuda_graph.Replayed)


@gpu
def test_exact_answers_are_those_of_a_cpu(parts: tuple[Images, Images]) -> None:
    model = network(plan("plain"))
    cpu = loop.logits_of(model, parts[1].images, exact=True)
    torch.testing.assert_close(loop.logits_of(model.cuda(), parts[1].images.cuda(), exact=True).cpu(), cpu)


def test_no_convolution_is_rounded_to_tf32() -> None:
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
