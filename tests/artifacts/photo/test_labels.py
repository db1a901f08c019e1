"""artifacts/photo/labels.py: which photos a folder holds, and what is right for them."""

import json
from pathlib import Path

import pytest

from artifacts import deck
from artifacts.photo.labels import PhotoFolderError, labels_in
from tests.permissions import binding

CLASSES = tuple(score.name for score in deck.CLASS_SCORES)


def folder_with(place: Path, *names: str) -> Path:
    """A folder with one file in a subfolder of each name."""
    for name in names:
        (place / name).mkdir(parents=True)
        (place / name / "1.jpg").write_bytes(b"")
    return place


def map_file(place: Path, content: object) -> Path:
    file = place / "map.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def refusal(folder: Path, labels_file: Path | None = None) -> str:
    with pytest.raises(PhotoFolderError) as caught:
        labels_in(folder, CLASSES, labels_file)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_common_names_and_the_classes_own_need_no_map(tmp_path: Path) -> None:
    names = ("dress", "longsleeve", "outwear", "pants", "shirt", "shoes", "t-shirt", "hat", "shorts", "skirt")
    found = {label.name: label.right for label in labels_in(folder_with(tmp_path / "a", *names), CLASSES)}
    assert found == {
        "dress": ("Dress",),
        "longsleeve": ("Pullover",),
        "outwear": ("Coat",),
        "pants": ("Trouser",),
        "shirt": ("Shirt",),
        "shoes": ("Sandal", "Sneaker", "Ankle boot"),
        "t-shirt": ("T-shirt/top",),
        "hat": (),
        "shorts": (),
        "skirt": (),
    }
    own = labels_in(folder_with(tmp_path / "b", "Ankle boot", "sneaker", "T-shirt_top", "BAG"), CLASSES)
    assert {label.name: label.right for label in own} == {
        "Ankle boot": ("Ankle boot",),
        "BAG": ("Bag",),
        "T-shirt_top": ("T-shirt/top",),
        "sneaker": ("Sneaker",),
    }


def test_a_map_says_what_is_right(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "photos", "feet", "head")
    labels = labels_in(folder, CLASSES, map_file(tmp_path, {"feet": ["Sandal", "Bag"], "head": [], "unused": []}))
    assert [(label.name, label.right) for label in labels] == [("feet", ("Sandal", "Bag")), ("head", ())]


def test_hidden_files_and_files_beside_the_folders_are_left_out(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "shirt", ".cache")
    (folder / "README.md").write_text("")
    (folder / "shirt" / ".DS_Store").write_bytes(b"")
    [label] = labels_in(folder, CLASSES)
    assert [file.name for file in label.files] == ["1.jpg"]


def test_a_missing_or_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "is not a folder" in refusal(tmp_path / "nowhere")
    assert "holds no folders" in refusal(tmp_path)
    (tmp_path / "shirt").mkdir()
    assert "holds no photos" in refusal(tmp_path)


@pytest.mark.parametrize("hidden", ["", "hat"])
def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path, hidden: str) -> None:
    folder = folder_with(tmp_path / "photos", "hat")
    (folder / hidden).chmod(0)
    with binding():
        assert refusal(folder) == f"{folder / hidden} cannot be read (Permission denied): allow this user to read it."
    (folder / hidden).chmod(0o755)


def test_a_folder_without_right_answers_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "photos", "gloves")
    assert "for the folder gloves" in refusal(folder)
    assert "map.json does not name the classes" in refusal(folder, map_file(tmp_path, {"hat": []}))


def test_common_names_are_unknown_to_a_run_of_other_classes(tmp_path: Path) -> None:
    with pytest.raises(PhotoFolderError, match="for the folder pants"):
        labels_in(folder_with(tmp_path, "pants"), ("zero", "one"))


@pytest.mark.parametrize("content", ["{", "[]", {"hat": "Bag"}, {"hat": None}, {"hat": [1]}])
def test_a_bad_map_is_refused(tmp_path: Path, content: object) -> None:
    folder = folder_with(tmp_path / "photos", "hat")
    assert "is no map of folders to lists of classes" in refusal(folder, map_file(tmp_path, content))


def test_a_map_that_is_missing_or_names_unknown_classes_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "photos", "hat")
    assert "cannot be read" in refusal(folder, tmp_path / "nowhere.json")
    assert "names Hat, Scarf: this run knows only T-shirt/top" in refusal(
        folder, map_file(tmp_path, {"hat": ["Scarf", "Bag"], "b": ["Hat"]})
    )


def test_the_exact_class_of_a_known_shoe_narrows_its_label(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "shoes", "pants")
    known = folder / "shoes" / "04dd77eb-4233-4a57-9b0e-3136ecf6967e.jpg"
    known.write_bytes(b"")
    pants, shoes = labels_in(folder, CLASSES)
    assert shoes.right_for(known) == ("Sandal",)
    assert shoes.right_for(folder / "shoes" / "1.jpg") == ("Sandal", "Sneaker", "Ankle boot")
    assert pants.right_for(known) == ("Trouser",)
