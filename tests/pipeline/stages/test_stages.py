"""Parts of stages that are functions of their input."""

import numpy as np
import pytest
import torch

from artifacts.contract import Curves, Fit, Ranges, SearchSummary, TrialResult, TrialValues
from pipeline.config import COARSE_RANGES, DECK_RECIPE, PROFILES
from pipeline.search import spaces
from pipeline.stages import feature_maps, improvements, outliers
from pipeline.support.errors import UserError
from pipeline.support.statistics import confused_pairs
from pipeline.training.batches import Batches, Images, with_replication


def trial(number: int, accuracy: float | None, **values: object) -> TrialResult:
    drawn = TrialValues(
        **{"lr": 0.01, "weight_decay": 1e-3, "momentum": 0.9, "last_layers": 3, "optimizer": "SGD"} | values
    )
    curves = Curves((1.0,), (0.5,), (1.0,), (0.5,))
    fit = None if accuracy is None else Fit(0, curves, 1, accuracy, 1.0, 0.5, 1.0)
    return TrialResult(number, drawn, fit, "" if fit else "The training loss was not finite in epoch 1.")


def test_the_cut_spans_the_top_trials_and_leaves_failed_ones_out() -> None:
    trials = (
        trial(0, 0.90, lr=0.001, optimizer="SAM"),
        trial(1, 0.94, lr=0.02, last_layers=2),
        trial(2, None, lr=0.09),
        trial(3, 0.93, lr=0.05, momentum=0.95),
        trial(4, 0.80, lr=0.0005),
    )
    summary = SearchSummary("coarse", "deck", DECK_RECIPE, 100, 100, COARSE_RANGES, trials, 1)
    cut = spaces.cut(summary, 3)
    assert cut.top_trials == (1, 3, 0)
    assert cut.after == Ranges((0.001, 0.05), (1e-3, 1e-3), (0.9, 0.95), (2, 3), ("SAM", "SGD"))


def test_draws_stay_in_their_ranges_depend_on_the_seed_alone_and_cover_all_choices() -> None:
    drawn = [spaces.draw(COARSE_RANGES, seed) for seed in range(60)]
    assert drawn == [spaces.draw(COARSE_RANGES, seed) for seed in range(60)]
    assert len({values.lr for values in drawn}) == 60
    assert {values.optimizer for values in drawn} == {"SGD", "SAM"} and {v.last_layers for v in drawn} == {2, 3}
    for values in drawn:
        assert 1e-3 <= values.lr <= 1e-1 and 1e-5 <= values.weight_decay <= 5e-2 and 0.8 <= values.momentum <= 0.98
    assert np.median([values.lr for values in drawn]) == pytest.approx(1e-2, rel=0.6)  # log-uniform


def test_a_range_of_one_value_draws_that_value() -> None:
    point = Ranges((0.01, 0.01), (1e-3, 1e-3), (0.9, 0.9), (3,), ("SGD",))
    assert spaces.draw(point, 5) == TrialValues(0.01, 1e-3, 0.9, 3, "SGD")


def test_confused_pairs_are_ranked_and_leave_out_the_diagonal() -> None:
    pairs = confused_pairs(np.array([[5, 2, 0], [7, 9, 0], [0, 1, 4]]))
    assert [(pair.true, pair.predicted, pair.count) for pair in pairs] == [(1, 0, 7), (0, 1, 2), (2, 1, 1)]


def test_the_centre_of_a_map_tells_its_side() -> None:
    maps = np.zeros((1, 5, 28, 28), np.float32)
    maps[0, 0, :, 2], maps[0, 1, :, 25], maps[0, 2, 1], maps[0, 3] = 1, 1, 1, 1
    centres = feature_maps._centres(maps)
    sides = [feature_maps._side(i, centres[0, i], maps[0, i]).side for i in range(5)]
    assert sides == ["left", "right", "top", "everywhere", "silent"]


def test_the_worst_of_each_class_come_worst_first() -> None:
    error, labels = np.array([0.1, 0.5, 0.3, 0.2, 0.9, 0.4]), np.array([0, 0, 0, 1, 1, 1])
    assert outliers._worst(error, labels, 2, 2).tolist() == [[1, 2], [4, 5]]


def test_batch_sizes_keep_lr_per_image_and_draws_differ_in_nothing_else() -> None:
    batch, draws, _, _ = improvements.questions(DECK_RECIPE, DECK_RECIPE, best_set=4)
    assert [r.lr / r.batch_size for r in batch.recipes.values()] == pytest.approx([DECK_RECIPE.lr / 512] * 3)
    once, anew = draws.recipes.values()
    assert (once.replication, anew.replication) == ("once", "every epoch")
    assert once.augmentation_set == anew.augmentation_set == 4


def test_amounts_take_equal_steps_and_sam_equal_compute() -> None:
    _, _, amount, optimizer = improvements.questions(DECK_RECIPE, DECK_RECIPE, best_set=4)
    train = Images(torch.zeros(5_120, 1, 28, 28, dtype=torch.uint8), torch.zeros(5_120, dtype=torch.int64))
    batches = [Batches(with_replication(train, r, 0), r, 0, classes=10) for r in amount.recipes.values()]
    assert len({each.recipe.epochs * len(each) for each in batches}) == 1
    sgd, sam = optimizer.recipes.values()
    assert (sgd.optimizer, sam.optimizer, sgd.epochs) == ("SGD", "SAM", 2 * sam.epochs)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_keeps_the_decks_policy(name: str) -> None:
    config = PROFILES[name]()
    assert config.profile == name
    assert config.tuning.recipe.patience == 18
    assert 3 <= config.tuning.top_trials <= 5
    assert config.improvements.batch_recipe.batch_size == 512
    if name in ("standard", "full"):
        assert (config.split.train_images, config.split.validation_images) == (50_000, 10_000)


def test_full_is_the_decks_budget() -> None:
    config = PROFILES["full"]()
    assert (config.tuning.coarse_trials, config.tuning.fine_trials, config.tuning.recipe.batch_size) == (75, 70, 512)


def test_an_unknown_profile_names_the_others() -> None:
    from pipeline.config import profile

    with pytest.raises(UserError, match="full, standard, quick, smoke"):
        profile("huge")
