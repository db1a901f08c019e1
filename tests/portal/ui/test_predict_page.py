"""pages/predict.py: pictures of one's own, several at once, wishes, and what is said where the run cannot reject."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from artifacts.photo import KINDS
from portal.predict import answers
from portal.predict.uploads import MOST_FILES
from tests.portal.test_pages import open_page
from tests.portal.tiny_run import TinyRun

Upload = tuple[str, bytes, str]


def garment(name: str = "photo.png", height: int = 50) -> Upload:
    """A picture of a block on white."""
    picture = np.full((80, 80, 3), 255, np.uint8)
    picture[15 : 15 + height, 25:60] = 60
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return name, file.getvalue(), "image/png"


def send(app: AppTest, *files: Upload) -> AppTest:
    app.file_uploader(key="predict_upload").set_value(list(files)).run()
    assert not app.exception, app.exception[0].stack_trace
    return app


def verdict(app: AppTest) -> str:
    return app.main.subheader[0].value


def steps(app: AppTest) -> list[str]:
    """The names in the captions of the strip of preparation steps."""
    captions = [caption for image in app.image for caption in image.captions if caption.startswith("**")]
    return [caption.split(".")[1].strip() for caption in captions]


def charts(app: AppTest) -> list[str]:
    return [str(chart.proto) for chart in app.get("vega_lite_chart")]


@pytest.fixture
def page(only_run: Path) -> AppTest:
    return open_page("predict")


def test_before_anything_is_sent_a_test_image_shows_how_it_works(page: AppTest) -> None:
    [caption] = [
        caption.value for caption in page.caption if caption.value.startswith("Example until you send a picture: ")
    ]
    assert "Test image 0, labeled " in caption
    assert "Zalando SE, MIT license" in caption
    assert verdict(page).startswith("This ")
    assert len(charts(page)) == 3


def test_the_verdict_and_its_margin_come_first(page: AppTest) -> None:
    send(page, garment())
    assert "looks like" in verdict(page)
    assert any("below the threshold: kept" in text.value for text in page.main.caption)
    assert steps(page)[:5] == ["Picture", "Garment", "Trim", "Gray and negate", "28 x 28"]


def test_a_test_image_sent_as_a_file_gets_its_own_answer(page: AppTest, tiny: TinyRun) -> None:
    file = io.BytesIO()
    Image.fromarray(tiny.images[-100:][7]).save(file, "PNG")
    send(page, ("seven.png", file.getvalue(), "image/png"))
    same = open_page("predict", predict_source="Test image", predict_index="7")
    assert verdict(page) == verdict(same)
    assert charts(page) == charts(same)


def test_a_picture_of_nothing_is_rejected(page: AppTest) -> None:
    file = io.BytesIO()
    dark = np.zeros((28, 28), np.uint8)
    dark[14, 14] = 60
    Image.fromarray(dark).save(file, "PNG")
    send(page, ("dark.png", file.getvalue(), "image/png"))
    assert verdict(page).startswith("This is probably none of the ten classes; the nearest is ")
    assert any("above the threshold: rejected" in text.value for text in page.main.caption)


def test_several_pictures_are_answered_and_one_is_looked_at(page: AppTest) -> None:
    send(page, garment("first.png"), ("![x](notes)", b"no picture", "image/png"), garment("second.png", height=15))
    picker = page.selectbox(key="predict_picked")
    assert picker.options == ["1. first.png", "2. second.png"]
    [warning] = page.warning
    assert warning.value == rf"\!\[x\]\(notes\): This file is not a picture: send a {KINDS} file."
    before = charts(page)
    picker.set_value("2. second.png").run()
    assert charts(page) != before


def test_only_what_is_no_picture_leaves_a_sentence(page: AppTest) -> None:
    send(page, ("a.pdf", b"%PDF-1.7", "application/pdf"))
    [warning] = page.warning
    assert warning.value.startswith(r"a\.pdf: This file is a PDF")
    assert not page.main.subheader


def test_more_than_fit_are_cut_off_with_a_sentence(page: AppTest) -> None:
    send(page, *(garment(f"{number}.png") for number in range(MOST_FILES + 2)))
    assert len(page.selectbox(key="predict_picked").options) == MOST_FILES
    [warning] = page.warning
    assert f"Only the first {MOST_FILES} of your {MOST_FILES + 2} pictures are answered" in warning.value


def test_the_visitor_can_change_the_preparation(page: AppTest) -> None:
    send(page, garment())
    kept = charts(page)
    page.segmented_control(key="predict_invert").set_value("no").run()
    assert "Gray" in steps(page)
    assert charts(page) != kept
    page.segmented_control(key="predict_ground").set_value("none").run()
    assert any("fills the whole picture" in caption for image in page.image for caption in image.captions)
    page.slider(key="predict_across").set_value((50, 50)).run()
    assert not page.exception


def test_a_pasted_picture_stays_when_a_control_changes(only_run: Path) -> None:
    page = open_page("predict", predict_source="Paste")
    name, data, kind = garment()
    page.chat_input(key="predict_paste").upload(name, data, kind).set_value("").run()
    assert "Garment" in steps(page)
    page.segmented_control(key="predict_invert").set_value("no").run()
    assert "Garment" in steps(page)


def test_a_camera_is_offered_with_what_it_needs(only_run: Path) -> None:
    page = open_page("predict", predict_source="Camera")
    assert page.camera_input(key="predict_camera")
    assert any("only over HTTPS or on localhost" in caption.value for caption in page.caption)


def test_a_deep_link_names_a_test_image(only_run: Path, tiny: TinyRun) -> None:
    page = open_page("predict", predict_source="Test image", predict_index="7")
    label = tiny.classes[tiny.labels[-100:][7]]
    assert any(f"Test image 7, labeled {label}" in caption.value for caption in page.caption)


def test_one_example_of_each_class_can_be_chosen(only_run: Path, tiny: TinyRun) -> None:
    page = open_page("predict", predict_source="Test image")
    labels = tiny.labels[-100:]
    buttons = {button.label: button for button in page.button if str(button.key).startswith("predict_example_")}
    assert list(buttons) == [name for number, name in enumerate(tiny.classes) if number in labels]
    name = tiny.classes[labels[7]]
    buttons[name].click().run()
    first = int(np.flatnonzero(labels == labels[7])[0])
    assert page.number_input(key="predict_index").value == first
    assert any(f"Test image {first}, labeled {name}" in caption.value for caption in page.caption)


def test_a_run_without_a_network_for_photos_says_that_it_rejects_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = TinyRun(("zero", "one", "two")).write(tmp_path / "study")
    monkeypatch.setenv("FASHION_RUNS", str(run.folder))
    page = open_page("predict")
    assert answers.NO_REJECTION in [text.value for text in page.main.caption]
    assert not any("Zalando" in caption.value for caption in page.caption)
