"""The plan of a study: that it counts what the stages train, sums it right, and cuts in its order until it fits."""

import dataclasses
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from rich.console import Console

from artifacts.contract import Recipe
from pipeline import config as profiles
from pipeline import data
from pipeline.config import Config
from pipeline.planning import calibration, fitting, planner, workload
from pipeline.planning.calibration import Calibration, Load, Seconds, load_of
from pipeline.runner import RunFolder
from pipeline.search.study import SearchStudy
from pipeline.stages import STAGES, architectures, augmentations, confirm, improvements, labels, named, tuning
from pipeline.support.errors import UserError
from pipeline.training.trials import TrialSpec, Workplace
from tests.pipeline.made_up import context_of


class SameSpeed(dict[str, Seconds]):
    """All loads are alike: a millisecond an image to train, a tenth of that to answer."""

    def __missing__(self, name: str) -> Seconds:
        return Seconds(1e-3, 1e-4)


def machine(devices: int = 2) -> planner.Machine:
    return planner.Machine(Calibration("test machine", SameSpeed()), ("cpu",) * devices)


def counted(trainings: Sequence[workload.Training]) -> Counter[Any]:
    return Counter((each.recipe.architecture, each.recipe.epochs, each.recipe.batch_size) for each in trainings)


def trained(specs: Sequence[TrialSpec]) -> Counter[Any]:
    return Counter((spec.recipe.architecture, spec.recipe.epochs, spec.recipe.batch_size) for spec in specs)


@pytest.mark.parametrize("profile", ["smoke", "quick", "full"])
@pytest.mark.parametrize("policy", ["deck", "halving"])
def test_the_plan_counts_the_trainings_that_the_stages_run(
    tmp_path: Path, data_folder: Path, profile: str, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SearchStudy, "report", lambda study, trial: None)  # thousands of epochs, a write each
    config = profiles.changed(profiles.profile(profile), f"tuning.policy={policy}").with_split(150, 50)
    context = context_of(tmp_path, data_folder, lambda spec: 0.5, config)
    asked = {"architectures": architectures.specs(context), "labels": labels.specs(context)}
    asked["augmentations"] = list(augmentations.specs(context).values())
    for stage, run in {
        "improvements": improvements.run,
        "tune-coarse": tuning.run_coarse,
        "tune-fine": tuning.run_fine,
        "confirm": confirm.run,
    }.items():
        context.pool.trained.clear()
        run(context)
        asked[stage] = list(context.pool.trained)
    for stage, specs in asked.items():
        work = workload.work_of(stage, config)
        assert work is not None
        planned = [each for group in work.groups for each in group]
        assert counted(planned) == trained(specs), stage
        if stage != "labels":  # whose folds are of nearly equal size
            assert Counter(each.images for each in planned) == Counter(min(s.train_images, 150) for s in specs), stage


def test_every_stage_of_today_is_known() -> None:
    assert [stage.name for stage in STAGES if workload.work_of(stage.name, profiles.quick()) is None] == []


def test_seconds_are_images_times_epochs_over_the_workers() -> None:
    config = profiles.quick()
    each = 3 * (1_000 * 1e-3 + 1_000 * 1e-4) + planner.TRIAL_SECONDS
    for devices, rounds in ((1, 7), (2, 4), (7, 1)):
        estimate = machine(devices).estimate("architectures", config)
        assert estimate.seconds == pytest.approx(rounds * each + 1.0)
    assert estimate.what == "7 x 3 epochs of 1,000 images"


def test_a_rung_waits_for_the_rung_before() -> None:
    config = profiles.quick()
    one, three = (epochs * (2_000 * 1e-3 + 1_000 * 1e-4) + planner.TRIAL_SECONDS for epochs in (1, 3))
    estimate = machine().estimate("tune-coarse", config)
    assert estimate.seconds == pytest.approx(4 * one + three + 1.0)  # 7 trials on 2 workers, then 2
    assert estimate.what == "7 x 1 + 2 x 3 epochs of 2,000 images"


def test_what_a_killed_run_has_finished_is_not_ahead_any_more() -> None:
    config = profiles.quick()
    recipes = [each.recipe for each in workload.work_of("architectures", config).groups[0]]  # type: ignore[union-attr]
    done = [SimpleNamespace(recipe=recipe) for recipe in recipes[:5]]
    left = dataclasses.replace(machine(), finished={"architectures": done})
    each = 3 * (1_000 * 1e-3 + 1_000 * 1e-4) + planner.TRIAL_SECONDS
    assert left.estimate("architectures", config).seconds == pytest.approx(each + 1.0)
    assert left.estimate("architectures", config).what == "2 x 3 epochs of 1,000 images"
    other = profiles.changed(config, "architectures.recipe.lr=0.007")
    assert left.estimate("architectures", other) == machine().estimate("architectures", other)


def test_of_a_search_a_finished_trial_counts_whatever_was_drawn_for_it() -> None:
    config = profiles.quick()
    [first, *_] = workload.work_of("tune-coarse", config).groups[0]  # type: ignore[union-attr]
    drawn = SimpleNamespace(recipe=dataclasses.replace(first.recipe, lr=0.0123, momentum=0.5))
    left = dataclasses.replace(machine(), finished={"tune-coarse": [drawn] * 7})
    assert left.estimate("tune-coarse", config).what == "2 x 3 epochs of 2,000 images"


def test_a_stage_that_the_planner_does_not_know_is_not_guessed() -> None:
    assert machine().estimate("juggling", profiles.quick()).seconds is None


# ------------------------------------------------------------------------------------------------------------- fitting


@pytest.mark.parametrize(
    ("value", "least", "expected"),
    [
        (5, 2, "3"),
        (3, 2, "2"),
        (2, 2, None),
        (1, 2, None),
        (None, 1, None),
        (100, 2, "75"),
        ((7, 21, 65), 9, "5,15,48"),
        ((2, 5), 2, "1,3"),
        ((1, 3), 2, "1,2"),
        ((1, 2), 2, None),
        ((1, 2, 4), 2, "1,3"),
    ],
)
def test_a_step_takes_about_a_quarter_and_stops_at_the_limit(value: Any, least: int, expected: str | None) -> None:
    assert fitting.smaller(value, least) == expected


def total(config: Config) -> float:
    return machine().total(config, STAGES)


def cut(share: float, config: Config | None = None, done: Sequence[str] = ()) -> tuple[Config, tuple[str, ...]]:
    """The standard profile cut to a share of its own estimate."""
    base = config or profiles.standard()
    cuts = fitting.cuts_to_fit(base, total, share * total(base), [named(name) for name in done])
    return fitting.with_cuts(base, cuts), cuts


def test_what_fits_is_not_cut() -> None:
    assert cut(1.0)[1] == ()


def test_seeds_are_cut_before_rungs_and_rungs_before_trials() -> None:
    names = [[setting.split("=")[0] for setting in cut(share)[1]] for share in (0.95, 0.8, 0.6)]
    order = [each.setting for each in fitting.CUTS]
    assert all(name.endswith("seeds") for name in names[0]) and names[0]
    assert len(names[0]) < len(names[1]) <= len(names[2])
    for each in names:
        assert [order.index(name) for name in each] == sorted(order.index(name) for name in each)


@pytest.mark.parametrize("share", [0.9, 0.5, 0.25])
def test_after_the_cuts_the_study_fits_and_its_settings_say_what_was_cut(share: float) -> None:
    config, cuts = cut(share)
    assert total(config) <= share * total(profiles.standard())
    assert config.settings == cuts


def test_a_finished_stage_is_left_alone() -> None:
    done = ["augmentations", "tune-coarse"]
    config, cuts = cut(0.7, done=done)
    assert cuts
    assert not [each for each in cuts if each.startswith(("augmentations", "tuning"))]
    assert config.tuning == profiles.standard().tuning


def test_the_decks_policy_is_cut_by_its_epochs() -> None:
    base = profiles.changed(profiles.full(), "tuning.policy=deck")
    config, cuts = cut(0.4, base)
    assert [each for each in cuts if each.startswith("tuning.recipe.epochs=")]
    assert config.tuning.rungs == base.tuning.rungs


# ------------------------------------------------------------------------------------------------------------ prepare


def run_of(folder: Path, config: Config, done: Sequence[str] = ()) -> Any:
    """What `prepare` uses of a runner; `done` stages are finished."""
    return SimpleNamespace(
        folder=RunFolder(folder),
        config=config,
        console=Console(file=io.StringIO(), width=120),
        state=lambda stage: "finished" if stage.name in done else None,
    )


def prepared(run: Any, fit: str | None = None, seconds: float | None = None, *, keep: bool = True) -> str:
    planner.prepare(run, STAGES, fit=fit, seconds=seconds, keep=keep)
    return run.console.file.getvalue()


@pytest.fixture
def same_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "_measured", lambda runner, stages: machine())


@pytest.mark.usefixtures("same_speed")
def test_the_plan_names_every_stage_and_counts_finished_ones_as_nothing(tmp_path: Path) -> None:
    lines = prepared(run_of(tmp_path, profiles.quick(), done=["eda", "architectures"])).splitlines()
    row = {name: line for name in [s.name for s in STAGES] for line in lines if f"│ {name} " in line}
    assert list(row) == [stage.name for stage in STAGES]
    assert "done" in row["architectures"] and "epochs" not in row["architectures"]
    left = [stage for stage in STAGES if stage.name not in ("eda", "architectures")]
    assert planner.clock(machine().total(profiles.quick(), left)) in lines[-2]


@pytest.mark.usefixtures("same_speed")
def test_a_finished_run_needs_no_plan(tmp_path: Path) -> None:
    assert prepared(run_of(tmp_path, profiles.quick(), done=[stage.name for stage in STAGES])) == ""


@pytest.mark.usefixtures("same_speed")
def test_the_same_command_takes_the_same_cuts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the machine seems faster by then, and in a run folder that was copied."""
    first = run_of(tmp_path / "run", profiles.standard())
    seconds = 0.6 * total(profiles.standard())
    assert "Cut to fit 30m: improvements.seeds=" in prepared(first, "30m", seconds)
    (tmp_path / "run").rename(tmp_path / "copy")
    monkeypatch.setattr(planner, "_measured", lambda runner, stages: machine(devices=16))
    again = run_of(tmp_path / "copy", profiles.standard(), done=["eda"])
    prepared(again, "30m", seconds)
    assert again.config == first.config
    assert again.config.settings
    other = run_of(tmp_path / "copy", profiles.standard())
    assert "Nothing is cut: the study fits 2h." in prepared(other, "2h", 2 * total(profiles.standard()))


@pytest.mark.usefixtures("same_speed")
def test_a_plan_alone_keeps_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path, profiles.standard())
    prepared(run, "30m", 0.6 * total(profiles.standard()), keep=False)
    assert run.config.settings
    assert fitting.kept_fitting(run.folder.work, profiles.standard(), "30m") is None


@pytest.mark.usefixtures("same_speed")
def test_what_cannot_fit_says_how_long_the_shortest_form_takes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"does not fit 5s here: in its shortest form it takes about \d+:\d\d"):
        prepared(run_of(tmp_path, profiles.quick()), "5s", 5.0)
    assert not (tmp_path / "work" / fitting.FILE).exists()


# -------------------------------------------------------------------------------------------------------- calibration


@pytest.mark.parametrize("capture", [5.0, 0.0])
def test_a_gpus_epoch_is_timed_without_the_capture_that_later_trainings_share(capture: float) -> None:
    """Made-up seconds: a capture once, half a second around each training, a fifth of one an epoch."""
    asked: list[int] = []

    def train(epochs: int) -> float:
        asked.append(epochs)
        return (capture if len(asked) == 1 else 0.0) + 0.5 + 0.2 * epochs

    assert calibration.an_epoch_more(train) == pytest.approx(0.2)


def place(data_folder: Path, tmp_path: Path) -> Workplace:
    return Workplace(data.load(data_folder), tmp_path, torch.device("cpu"))


@pytest.mark.parametrize("replication", ["once", "every epoch", "randomised"])
def test_a_load_is_measured_on_real_images(data_folder: Path, tmp_path: Path, replication: str) -> None:
    recipe = profiles.recipe(architecture="OwnBaseline1", replication=replication, augmentation_set=3, batch_size=512)
    if replication == "randomised":
        recipe = profiles.photo_recipe(batch_size=512)
    load = load_of(recipe)
    assert load.recipe.batch_size == 64
    seconds = calibration._measure(place(data_folder, tmp_path), load)
    assert seconds.train > seconds.answer > 0


def test_trials_that_cost_alike_are_one_load() -> None:
    """Rates, epochs and the seeds' number do not matter; optimizer, network and small batches do."""
    base: Recipe = profiles.recipe()
    alike = [base, dataclasses.replace(base, lr=0.001, epochs=3, batch_size=128, replication="once")]
    other = [dataclasses.replace(base, optimizer="SAM"), dataclasses.replace(base, batch_size=32)]
    assert len({load_of(recipe).name for recipe in alike}) == 1
    assert len({load_of(recipe).name for recipe in [base, *other]}) == 3


def test_what_was_measured_is_kept_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []

    def measure(job: Any, loads: Sequence[Load]) -> list[Seconds]:
        measured.extend(load.name for load in loads)
        return [Seconds(1e-3, 1e-4) for _ in loads]

    pool: Any = SimpleNamespace(work=tmp_path, devices=["cpu", "cpu"], map=measure)
    one, two = (Load(name, profiles.recipe()) for name in ("one", "two"))
    calibration.calibrate(pool, [one, one])
    calibration.calibrate(pool, [one, two])
    assert measured == ["one", "two"]
    pool.devices = ["cpu"]
    assert set(calibration.calibrate(pool, [one]).loads) == {"one"}
    assert measured == ["one", "two", "one"]
    (tmp_path / calibration.FILE).write_text("{")
    calibration.calibrate(pool, [one])
    assert len(measured) == 4
