"""Labeled photos in folders, one a label: which files there are, and which classes are right for them.

The pipeline trains on such folders and the portal judges answers on them, by one map of labels.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pydantic

# What folders of clothing photos are commonly called, as words(); an empty answer means none of the classes. Beside
# these, a folder may be named like a class of the run.
COMMON_LABELS: dict[str, tuple[str, ...]] = {
    "longsleeve": ("Pullover",),
    "outwear": ("Coat",),
    "pants": ("Trouser",),
    "shoes": ("Sandal", "Sneaker", "Ankle boot"),
    "tshirt": ("T-shirt/top",),
    "none": (),
    "nothing": (),
    "hat": (),
    "shorts": (),
    "skirt": (),
}
_MAP = pydantic.TypeAdapter(dict[str, tuple[str, ...]])


class PhotoFolderError(ValueError):
    """The folder or the map of labels cannot be used; the text is one sentence for a person."""


@dataclass(frozen=True)
class Label:
    """One folder of photos; the classes that count as right for it, or none for what shows none of the classes."""

    name: str
    right: tuple[str, ...]
    files: tuple[Path, ...]

    def right_for(self, file: Path) -> tuple[str, ...]:
        """The classes that are right for one of its files: fewer where the photograph's exact class is known."""
        exact = _shoes().get(file.name)
        return self.right if exact not in self.right else (exact,)


@cache
def _shoes() -> dict[str, str]:
    """By file name, the class of each shoe in clothing-dataset-small (training and validation split), which says only
    "shoes": told by eye for this project, from contact sheets."""
    return pydantic.TypeAdapter(dict[str, str]).validate_json((Path(__file__).parent / "shoes.json").read_bytes())


def labels_in(folder: Path, classes: Sequence[str], labels_file: Path | None = None) -> list[Label]:
    """The labels in `folder`, by name: its subfolders with photos, hidden ones left out.

    `labels_file` maps each subfolder's name to the classes that count as right; without it COMMON_LABELS and the names
    of the classes do. PhotoFolderError for anything missing, empty, unknown or malformed.
    """
    if not folder.is_dir():
        raise PhotoFolderError(f"{folder} is not a folder: name one that holds a folder of photos for each label.")
    places = [place for place in _visible(folder) if place.is_dir()]
    if not places:
        raise PhotoFolderError(f"{folder} holds no folders: put the photos of each label into a folder of its own.")
    right = _read_map(labels_file, classes) if labels_file else _common(classes)
    return [_label(place, right, classes, labels_file) for place in places]


def _label(
    place: Path, right: Mapping[str, tuple[str, ...]], classes: Sequence[str], labels_file: Path | None
) -> Label:
    files = tuple(file for file in _visible(place) if file.is_file())
    if not files:
        raise PhotoFolderError(f"{place} holds no photos: add some, or remove the folder.")
    key = place.name if labels_file else words(place.name)
    if key not in right:
        given = f"{labels_file} does not name" if labels_file else "Name in a map, with --labels,"
        raise PhotoFolderError(
            f"{given} the classes that are right for the folder {place.name}: an empty list says none of "
            f"{', '.join(classes)}."
        )
    return Label(place.name, right[key], files)


def words(name: str) -> str:
    """A name without case, spaces and marks, which folders' names lose: "Ankle boot" and "ankle-boot" are the same."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _common(classes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """COMMON_LABELS as far as the run has these classes, and the classes themselves."""
    common = {name: right for name, right in COMMON_LABELS.items() if set(right) <= set(classes)}
    return common | {words(name): (name,) for name in classes}


def _read_map(file: Path, classes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    try:
        right = _MAP.validate_json(file.read_bytes(), strict=True)
    except OSError as error:
        raise PhotoFolderError(f"{file} cannot be read: {error.strerror or error}.") from error
    except pydantic.ValidationError as error:
        example = json.dumps({"shoes": list(classes[:2]), "hat": []})
        raise PhotoFolderError(f"{file} is no map of folders to lists of classes, such as {example}.") from error
    unknown = sorted({name for names in right.values() for name in names} - set(classes))
    if unknown:
        raise PhotoFolderError(f"{file} names {', '.join(unknown)}: this run knows only {', '.join(classes)}.")
    return right


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise PhotoFolderError(f"{folder} cannot be read ({error.strerror}): allow this user to read it.") from error
