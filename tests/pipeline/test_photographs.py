"""pipeline/photographs.py: which photographs are found, their checksum, and what is prepared of them."""

import csv
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artifacts.photo import decode, prepare
from artifacts.photo.labels import Label, labels_in
from pipeline import photographs
from pipeline.data import FASHION_MNIST_NAMES
from pipeline.support.errors import UserError


def jpeg(seed: int = 0) -> bytes:
    """A dark garment-like block on a light, faintly noisy ground."""
    picture = np.random.default_rng(seed).integers(215, 235, (400, 400, 3)).astype(np.uint8)
    picture[150:380, 150:380] = (30, 60, 120)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(("pants", "hat", "shoes")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "1.jpg").write_bytes(jpeg(number))
    return tmp_path / "photos"


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `find` says; the cache is empty."""
    monkeypatch.setattr(photographs, "CACHE", tmp_path / "cache" / "photos")
    return []


def found(folder: Path | None, said: list[str]) -> photographs.Photographs | None:
    return photographs.find([] if folder is None else [folder], FASHION_MNIST_NAMES, said.append)


def own(given: photographs.Photographs | None) -> list[Label]:
    """Its labels without the pictures of no garment that are added to every folder."""
    assert given is not None
    assert given.labels[-1] == negatives()
    return list(given.labels[:-1])


def negatives() -> Label:
    [label] = labels_in(photographs.NEGATIVES / "train", FASHION_MNIST_NAMES)
    return label


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for name in names:
            entry = tarfile.TarInfo(f"clothing-dataset-small-{photographs.COMMIT}/{name}")
            entry.size = len(jpeg())
            file.addfile(entry, io.BytesIO(jpeg()))
    return buffer.getvalue()


def test_a_folder_that_is_given_is_taken_and_named(folder: Path, said: list[str]) -> None:
    given = found(folder, said)
    assert given is not None and (given.source, given.commit) == ("photos and pictures of no garment", "")
    assert given.license.startswith("pictures of no garment: BSD-3-Clause, CC-BY-2.0, ")
    assert {label.name: len(label.files) for label in own(given)} == {"pants": 1, "hat": 1, "shoes": 1}


def test_folders_add_up(folder: Path, tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "scenes" / "none").mkdir(parents=True)
    (tmp_path / "scenes" / "none" / "1.jpg").write_bytes(jpeg(5))
    both = photographs.find([folder, tmp_path / "scenes"], FASHION_MNIST_NAMES, said.append)
    assert both is not None and both.source == "photos and scenes and pictures of no garment" and both.commit == ""
    assert [(label.name, label.right) for label in own(both)][-1] == ("none", ())
    alone = found(folder, said)
    assert alone is not None and len(own(both)) == 4 and both.sha256 != alone.sha256


def test_the_checksum_knows_names_contents_and_labels(folder: Path, said: list[str]) -> None:
    first = found(folder, said)
    assert first == found(folder, said)
    (folder / "hat" / "1.jpg").write_bytes(jpeg(9))
    second = found(folder, said)
    (folder / "hat").rename(folder / "skirt")
    sums = {each.sha256 for each in (first, second, found(folder, said)) if each}
    assert len(sums) == 3


def test_the_collection_is_known_by_its_checksum(
    folder: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photographs, "SHA256", photographs.digest(own(found(folder, said))))
    known = found(folder, said)
    assert known is not None and known.commit == photographs.COMMIT
    assert known.source == f"{photographs.COLLECTION} and pictures of no garment"
    assert known.license.startswith("CC0; pictures of no garment: ")


def test_the_training_split_is_downloaded_and_kept(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def served(url: str, timeout: float) -> io.BytesIO:
        asked.append(url)
        return io.BytesIO(archive("train/pants/a.jpg", "train/hat/b.jpg", "test/pants/c.jpg", "README.md"))

    monkeypatch.setattr(photographs.urllib.request, "urlopen", served)
    with pytest.raises(UserError, match="does not hold the collection"):
        found(None, said)
    kept = [path.relative_to(photographs.CACHE).as_posix() for path in sorted(photographs.CACHE.rglob("*.jpg"))]
    assert kept == ["hat/b.jpg", "pants/a.jpg"]
    assert asked == [photographs.ARCHIVE] and photographs.COMMIT in photographs.ARCHIVE
    assert "Downloading photographs" in said[0]


def test_the_table_names_every_picture_of_no_garment_and_its_license() -> None:
    with (photographs.NEGATIVES / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    listed = sorted(photographs.NEGATIVES / row["part"] / "nothing" / row["file"] for row in rows)
    assert listed == sorted(photographs.NEGATIVES.glob("*/*/*"))
    free = {"Public domain", "CC0-1.0", "MIT", "BSD-3-Clause", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0"}
    assert {row["license"] for row in rows} <= free | {"CC-BY-SA-3.0", "CC-BY-SA-4.0"}
    assert all(row["author"] and row["package"] and row["original"] and len(row["sha256"]) == 64 for row in rows)
    train, held = ({row["sha256"] for row in rows if row["part"] == part} for part in ("train", "held-out"))
    assert train.isdisjoint(held)


def test_held_out_pictures_of_no_garment_are_never_trained_on(folder: Path, said: list[str]) -> None:
    given = found(folder, said)
    assert given is not None
    trained = {file.read_bytes() for label in given.labels for file in label.files}
    held = [file.read_bytes() for file in photographs.NEGATIVES.glob("held-out/*/*")]
    assert len(held) >= 100 and len(negatives().files) > len(held) and trained.isdisjoint(held)
    assert negatives().right == ()


@pytest.mark.parametrize("answer", [OSError("unreachable"), b"no archive"])
def test_without_photographs_one_sentence_says_so(
    said: list[str], monkeypatch: pytest.MonkeyPatch, answer: OSError | bytes
) -> None:
    def served(url: str, timeout: float) -> io.BytesIO:
        if isinstance(answer, OSError):
            raise answer
        return io.BytesIO(answer)

    monkeypatch.setattr(photographs.urllib.request, "urlopen", served)
    assert found(None, said) is None
    assert said[-1].startswith("No photographs to train on") and "Fashion-MNIST alone" in said[-1]
    assert not photographs.CACHE.exists() and not any(photographs.CACHE.parent.iterdir())


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path, said: list[str]) -> None:
    with pytest.raises(UserError, match="is not a folder"):
        found(tmp_path / "nowhere", said)


def test_preparation_is_the_portals_and_crops_show_ground_or_cloth(folder: Path) -> None:
    file = folder / "pants" / "1.jpg"
    one = photographs.prepared(file, "dress", 28)
    assert one is not None and one.views.shape == (4, 28, 28)
    np.testing.assert_array_equal(one.views, np.stack(prepare(decode(file.read_bytes())).variants))
    assert len(one.crops) == 2 and all(crop.shape == (4, 28, 28) for crop in one.crops)
    again = photographs.prepared(file, "dress", 28)
    assert again is not None
    np.testing.assert_array_equal(one.crops, again.crops)
    scene = photographs.prepared(file, "nothing", 28)
    assert scene is not None and len(scene.crops) == photographs.SCENE_CROPS


def test_what_is_no_picture_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    assert photographs.prepared(tmp_path / "notes.txt", "dress", 28) is None
