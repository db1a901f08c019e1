"""The searches' two policies and the stage that confirms their best trials, with a pool that makes results up."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from artifacts import store
from artifacts.contract import (
    ConfirmSummary,
    RangeCut,
    SearchSummary,
    TrialResult,
)
from pipeline import config as profiles
from pipeline.config import Config, ConfirmConfig
from pipeline.search import spaces
from pipeline.search.study import SearchStudy
from pipeline.stages import confirm, final, tuning
from pipeline.stages.context import Context
from pipeline.support.errors import UserError
from pipeline.training.trials import TrialSpec
from tests.pipeline.made_up import Accuracy, context_of, fit_with


@pytest.fixture
def make(tmp_path: Path, data_folder: Path) -> Callable[[Accuracy, Config], Context]:
    """A context whose trainings are made up, in which the augmentations have been compared."""
    return lambda accuracy, config: context_of(tmp_path, data_folder, accuracy, config)


def tuned(**changes: object) -> Config:
    """Nine coarse and six fine trials on rungs of 1, 3 and 9 epochs."""
    config = profiles.smoke().with_split(150, 50)
    values = {"coarse_trials": 9, "fine_trials": 6, "rungs": (1, 3, 9), "policy": "halving"} | changes
    return dataclasses.replace(config, tuning=dataclasses.replace(config.tuning, **values))


def by_momentum(spec: TrialSpec) -> float:
    """The higher the momentum, the better, and the longer, the better."""
    return 0.5 * spec.recipe.momentum + 0.001 * spec.recipe.epochs


def coarse(context: Context) -> SearchSummary:
    tuning.run_coarse(context)
    return context.document(SearchSummary, SearchSummary.path("coarse"))


def test_the_full_profile_spends_a_third_of_the_epochs() -> None:
    config = profiles.full().tuning
    spent = {
        trials: sum(size * epochs for size, epochs in zip(config.rung_sizes(trials), config.rungs, strict=True))
        for trials in (config.coarse_trials, config.fine_trials)
    }
    assert spent == {75: 1570, 70: 1493}
    assert config.rung_sizes(75) == (75, 25, 8)


@pytest.mark.parametrize("name", ["quick", "smoke"])
def test_the_small_profiles_spend_no_more_than_trials_in_full_did(name: str) -> None:
    """Epochs times images, against the quick profile's 14 trials of 3 epochs and smoke's 7 of 1 on 100 images."""
    config = profiles.profile(name)
    searched = sum(
        size * epochs
        for trials in (config.tuning.coarse_trials, config.tuning.fine_trials)
        for size, epochs in zip(config.tuning.rung_sizes(trials), config.tuning.rungs, strict=True)
    )
    confirmed = config.confirm.candidates * config.confirm.seeds * config.tuning.rungs[-1]
    if name == "quick":
        assert searched + confirmed <= 14 * 3
    else:
        assert searched * config.tuning.train_images <= 7 * 100 + 20


def test_each_rung_trains_the_best_third_of_the_rung_before_from_the_beginning(make: Any) -> None:
    context = make(by_momentum, tuned())
    summary = coarse(context)
    assert (summary.policy, summary.rungs) == ("halving", (1, 3, 9))
    assert sorted(trial.rung for trial in summary.trials) == [1] * 6 + [2] + [3] * 2
    order = sorted(summary.trials, key=lambda trial: trial.values.momentum, reverse=True)
    assert [trial.rung for trial in order] == [3, 3, 2, 1, 1, 1, 1, 1, 1]
    assert order[0].number == summary.best
    assert [len(fit.curves.val_loss) for fit in (*order[0].earlier, order[0].fit)] == [1, 3, 9]
    seeds = [fit.seed for fit in (*order[0].earlier, order[0].fit)]
    assert len(set(seeds)) == 3
    assert [spec.recipe.epochs for spec in context.pool.trained] == [1] * 9 + [3] * 3 + [9] * 2


def test_a_rung_is_never_stopped_early_but_the_deck_policy_is(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SearchStudy, "report", lambda study, trial: None)  # hundreds of epochs, a write each
    long = tuned(rungs=(10, 40))
    context = make(by_momentum, long)
    assert coarse(context).recipe.epochs == 40
    assert all(spec.recipe.patience >= spec.recipe.epochs for spec in context.pool.trained)
    recipe = dataclasses.replace(long.tuning.recipe, epochs=85)
    context = make(by_momentum, tuned(policy="deck", recipe=recipe))
    summary = coarse(context)
    assert (summary.policy, summary.rungs, summary.recipe.epochs) == ("deck", (), 85)
    assert {(spec.recipe.epochs, spec.recipe.patience) for spec in context.pool.trained} == {(85, 18)}
    assert {trial.rung for trial in summary.trials} == {1}


def test_a_higher_rung_counts_more_than_accuracy(make: Any) -> None:
    """Here the last rung is worse than the first, and its trial is still the best."""
    context = make(lambda spec: 0.9 - 0.05 * spec.recipe.epochs + 0.01 * spec.recipe.momentum, tuned())
    summary = coarse(context)
    assert summary.trials[summary.best].rung == 3
    assert context.document(RangeCut).top_trials[0] == summary.best


def test_a_trial_that_diverges_on_a_later_rung_is_the_worst_and_keeps_what_it_had(make: Any) -> None:
    context = make(lambda spec: None if spec.recipe.epochs == 9 else by_momentum(spec), tuned())
    summary = coarse(context)
    failed = [trial for trial in summary.trials if trial.fit is None]
    assert [(each.rung, len(each.earlier), each.reason) for each in failed] == [(3, 2, "The loss was not finite.")] * 2
    assert summary.trials[summary.best].rung == 2
    assert not {each.number for each in failed} & set(context.document(RangeCut).top_trials)


def test_a_search_whose_trials_all_diverge_says_what_to_do(make: Any) -> None:
    with pytest.raises(UserError, match="All 9 trials of the coarse search diverged: lower the lr range"):
        coarse(make(lambda spec: None, tuned()))


def test_the_log_says_the_rung_and_times_go_on_over_the_rungs(make: Any) -> None:
    context = make(by_momentum, tuned())
    coarse(context)
    log = context.console.file.getvalue()
    assert "(1 of 9, rung 1 of 3, epochs 1)" in log
    assert "(2 of 2, rung 3 of 3, epochs 9): 0:02, elapsed 0:28" in log  # 9 + 3 + 2 trainings of 2 s
    clocks = {name: each.elapsed for name, each in context.trial_clocks.items()}
    assert len(clocks) == 14
    assert max(clocks.values()) == 28
    assert sorted(name for name in clocks if name.endswith("rung 3"))[0].split()[0].isdigit()


def test_both_searches_are_recorded_in_the_run_folder_or_at_the_storage_url(make: Any, tmp_path: Path) -> None:
    context = make(lambda spec: None if spec.recipe.epochs == 9 else by_momentum(spec), tuned())
    tuning.run_coarse(context)
    summary = context.document(SearchSummary, SearchSummary.path("coarse"))
    study = optuna.load_study(study_name="coarse", storage=f"sqlite:///{tmp_path}/trials.db")
    states = {trial.number: trial.state.name for trial in study.trials}
    assert states == {t.number: "FAIL" if t.fit is None else "PRUNED" for t in summary.trials}
    assert {len(trial.intermediate_values) for trial in study.trials} == {1, 4}
    context.storage_url = f"sqlite:///{tmp_path}/server.db"
    tuning.run_coarse(context)
    assert optuna.get_all_study_names(context.storage_url) == [f"{tmp_path.parent.name}/coarse"]


@pytest.mark.parametrize("setting", ["tuning.policy=deck", "tuning.rungs=2,6,18", "tuning.rungs=5"])
def test_policy_and_rungs_can_be_set(setting: str) -> None:
    config = profiles.changed(profiles.quick(), setting)
    name, text = setting.removeprefix("tuning.").split("=")
    assert getattr(config.tuning, name) == ("deck" if name == "policy" else tuple(int(n) for n in text.split(",")))
    assert config.settings == (setting,)


@pytest.mark.parametrize("setting", ["tuning.policy=best", "tuning.rungs=9,3", "tuning.rungs=", "tuning.rungs=0,1"])
def test_wrong_policies_and_rungs_are_refused(setting: str) -> None:
    with pytest.raises(UserError, match="will not do"):
        profiles.changed(profiles.quick(), setting)


# ------------------------------------------------------------------------------------------------------------ confirm


def confirmed(make: Any, accuracy: Accuracy, candidates: int = 3, seeds: int = 2) -> tuple[Context, ConfirmSummary]:
    """The summary after both searches by momentum and the confirmation by `accuracy`."""
    config = dataclasses.replace(tuned(), confirm=ConfirmConfig(candidates, seeds))
    context = make(by_momentum, config)
    tuning.run_coarse(context)
    tuning.run_fine(context)
    context.pool.accuracy = accuracy
    context.pool.trained.clear()
    confirm.run(context)
    return context, context.document(ConfirmSummary)


def test_the_best_of_both_searches_train_in_full_with_the_same_new_seeds(make: Any) -> None:
    context, summary = confirmed(make, by_momentum)
    searches = {name: context.document(SearchSummary, SearchSummary.path(name)) for name in ("coarse", "fine")}
    ranks = [searches[each.search].trials[each.trial].rank for each in summary.candidates]
    every = sorted((t.rank for s in searches.values() for t in s.trials), reverse=True)
    assert ranks == every[:3]
    assert {(spec.recipe.epochs, spec.part) for spec in context.pool.trained} == {(9, "train")}
    assert [spec.seed for spec in context.pool.trained] == [0, 1] * 3
    assert all(each.val_accuracy is not None and each.val_accuracy.n == 2 for each in summary.candidates)


def test_the_winner_has_the_highest_mean_not_the_highest_search_figure(make: Any) -> None:
    """Turned round: what was best in the searches is worst with new seeds."""
    context, summary = confirmed(make, lambda spec: 0.5 * (1 - spec.recipe.momentum) + 0.001 * spec.seed)
    assert summary.best != 0
    means = [each.val_accuracy.mean for each in summary.candidates if each.val_accuracy]
    assert summary.winner.val_accuracy is not None and summary.winner.val_accuracy.mean == max(means)
    assert summary.winner.search_accuracy > summary.winner.val_accuracy.mean
    recipe = final.frozen_recipe(context, summary)
    assert tuning.recipe_with(recipe, summary.winner.values) == recipe


def test_a_candidate_that_fails_with_a_seed_cannot_win(make: Any) -> None:
    best: list[float] = []

    def accuracy(spec: TrialSpec) -> float | None:
        best.append(best[0] if best else spec.recipe.momentum)  # the first that trains is the favorite
        return None if spec.recipe.momentum == best[0] and spec.seed == 1 else by_momentum(spec)

    _, summary = confirmed(make, accuracy)
    assert (summary.candidates[0].reason, len(summary.candidates[0].fits)) == ("The loss was not finite.", 1)
    assert summary.best > 0


def test_if_every_candidate_fails_a_sentence_says_so(make: Any) -> None:
    with pytest.raises(UserError, match="No candidate of the searches trained with every seed"):
        confirmed(make, lambda spec: None)


def test_trials_of_equal_values_are_confirmed_once(make: Any) -> None:
    context = make(by_momentum, tuned())
    summary = coarse(context)
    double = dataclasses.replace(summary.trials[summary.best], number=99)
    search = dataclasses.replace(summary, trials=(*summary.trials, double))
    chosen = confirm.candidates([search], 3)
    assert len({trial.values for _, trial in chosen}) == 3


def test_final_takes_the_middle_best_epoch_where_the_profile_gives_none(make: Any) -> None:
    context, summary = confirmed(make, by_momentum)
    whole = dataclasses.replace(context.config, final=dataclasses.replace(context.config.final, epochs=None))
    context.config = whole
    assert final.frozen_recipe(context, summary).epochs == 9
    assert "the 3 best trials, trained again with 2 new seeds" in final._chosen_by(summary)
    spec = final.confirmed_spec(context, summary)
    assert spec.key in {trained.key for trained in context.pool.trained}


def test_an_older_search_summary_still_loads() -> None:
    """One written before there were rungs."""
    trial = TrialResult(0, spaces.draw(profiles.COARSE_RANGES, 1), fit_with(0.9, 3))
    now = SearchSummary("coarse", "deck", profiles.DECK_RECIPE, 100, 100, profiles.COARSE_RANGES, (trial,), 0)
    text = store.encode(now).decode()
    old = text.replace('   "earlier": [],\n', "").replace(' "rungs": [],\n', "")
    assert old != text and "earlier" not in old and "rungs" not in old
    assert store.decode(SearchSummary, old.encode(), source="old") == now
