"""Find the runs that the portal can show, and the command that makes a missing artifact."""

import os
from dataclasses import dataclass
from pathlib import Path

from artifacts import deck
from artifacts.contract import Manifest
from portal.core.navigation import ROOT

PUBLISHED = "published"
# The first folder of a file's path, or its full path, to the stage that writes it.
_STAGES = {
    "tuning/coarse.json": "tune-coarse",
    "tuning/cut.json": "tune-coarse",
    "tuning/fine.json": "tune-fine",
    "tuning/importances.json": "importances",
    "data": "eda",
    "models": "export",
    "models/champion.onnx": "champion",
    "champion/ablation.json": "ablation",
}


@dataclass(frozen=True)
class RunPlace:
    """A folder with a manifest; `name` is unique among the runs found and stands in the URL as `?run=`."""

    name: str
    folder: Path


def find_runs(root: Path = ROOT) -> list[RunPlace]:
    """The runs in $FASHION_RUNS, then the published one, then those in runs/; the first is what a visitor sees."""
    chosen = os.environ.get("FASHION_RUNS")
    found = runs_in(Path(chosen)) if chosen else []
    published = RunPlace(PUBLISHED, root / "artifacts" / "study")
    if _is_run(published.folder):
        found.append(published)
    return _distinct([*found, *runs_in(root / "runs")])


def runs_in(folder: Path) -> list[RunPlace]:
    """`folder` itself if it is a run, then its subfolders that are runs or hold one in `study`.

    What the portal's user may not read is left out: one such folder must not take every page from all visitors.
    """
    children = [path for path in _folders_in(folder) if path.name != "study"]
    candidates = [folder, folder / "study", *(place for child in children for place in (child, child / "study"))]
    return [RunPlace(_name(place), place) for place in candidates if _is_run(place)]


def _folders_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []


def _is_run(folder: Path) -> bool:
    try:
        return (folder / Manifest.PATH).is_file()
    except OSError:
        return False


def _name(folder: Path) -> str:
    folder = folder.absolute()
    return folder.parent.name if folder.name == "study" else folder.name


def _distinct(places: list[RunPlace]) -> list[RunPlace]:
    """Each folder once; a name that is taken gets a number."""
    found: dict[Path, RunPlace] = {}
    for place in places:
        if place.folder.resolve() not in found:
            taken = {other.name for other in found.values()}
            names = (place.name, *(f"{place.name}-{number}" for number in range(2, len(places) + 1)))
            name = next(name for name in names if name not in taken)
            found[place.folder.resolve()] = RunPlace(name, place.folder)
    return list(found.values())


def is_deck_data(manifest: Manifest) -> bool:
    """Whether the run has the deck's ten classes, so that the deck's figures may stand beside its own."""
    return set(manifest.classes) == {score.name for score in deck.CLASS_SCORES}


def stage_of(path: str) -> str:
    """The pipeline stage that writes the run's file `path`."""
    folder, _, rest = path.partition("/")
    if folder == "clock":
        return rest.removesuffix(".json")
    return _STAGES.get(path) or _STAGES.get(folder, folder)


def command_for(path: str) -> str:
    """The command that makes the run's file `path`."""
    return f"python -m pipeline {stage_of(path)}"
