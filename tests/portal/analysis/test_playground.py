"""portal/analysis/playground.py does what pipeline.augmentation does; and the playground's page."""

from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from artifacts.store import Run
from pipeline.augmentation.ops import Erasing, HorizontalFlip, Perspective, Rotation
from portal.analysis import playground
from portal.analysis.playground import CORNERS, Augmentation
from tests.portal.test_pages import open_page
from tests.portal.tiny_run import TinyRun
from tests.portal.ui.test_predict_page import garment


@pytest.fixture
def images(tiny: TinyRun) -> np.ndarray:
    return tiny.images[:24]


def tensor(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images.copy())[:, None]


def test_nothing_chosen_changes_nothing(images: np.ndarray) -> None:
    for image in images:
        np.testing.assert_array_equal(playground.augment(image, Augmentation()), image)


def test_flip_and_rotation_are_the_pipelines(images: np.ndarray) -> None:
    angles = np.linspace(-170, 180, len(images), dtype=np.float32)
    flipped = HorizontalFlip().apply(tensor(images), torch.ones(len(images), dtype=torch.bool))
    theirs = Rotation(5).apply(flipped, torch.from_numpy(angles))[:, 0].numpy()
    ours = [
        playground.augment(image, Augmentation(flip=True, degrees=float(angle)))
        for image, angle in zip(images, angles, strict=True)
    ]
    assert (np.stack(ours) != theirs).mean() < 1e-3  # float32 against float64 on a pixel's edge


def test_perspective_is_the_pipelines(images: np.ndarray) -> None:
    offsets = np.random.default_rng(0).integers(0, 6, (len(images), 4, 2))
    theirs = Perspective(0.5, 1.0).apply(tensor(images), torch.from_numpy(offsets))[:, 0].numpy()
    ours = np.stack([playground.distort(image, offset) for image, offset in zip(images, offsets, strict=True)])
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert (ours != theirs).mean() < 1e-3


def test_only_the_chosen_corners_move() -> None:
    white = np.full((28, 28), 255, np.uint8)
    narrow = playground.augment(white, Augmentation(corners=CORNERS[:2], pixels=4))
    assert not narrow[:4].any()
    assert narrow[-2, 0] == 0 or narrow[-2, 1] > 0
    assert (narrow[10] > 0).sum() < (narrow[-2] > 0).sum()


def test_erasing_is_the_pipelines_box(images: np.ndarray) -> None:
    box = torch.tensor([[7, 14, 14, 14]] * len(images))
    theirs = Erasing().apply(tensor(images), box)[:, 0].numpy()
    ours = np.stack([playground.erase(image, 0.25, 1.0, 0.5) for image in images])
    np.testing.assert_array_equal(ours, theirs)


# ----------------------------------------------------------------------------------------------------------- the page


def charts(app: AppTest) -> list[str]:
    return [str(chart.proto) for chart in app.get("vega_lite_chart")]


def words(app: AppTest) -> str:
    return "\n".join(element.value for kind in ("markdown", "caption") for element in app.get(kind))


def test_a_slider_moves_the_answers_and_undo_brings_them_back(only_run: Path) -> None:
    app = open_page("playground", playground_index="7")
    before = charts(app)
    app.slider(key="playground_erased").set_value(60).run()
    assert charts(app) != before
    app.button(key="playground_reset").click().run()
    assert not app.exception
    assert app.slider(key="playground_erased").value == 0
    assert charts(app) == before


def test_a_link_restores_image_and_change(only_run: Path, tiny: TinyRun) -> None:
    app = open_page("playground", playground_index="7", playground_degrees="30", playground_corners="top left")
    assert app.number_input(key="playground_index").value == 7
    assert app.slider(key="playground_degrees").value == 30
    name = tiny.classes[tiny.labels[-100:][7]]
    assert f"networks predict the label, {name}" in words(app)


def test_values_that_no_slider_has_are_left_out(only_run: Path) -> None:
    app = open_page("playground", playground_index="-3", playground_degrees="4000", playground_mode="Magic")
    assert app.number_input(key="playground_index").value >= 0
    assert app.slider(key="playground_degrees").value <= 180
    assert app.segmented_control(key="playground_mode").value == "Augmentation"


def test_corruptions_show_the_measured_curves_of_the_slider_that_moved(only_run: Path) -> None:
    app = open_page("playground", playground_mode="Corruption")
    assert len(charts(app)) == 2
    app.slider(key="playground_blur").set_value(2.0).run()
    assert not app.exception
    assert app.selectbox(key="playground_curves").value == "Blur"
    app.selectbox(key="playground_curves").set_value("Rotation").run()
    app.segmented_control(key="playground_compare").set_value("Trainsets").run()
    assert "the sets with rotation (3, 4, 5) keep" in words(app)


def test_a_run_without_curves_says_how_to_make_them(
    tiny: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: Run = tiny.write(tmp_path / "study", without=["robustness/"])
    monkeypatch.setenv("FASHION_RUNS", str(run.folder))
    app = open_page("playground", playground_mode="Corruption")
    assert "`python -m pipeline robustness`" in words(app)
    assert len(charts(app)) == 1


def test_a_drawn_image_is_one_of_the_test_images(only_run: Path) -> None:
    app = open_page("playground")
    app.button(key="playground_draw").click().run()
    assert not app.exception
    assert 0 <= app.number_input(key="playground_index").value < 100


def test_ones_own_picture_is_prepared_and_kept_for_other_pages(only_run: Path) -> None:
    app = open_page("playground", playground_source="Own picture")
    assert "until you send a picture" in app.image[0].captions[0]
    waiting = charts(app)
    app.file_uploader(key="playground_upload").set_value(garment()).run()
    assert not app.exception
    assert charts(app) != waiting
    assert "the most frequent prediction for the unchanged picture" in words(app)
    kept = app.session_state["own_picture"]
    assert len(kept[2]) == 28 * 28
    app.file_uploader(key="playground_upload").set_value(("a.pdf", b"%PDF-1.7", "application/pdf")).run()
    assert "This file is a PDF" in app.warning[0].value


def test_a_picture_sent_on_predict_is_there_in_the_playground(only_run: Path) -> None:
    app = open_page("predict")
    assert "own_picture" not in app.session_state  # a test image that stands in is nobody's own
    app.file_uploader(key="predict_upload").set_value([garment()]).run()
    app.switch_page("../pages/playground.py").run()
    app.segmented_control(key="playground_source").set_value("Own picture").run()
    assert not app.exception
    assert "Before: photo" in app.image[0].captions[0]
