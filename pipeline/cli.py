"""The command line: a subcommand a stage, and run-all, plan, optuna, publish, status, verify.

Exit status: 0 done, 2 an error (one sentence says what is wrong), 3 the time budget is spent, 130 interrupted by
Ctrl-C or SIGTERM. After 3 and 130, run the same command again to resume.
"""

import dataclasses
import errno
import re
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from artifacts.contract import ArtifactError
from artifacts.store import Run
from pipeline import config as profiles
from pipeline import data as pipeline_data
from pipeline import photographs, stages
from pipeline.config import Config
from pipeline.planning.planner import prepare
from pipeline.publish import STUDY, UNFINISHED, publish, publish_unfinished, verify
from pipeline.publish_photo import publish_photo_network
from pipeline.runner import RunFolder, Runner
from pipeline.search.study import write_file
from pipeline.stages import STAGES, Stage
from pipeline.support import machine
from pipeline.support.errors import BudgetSpent, UserError
from pipeline.support.stopping import STOPPED, leave, stoppable

RUNS = Path(__file__).resolve().parent.parent / "runs"

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(soft_wrap=True)

Profile = Annotated[
    str | None, typer.Option(help="full, standard, quick or smoke; by default full on a GPU, else quick.")
]
RunName = Annotated[str | None, typer.Option("--run", help="Name of the run under runs/; by default the profile's.")]
DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder with the four IDX files (and names.txt).")]
ValidationImages = Annotated[int | None, typer.Option(min=2, help="Size of the split's validation part: 10000.")]
Photos = Annotated[
    list[Path] | None,
    typer.Option(
        help="Photographs for the photo network, a folder a label; repeatable. By default standard and full fetch some."
    ),
]
TrainImages = Annotated[
    int | None, typer.Option(min=2, help="Size of the split's train part: 50000, or the slide's 40000.")
]
Settings = Annotated[list[str] | None, typer.Option("--set", help="Change one value, e.g. --set final.seeds=3.")]
Budget = Annotated[
    str | None, typer.Option(help="Stop cleanly after this time, e.g. 90s, 9m or 2h; run again to resume.")
]
Fit = Annotated[
    str | None,
    typer.Option(help="Cut seeds, rungs, trials and epochs, in that order, until the estimate fits, e.g. 30m."),
]
Storage = Annotated[
    str | None,
    typer.Option(help="Record the searches on a database server, for a dashboard: postgresql://USER@HOST/DATABASE."),
]
Ray = Annotated[
    str | None, typer.Option(help="Train on a Ray cluster: HOST:PORT, or auto for one this host belongs to.")
]
FromScratch = Annotated[
    bool, typer.Option("--from-scratch", help="Train again what artifacts/study holds with the same settings.")
]


def main() -> None:
    """Run the command line; errors meant for people are one sentence on stderr."""
    try:
        with stoppable():
            _run()
    except Exception as error:
        if (said := _said(error)) is None:
            raise
        leave(*said)


def _run() -> None:
    try:
        answer = app(standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    if answer == STOPPED:  # typer turns KeyboardInterrupt into this answer, without a word
        raise KeyboardInterrupt


def _said(error: Exception) -> tuple[int, str] | None:
    """The exit status and the sentence for an error that is meant for people."""
    if isinstance(error, UserError | ArtifactError):
        return 2, str(error)
    if isinstance(error, BudgetSpent):
        return 3, "The time budget is spent: run the same command again to resume."
    if isinstance(error, BrokenProcessPool):
        return 2, "A training process was killed (out of memory?): run the same command again to resume."
    if isinstance(error, OSError):
        return 2, f"{error.filename or 'The disk'}: {error.strerror}; {_remedy(error)}, then run again."
    # A usage error of typer's: its class is click's in some versions of typer, its own copy of it in others.
    if hasattr(error, "format_message"):
        return 2, f"{error.format_message().rstrip('.')}: see python -m pipeline --help."
    return None


def _remedy(error: OSError) -> str:
    """What to do about a file that cannot be written or read."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "allow this user to write there or choose another run with --run"
    return "free space or choose another folder"


def chosen_profile(name: str | None) -> str:
    """The profile asked for, else full where CUDA is there and quick elsewhere."""
    return name or ("full" if torch.cuda.is_available() else "quick")


def seconds_of(budget: str) -> float:
    """`90s`, `9m` or `2h` in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", budget.strip())
    if match is None:
        raise UserError(f"The budget {budget!r} is no time: write it like 90s, 9m or 2h.")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def _config(
    profile: str, train_images: int | None, validation_images: int | None, settings: list[str] | None
) -> Config:
    config = profiles.profile(profile).with_split(train_images, validation_images)
    for setting in settings or ():
        config = profiles.changed(config, setting)
    return config


def _folder(name: str) -> RunFolder:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise UserError(f"The run name {name!r} will not do: use letters, digits, dots, dashes and underscores.")
    return RunFolder(RUNS / name)


def _command_for(wanted: list[Stage], *, planned: bool) -> Callable[..., None]:
    """The command that runs these stages; `planned` says first how long they will take."""

    def command(
        profile: Profile = None,
        run: RunName = None,
        data: DataFolder = None,
        train_images: TrainImages = None,
        validation_images: ValidationImages = None,
        budget: Budget = None,
        settings: Settings = None,
        fit: Fit = None,
        storage: Storage = None,
        ray: Ray = None,
        from_scratch: FromScratch = False,
        photos: Photos = None,
    ) -> None:
        deadline = time.time() + seconds_of(budget) if budget else None
        seconds = seconds_of(fit) if fit else None
        name = chosen_profile(profile)
        config = _config(name, train_images, validation_images, settings)
        folder = _folder(run or name)
        _announce(config, folder)
        with folder.locked():
            runner = Runner(folder, config, _dataset(data, photos, config, wanted), console, storage)
            if not from_scratch:
                _take_over(runner, wanted)
            if fit or (planned and name != "smoke"):  # the plan would cost as much as smoke itself
                prepare(runner, wanted, fit=fit, seconds=seconds, keep=True)
            runner.run(wanted, deadline=deadline, ray=ray)
        console.print(f"Done. Look at it with: python -m portal --run {folder.study}", highlight=False)

    return command


def _dataset(
    data: Path | None, photos: list[Path] | None, config: Config, wanted: list[Stage]
) -> pipeline_data.Dataset:
    """The data set, with photographs where a wanted stage learns from them; small profiles only take what is given."""
    dataset = pipeline_data.load(data)
    asked = photos or config.asks_for_photographs
    if not asked or dataset.classes != pipeline_data.FASHION_MNIST_NAMES or not any(s.sees_photographs for s in wanted):
        return dataset
    found = photographs.find(photos or (), dataset.classes, lambda line: console.print(line, highlight=False))
    return dataclasses.replace(dataset, photographs=found)


def _take_over(runner: Runner, wanted: Sequence[Stage]) -> None:
    runner.take_over(STUDY, wanted)
    runner.take_over_trials(UNFINISHED / runner.config.profile)


def _announce(config: Config, folder: RunFolder) -> None:
    here = machine.describe()
    console.print(
        f"Profile {config.profile}: about {config.expected_minutes:g} minutes for the whole study on two CPU cores; "
        f"here: {here.device}, {here.cores} core{'s' * (here.cores > 1)}.{machine.unused_gpu()} "
        f"Run folder: {folder.folder}",
        highlight=False,
    )


app.command("run-all", help="The whole study, stage by stage; run it again to resume.")(
    _command_for(list(STAGES), planned=True)
)
for _stage in STAGES:
    app.command(_stage.name, help=f"{_stage.does[0].upper()}{_stage.does[1:]}; with the stages it needs.")(
        _command_for(stages.with_needs(_stage.name), planned=False)
    )


@app.command("plan")
def plan(
    profile: Profile = None,
    run: RunName = None,
    data: DataFolder = None,
    train_images: TrainImages = None,
    validation_images: ValidationImages = None,
    settings: Settings = None,
    fit: Fit = None,
    from_scratch: FromScratch = False,
) -> None:
    """How long the whole study will take here, stage by stage; with --fit, what run-all --fit would cut."""
    seconds = seconds_of(fit) if fit else None
    name = chosen_profile(profile)
    config = _config(name, train_images, validation_images, settings)
    runner = Runner(_folder(run or name), config, pipeline_data.load(data), console)
    if not from_scratch:
        _take_over(runner, STAGES)
    prepare(runner, STAGES, fit=fit, seconds=seconds, keep=False)


@app.command("optuna")
def optuna_command(
    to: Annotated[Path, typer.Option(help="The SQLite file to write, e.g. study.db.")],
    run: Annotated[str | None, typer.Option("--run", help="Name of a run; by default the published study.")] = None,
) -> None:
    """Write a study's two searches as Optuna studies, for optuna-dashboard and optuna.visualization."""
    trials = write_file(Run(_folder(run).study if run else STUDY), to)
    console.print(f"Wrote {trials} trials: look at them with optuna-dashboard sqlite:///{to}", highlight=False)


@app.command("publish")
def publish_command(
    profile: Profile = None,
    run: RunName = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Of an unfinished run: only its finished trials' records.")
    ] = False,
    photo_model: Annotated[
        bool, typer.Option("--photo-model", help="Only the photo network, which takes the place of the study's.")
    ] = False,
    data: DataFolder = None,
) -> None:
    """Verify a finished run and make it the committed study, artifacts/study."""
    folder = _folder(run or chosen_profile(profile))
    if photo_model:
        publish_photo_network(folder, pipeline_data.load(data), profiles.profile("standard").export.parity_images)
        console.print(f"Published the photo network of {folder.study} in {STUDY}.", highlight=False)
        return
    records = UNFINISHED / chosen_profile(profile)
    if unfinished:
        count = publish_unfinished(folder.work, records)
        console.print(f"Wrote the records of {count} finished trials to {records}.", highlight=False)
        return
    size = publish(folder.study)
    shutil.rmtree(records, ignore_errors=True)  # all that they say is in the study now
    console.print(f"Published {folder.study} as {STUDY} ({size / 1e6:.1f} MB).", highlight=False)


@app.command("status")
def status(profile: Profile = None, run: RunName = None) -> None:
    """Which stages of a run are done."""
    folder = _folder(run or chosen_profile(profile))
    manifest = Run(folder.study).manifest
    console.print(f"{folder.folder}: profile {manifest.profile}, data {manifest.data}", highlight=False)
    for stage in STAGES:
        console.print(f"  {'done' if stage.name in manifest.stages else '-   '}  {stage.name}", highlight=False)


@app.command("verify")
def verify_command(
    folder: Annotated[Path, typer.Argument(help="A study folder, such as runs/quick/study.")] = STUDY,
) -> None:
    """Check every file of a study against its manifest."""
    faults = verify(folder)
    if faults:
        raise UserError(f"{folder} is damaged: {faults[0]} ({len(faults)} in all) Make it again with run-all.")
    console.print(f"{folder}: every file is what the manifest says.", highlight=False)
