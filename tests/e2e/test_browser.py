"""A real browser: every page drawn, read by axe-core, clicked, scrubbed, fed a picture, and opened by a link.

Needs Debian's chromium (`apt-get install chromium`) or playwright's; without either these tests are left out.
"""

import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect

from portal.cli import main
from portal.core.navigation import ROOT, available_pages
from tests.e2e.server import PATIENCE, chromium, free_port, open_page, portal, settle, watch

NAMES = [page.name for page in available_pages()]
PHONE, DESKTOP = 390, 1280
pytestmark = [
    pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium"),
    pytest.mark.timeout(1_800),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with portal(ROOT / "artifacts" / "study") as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A window in which nothing went wrong: checked when the test is done."""
    found = browser.new_page(viewport={"width": DESKTOP, "height": 900}, accept_downloads=True)
    found.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    faults = watch(found, address)
    yield found
    shown = found.locator('[data-testid="stException"]').count()
    found.close()
    assert not faults
    assert not shown


def serious(page: Page) -> list[str]:
    """What axe-core finds that keeps people out, each with the place of its first instance."""
    # Streamlit's own menu is a list whose items are wrapped in other elements: not ours to mend.
    context = {"exclude": [['[data-testid="stSidebarNavItems"]']]}
    found = Axe().run(page, context).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['target']}" for each in found if each["impact"] in ("serious", "critical")
    ]


def picture() -> bytes:
    """A photo of something dark on a light ground."""
    pixels = np.full((300, 240, 3), 245, np.uint8)
    pixels[60:240, 70:170] = (40, 50, 90)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


SENT: FilePayload = {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": picture()}
ANSWER = re.compile("^This (looks like|is probably none)")


def click_cell(page: Page, number: int) -> None:
    """Click a cell of the page's confusion matrix, counted from its upper left corner along the rows."""
    matrix = page.locator('[data-testid="stVegaLiteChart"][aria-label^="Heatmap of true"]')
    matrix.scroll_into_view_if_needed()
    matrix.locator("[aria-roledescription='rect mark'], .mark-rect path").nth(number).click()


def cell_clicked(page: Page, address: str, name: str) -> str:
    """What the page's control holds after a click in its confusion matrix, which the link holds too by then."""
    open_page(page, address, name)
    click_cell(page, 3)
    page.wait_for_url(re.compile(f"{name}_cell="))
    settle(page)
    return page.get_by_role("combobox", name=re.compile("Cell: true")).input_value()


# ------------------------------------------------------------------------------------- a short core, with every change


def test_a_photo_is_answered(page: Page, address: str) -> None:
    open_page(page, address, "predict")
    page.locator('input[type="file"]').set_input_files(SENT)
    expect(page.get_by_role("heading", name=ANSWER)).to_be_visible()
    expect(page.get_by_text("Until you send a picture")).to_have_count(0)


def test_a_click_in_the_confusion_matrix_shows_its_images_and_is_in_the_link(page: Page, address: str) -> None:
    picked = cell_clicked(page, address, "results")
    expect(page.get_by_text(re.compile(rf"^{re.escape(picked)}: [\d,]+ images"))).to_be_visible()


def test_a_link_restores_what_was_chosen(page: Page, address: str) -> None:
    page.goto(f"{address}/dataset?dataset_class=Bag&take_away=true")
    settle(page)
    assert page.get_by_role("combobox", name=re.compile("Class")).input_value() == "Bag"
    expect(page.locator("code").first).to_contain_text("/dataset?dataset_class=Bag")


def test_the_first_page_is_found_under_its_name_too(page: Page, address: str) -> None:
    page.goto(f"{address}/overview")
    settle(page)
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_who_comes_back_to_a_lost_session_goes_on(browser: Browser) -> None:
    """A phone that slept for more than two minutes, or a portal started again: its picture is not known there."""
    study, port = ROOT / "artifacts" / "study", free_port()
    window = browser.new_page(viewport={"width": PHONE, "height": 844})
    window.set_default_timeout(PATIENCE)
    with portal(study, port=port) as address:
        open_page(window, address, "predict")
        window.locator('input[type="file"]').set_input_files(SENT)
        expect(window.get_by_role("heading", name=ANSWER)).to_be_visible()
    with portal(study, port=port):
        window.get_by_text("Camera", exact=True).click()
        expect(window.get_by_text("Hold one garment in front of the camera").first).to_be_visible()
        settle(window)
        expect(window.locator('[data-testid="stException"]')).to_have_count(0)
    window.close()


# ------------------------------------------------------------------------------------------------------ all the rest


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_page_is_drawn_without_a_fault_and_keeps_nobody_out(page: Page, address: str, name: str) -> None:
    open_page(page, address, name)
    assert serious(page) == []
    assert page.locator("canvas.marks").count() == 0, "a chart drawn on a canvas loses the text colour of dark mode"
    page.set_viewport_size({"width": PHONE, "height": 844})
    settle(page)
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= PHONE, "a phone would have to scroll sideways"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_modes_have_contrast(browser: Browser, address: str, scheme: str) -> None:
    window = browser.new_page(viewport={"width": DESKTOP, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    for name in ("overview", "results"):
        open_page(window, address, name)
        assert [each for each in serious(window) if each.startswith("color-contrast")] == []
    window.close()


@pytest.mark.slow
def test_the_search_is_scrubbed_with_the_keyboard(page: Page, address: str) -> None:
    open_page(page, address, "tuning")
    thumb = page.get_by_role("slider", name=re.compile("Up to trial"))
    thumb.focus()
    thumb.press("ArrowLeft")
    page.wait_for_url(re.compile("tuning_fine_trial="))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "label", "key", "said"),
    [
        ("epochs", "After epoch", "epochs_", "after epoch {}: [\\d,]+ images"),
        ("disagreement", "Networks that are right", "disagreement_right=", "^[\\d,]+ images, the most divided first"),
    ],
)
def test_a_slider_that_draws_only_its_part_is_in_the_link(
    page: Page, address: str, name: str, label: str, key: str, said: str
) -> None:
    open_page(page, address, name)
    thumb = page.get_by_role("slider", name=re.compile(label))
    before = thumb.input_value()
    thumb.focus()
    thumb.press("ArrowLeft")
    page.wait_for_url(re.compile(re.escape(key)))
    settle(page)
    moved = thumb.input_value()
    assert moved != before
    link = page.url
    for _ in range(2):  # as moved, then as the copied link shows it
        expect(page.get_by_text(re.compile(said.format(moved)))).to_be_visible()
        assert thumb.input_value() == moved
        page.goto(link)
        settle(page)


@pytest.mark.slow
def test_a_click_in_the_matrix_of_an_epoch_shows_its_images(page: Page, address: str) -> None:
    picked = cell_clicked(page, address, "epochs")
    expect(page.get_by_text(re.compile(rf"^{re.escape(picked)} after epoch"))).to_be_visible()


@pytest.mark.slow
def test_the_lecturer_s_key_shows_one_answer_after_the_other(page: Page, address: str) -> None:
    page.goto(f"{address}/dataset?lecture=1")
    settle(page)
    hidden = page.get_by_role("button", name="Show the answer")
    before = hidden.count()
    assert before >= 3
    for left in (before - 1, before - 2):
        page.keyboard.press("a")
        expect(hidden).to_have_count(left)
        settle(page)  # the key moves on to the next button with the page's run


@pytest.mark.slow
def test_files_are_made_when_they_are_asked_for(page: Page, address: str) -> None:
    page.goto(f"{address}/dataset?take_away=true")
    settle(page)
    for label, begin in (("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("CSV", b"\xef\xbb\xbf"), ("Parquet", b"PAR1")):
        with page.expect_download() as download:
            page.get_by_role("button", name=label, exact=True).first.click()
        assert download.value.path().read_bytes().startswith(begin)


@pytest.mark.slow
def test_the_report_opens_from_a_file_without_a_fault(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert main(["report", "--run", str(ROOT / "artifacts" / "study"), "--to", str(file)]) == 0
    window = browser.new_page(viewport={"width": DESKTOP, "height": 900})
    faults = watch(window, file.as_uri())
    window.goto(file.as_uri())
    charts = window.locator(".chart")
    expect(window.locator(".chart svg")).to_have_count(charts.count(), timeout=PATIENCE)
    assert charts.count() > 15
    assert serious(window) == []
    window.set_viewport_size({"width": PHONE, "height": 844})
    assert window.evaluate("document.documentElement.scrollWidth") <= PHONE
    window.close()
    assert not faults


@pytest.mark.slow
def test_all_of_it_works_with_the_network_cut(tmp_path_factory: pytest.TempPathFactory) -> None:
    """In a network namespace of its own, where only the loopback device exists."""
    cut = ["unshare", "--user", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*cut, "true"], capture_output=True).returncode:
        pytest.skip("this machine gives no network namespaces")
    done = subprocess.run([*cut, sys.executable, "-m", "tests.e2e.offline"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no fault" in done.stdout
