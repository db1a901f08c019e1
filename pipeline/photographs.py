"""Photographs for the photo network: where they come from, their checksum, and what preparation makes of them.

A folder a label, as `python -m portal evaluate` takes them. The collection is public (CC0), fetched at one commit, and
never part of the project; its training split alone is used, so that the others can judge. Pictures of no garment
(`negatives`), which are part of the project, go with all photographs; those held out there can judge, too.
"""

import csv
import dataclasses
import hashlib
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from artifacts import store
from artifacts.photo import Preparation, UploadError, decode, prepare
from artifacts.photo.garment import Mask
from artifacts.photo.labels import Label, PhotoFolderError, labels_in
from pipeline.support.errors import UserError

COLLECTION, LICENSE = "clothing-dataset-small by Alexey Grigorev", "CC0"
COMMIT = "11961516512414bf9f6c150a832cfd21b54a6b54"
ARCHIVE = f"https://codeload.github.com/alexeygrigorev/clothing-dataset-small/tar.gz/{COMMIT}"
# The digest of its training split.
SHA256 = "7c3fabdfa9546c50304baacbf54044fd5cd681749cd215a740ee90563889d21e"
NEGATIVES = Path(__file__).parent / "negatives"
CACHE = Path(__file__).resolve().parent.parent / "data" / "photos"
TIMEOUT_SECONDS = 20.0
VERSION = 3  # raise it when preparation gives other pictures: networks are then trained anew
VARIANTS = 4  # of a photograph: two shades, each whole and its middle square
CROPS = (0.02, 0.98)  # a crop shows at most, or at least, so much of the garment: ground, or cloth
CROP_TRIES = 20
CROP_EDGES = (0.3, 0.6)  # of the photograph's shorter edge
SCENES = ("none", "nothing")  # labels of pictures without a garment: every part of them shows none either
SCENE_CROPS, SCENE_EDGES = 8, (0.3, 0.9)

Views = npt.NDArray[np.uint8]  # (VARIANTS, S, S)


@dataclass(frozen=True)
class Photographs:
    """Labeled photographs on disk; `commit` is empty without the collection, `license` where none is known."""

    source: str
    commit: str
    license: str
    labels: tuple[Label, ...]
    sha256: str

    @property
    def key(self) -> str:
        """What decides the prepared photographs: equal for equal ones."""
        return f"{self.sha256[:20]}-{VERSION}"


@dataclass(frozen=True)
class Prepared:
    """One photograph as the network sees it, and crops of it that show no garment."""

    views: Views
    crops: tuple[Views, ...]


def find(folders: Sequence[Path], classes: Sequence[str], say: Callable[[str], None]) -> Photographs | None:
    """The photographs in `folders`, else the collection from the cache or the net, and the pictures of no garment.

    None if neither folders nor the collection are at hand: pictures of no garment alone teach nothing about garments.
    UserError if a folder, or what the cache holds, cannot be used.
    """
    if folders:
        return _together([*(_read(folder, classes) for folder in folders), _negatives(classes)])
    if not CACHE.is_dir():
        try:
            _download(say)
        except (OSError, tarfile.TarError) as error:
            say(f"No photographs to train on ({error}): the photo network learns from Fashion-MNIST alone.")
            return None
    found = _read(CACHE, classes)
    if found.sha256 != SHA256:
        raise UserError(f"{CACHE} does not hold the collection (its sha256 differs): delete it and run again.")
    return _together([found, _negatives(classes)])


def _negatives(classes: Sequence[str]) -> Photographs:
    """The project's own pictures of no garment, with the licenses in their table; never those held out."""
    with (NEGATIVES / "table.csv").open(encoding="utf-8", newline="") as table:
        licenses = sorted({row["license"] for row in csv.DictReader(table) if row["part"] == "train"})
    source = "pictures of no garment"
    return dataclasses.replace(
        _read(NEGATIVES / "train", classes), source=source, license=f"{source}: {', '.join(licenses)}"
    )


def _read(folder: Path, classes: Sequence[str]) -> Photographs:
    try:
        labels = tuple(labels_in(folder, classes))
        sha256 = digest(labels)
    except (PhotoFolderError, OSError) as error:
        raise UserError(str(error)) from error
    if sha256 == SHA256:
        return Photographs(COLLECTION, COMMIT, LICENSE, labels, sha256)
    return Photographs(folder.resolve().name, "", "", labels, sha256)


def _together(parts: Sequence[Photographs]) -> Photographs:
    """One set of them all, with every source and known license; the collection's commit if it is among them."""
    labels = tuple(label for part in parts for label in part.labels)
    source = " and ".join(part.source for part in parts)
    commit = next((part.commit for part in parts if part.commit), "")
    license = "; ".join(part.license for part in parts if part.license)
    return Photographs(source, commit, license, labels, digest(labels))


def digest(labels: Sequence[Label]) -> str:
    """Sha256 over the name, the content, and the right classes of every photograph, in order."""
    lines = (
        f"{label.name}/{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()} {','.join(label.right_for(file))}\n"
        for label in labels
        for file in label.files
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _download(say: Callable[[str], None]) -> None:
    """The collection's training split into the cache, all or nothing; OSError or TarError if it does not come."""
    say(f"Downloading photographs to train on: {COLLECTION} ({LICENSE}), 3,068 of them, into {CACHE}")
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE.parent) as temporary:
        place, count = Path(temporary) / CACHE.name, 0
        with (
            urllib.request.urlopen(ARCHIVE, timeout=TIMEOUT_SECONDS) as answer,
            tarfile.open(fileobj=answer, mode="r|gz") as archive,
        ):
            for member in archive:
                parts = Path(member.name).parts  # clothing-dataset-small-COMMIT/train/LABEL/NAME.jpg
                if not member.isfile() or len(parts) != 4 or parts[1] != "train":
                    continue
                content = archive.extractfile(member)
                assert content is not None  # None for what is no file
                store.write_atomic(place / parts[2] / parts[3], content.read())
                count += 1
                if count % 500 == 0:
                    say(f"      {count} photographs")
        place.rename(CACHE)


def prepared_file(work: Path, key: str) -> Path:
    """Where a run keeps the prepared photographs of that key."""
    return work / "photographs" / f"{key}.npz"


# --------------------------------------------------------------------------------------------------------- preparation


def prepared(file: Path, label: str, size: int) -> Prepared | None:
    """The photograph in `file` and its crops, for a network of `size` x `size` inputs; None if it is no picture."""
    cv2.setNumThreads(1)
    content = file.read_bytes()
    try:
        found = prepare(decode(content), size=size)
    except UploadError:
        return None
    generator = np.random.default_rng(list(hashlib.sha256(content).digest()[:8]))
    wanted = [(0.0, CROPS[0], CROP_EDGES), (CROPS[1], 1.0, CROP_EDGES)]
    if label in SCENES:
        wanted = [(0.0, 1.0, SCENE_EDGES)] * SCENE_CROPS
    places = [_place(found.mask, generator, *each) for each in wanted]
    photo = found.steps[0].image  # small, so that its crops take GrabCut a tenth of the time
    crops = [prepare(np.ascontiguousarray(photo[place]), size=size) for place in places if place is not None]
    return Prepared(_views(found), tuple(_views(crop) for crop in crops))


def _views(preparation: Preparation) -> Views:
    """The variants of a prepared picture; one that passes through has only itself."""
    variants = preparation.variants
    return np.stack([variants[number % len(variants)] for number in range(VARIANTS)])


def _place(
    mask: Mask, generator: np.random.Generator, least: float, most: float, edges: tuple[float, float]
) -> tuple[slice, slice] | None:
    """A square of which the garment covers from `least` to `most`; None if none was found."""
    height, width = mask.shape
    for _ in range(CROP_TRIES):
        edge = int(min(height, width) * generator.uniform(*edges))
        top, left = generator.integers(height - edge + 1), generator.integers(width - edge + 1)
        place = slice(top, top + edge), slice(left, left + edge)
        if least <= mask[place].mean() <= most:
            return place
    return None
