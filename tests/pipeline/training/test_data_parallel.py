"""One network trained by two real processes (gloo, on the CPU) is the network that one process trains."""

import copy
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing
from torch import Tensor, nn
from torch.nn import functional as F

from artifacts import store
from artifacts.contract import Fit, Recipe
from pipeline import data
from pipeline.config import SplitConfig, recipe
from pipeline.execution.torchrun import execute_in_ranks
from pipeline.support.errors import BudgetSpent
from pipeline.training import loop, optimizers
from pipeline.training.batches import Images
from pipeline.training.loop import Fitted, fit
from pipeline.training.trial_folder import TrialFolder
from pipeline.training.trials import TrialSpec, Workplace, execute, to_device
from tests.pipeline.conftest import SAMPLE
from tests.pipeline.made_up import epoch_of

CPU = torch.device("cpu")
pytestmark = pytest.mark.timeout(600)  # a busy machine takes a minute to start two processes
RECIPES: dict[str, Recipe] = {
    # 33 images a batch: the ranks' shares differ by one.
    "SGD": recipe(batch_size=33, epochs=2, lr=0.02, augmentation_set=4, replication="once"),
    "average": recipe(batch_size=32, epochs=2, lr=0.02, ema=0.9, augmentation_set=2, replication="every epoch"),
    "SAM": recipe(optimizer="SAM", rho=0.1, batch_size=32, epochs=3, lr=0.02),
    "SAM+BatchNorm": recipe(optimizer="SAM", rho=0.02, batch_size=64, epochs=3, lr=0.02),
}


def network(name: str) -> nn.Module:
    """Small, with BatchNorm of both kinds; without, where a plain reference is written out below.

    Smooth throughout: ReLUs and max pools would make rounding grow from step to step.
    """
    torch.manual_seed(1)
    if name == "SAM":
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.Tanh(), nn.Linear(32, 10))
    first = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.Tanh(), nn.AvgPool2d(4))
    return nn.Sequential(first, nn.Flatten(), nn.Linear(288, 32), nn.BatchNorm1d(32), nn.Tanh(), nn.Linear(32, 10))


def parts() -> tuple[Images, Images]:
    with np.load(SAMPLE, allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    return to_device(images[:192], labels[:192], CPU), to_device(images[192:], labels[192:], CPU)


def trained(name: str) -> Fitted:
    """In fp32 everywhere: the two ways are to differ by rounding alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "autocast", lambda device: nullcontext())
        return fit(network(name), *parts(), RECIPES[name], 0)


def one_rank(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder / 'meet'}", rank=rank, world_size=2)
    for name in RECIPES:
        fitted = trained(name)
        torch.save(fitted.weights, folder / f"{name}.{rank}.weights")
        (folder / f"{name}.{rank}.json").write_bytes(store.encode(fitted.fit))
    dist.destroy_process_group()
    (folder / f"threads.{rank}").write_text("\n".join(thread_names()))


def thread_names() -> list[str]:
    """Of this process, as Linux calls them."""
    return [task.joinpath("comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What both ranks made of every recipe."""
    folder = tmp_path_factory.mktemp("ranks")
    torch.multiprocessing.spawn(one_rank, (folder,), nprocs=2)
    return folder


def result(folder: Path, name: str, rank: int) -> tuple[dict[str, Tensor], Fit]:
    weights = torch.load(folder / f"{name}.{rank}.weights", weights_only=True)
    return weights, store.decode(Fit, (folder / f"{name}.{rank}.json").read_bytes(), source=name)


@pytest.mark.parametrize("name", ["SGD", "average"])
def test_two_ranks_train_what_one_process_trains(two: Path, name: str) -> None:
    weights, ours = result(two, name, 0)
    alone = trained(name)
    for key, value in alone.weights.items():
        torch.testing.assert_close(weights[key], value, atol=5e-4, rtol=5e-3)
    for curve in ("train_loss", "train_accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose(
            getattr(ours.curves, curve), getattr(alone.fit.curves, curve), rtol=1e-3, err_msg=curve
        )


@pytest.mark.parametrize("name", RECIPES)
def test_both_ranks_end_with_the_same(two: Path, name: str) -> None:
    (first, fit_first), (second, fit_second) = result(two, name, 0), result(two, name, 1)
    assert fit_first == fit_second
    assert all(torch.equal(value, second[key]) for key, value in first.items())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="names of threads are Linux's")
def test_a_rank_leaves_no_thread_of_its_group_behind(two: Path) -> None:
    """One that lives on when Python ends can end the process with SIGABRT, now and then."""
    for rank in range(2):
        names = (two / f"threads.{rank}").read_text().splitlines()
        assert names and not [name for name in names if "gloo" in name], names


def test_sam_perturbs_by_each_ranks_own_gradient(two: Path) -> None:
    """Two ranks equal a plain one-process loop of m-sharpness with m half a batch (Foret et al. 2021, section 4.1)."""
    train, _ = parts()
    plan, model = RECIPES["SAM"], network("SAM")
    options = {"momentum": plan.momentum, "weight_decay": plan.weight_decay, "nesterov": True}
    optimizer = torch.optim.SGD(model.parameters(), lr=plan.lr, **options)
    steps = len(epoch_of(train, plan, 0)) * plan.epochs

    def gradients(weights: nn.Module, x: Tensor, y: Tensor) -> list[Tensor]:
        return list(torch.autograd.grad(F.cross_entropy(weights(x), y), list(weights.parameters())))

    step = 0
    for epoch in range(plan.epochs):
        for x, y in epoch_of(train, plan, epoch):
            optimizer.param_groups[0]["lr"] = optimizers.learning_rate(plan, step / steps)
            seen = []
            for share in (slice(0, None, 2), slice(1, None, 2)):
                first = gradients(model, x[share], y[share])
                norm = torch.cat([g.flatten() for g in first]).norm()
                moved = copy.deepcopy(model)
                with torch.no_grad():
                    for w, g in zip(moved.parameters(), first, strict=True):
                        w += plan.rho * g / norm
                seen.append(gradients(moved, x[share], y[share]))
            for w, a, b in zip(model.parameters(), *seen, strict=True):
                w.grad = (a + b) / 2
            optimizer.step()
            step += 1
    weights, _ = result(two, "SAM", 0)
    best = result(two, "SAM", 0)[1].best_epoch
    assert best == plan.epochs  # the kept weights are the last ones, which the plain loop ends with
    for key, value in model.state_dict().items():
        torch.testing.assert_close(weights[key], value, atol=1e-5, rtol=1e-4)


def test_sam_with_batchnorm_stays_near_one_process(two: Path) -> None:
    """Not equal, as each rank perturbs by its own gradient; the statistics are the first pass's, of the whole batch."""
    _, ours = result(two, "SAM+BatchNorm", 0)
    alone = trained("SAM+BatchNorm")
    np.testing.assert_allclose(ours.curves.train_loss, alone.fit.curves.train_loss, rtol=0.05)


# ------------------------------------------------------------------------------------------------------- whole trials


def test_a_trial_in_ranks_stops_goes_on_and_is_done_once(data_folder: Path, tmp_path: Path) -> None:
    dataset = data.load(data_folder)
    plan = recipe(architecture="OwnBaseline1", batch_size=32, epochs=3, lr=0.02, replication="once")
    split = SplitConfig(train_images=150, validation_images=60, validated=60, tested=60)
    spec = TrialSpec(plan, 0, "all", 128, split, dataset.fingerprint, threads=1, ranks=2)
    alone = TrialSpec(plan, 0, "all", 128, split, dataset.fingerprint, threads=1)
    assert spec.key != alone.key
    outbox = torch.multiprocessing.get_context("spawn").Queue()
    with pytest.raises(BudgetSpent):
        execute_in_ranks(spec, Workplace(dataset, tmp_path, CPU, deadline=time.time()), outbox)
    folder = TrialFolder(tmp_path, spec.key)
    assert folder.checkpoint.exists() and folder.record() is None
    record = execute_in_ranks(spec, Workplace(dataset, tmp_path, CPU), outbox)
    assert record.fit is not None and record == folder.record()
    assert execute_in_ranks(spec, Workplace(dataset, tmp_path, CPU), outbox) == record  # at once
    key, share = outbox.get(timeout=5)
    assert key == spec.key and 0 < share <= 1
    reference = execute(alone, Workplace(dataset, tmp_path, CPU))
    assert reference.fit is not None
    # bf16 where the processor has it, so near and not equal.
    np.testing.assert_allclose(record.fit.curves.train_loss, reference.fit.curves.train_loss, rtol=0.1)


def test_old_trials_keep_their_keys() -> None:
    """A spec of one rank has the key that it had before there were ranks."""
    spec = TrialSpec(recipe(), 0, "all", 100, SplitConfig(), "data", threads=1)
    assert spec.key == "3bcecad57d783d7bc986"
