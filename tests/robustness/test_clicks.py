"""Random walks over every page's widgets, and links with values that no control offers: no page may raise."""

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from portal.core.navigation import available_pages
from tests.portal.test_pages import open_page
from tests.robustness.walks import step, widgets

NAMES = [page.name for page in available_pages()]
STRANGE = ("", "-1", "1e999", "nan", "<script>", "\N{RIGHT-TO-LEFT OVERRIDE}x", "9" * 400, "None", "0.5,0.2", "%00")


def pictures() -> list[tuple[str, bytes, str]]:
    """Two pictures and two files that are none."""
    rng = np.random.default_rng(0)
    sent = []
    for name, shape in (("noise.png", (60, 40, 3)), ("grey.png", (28, 28))):
        file = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(file, "PNG")
        sent.append((name, file.getvalue(), "image/png"))
    return [*sent, ("cut.png", sent[0][1][:200], "image/png"), ("<b>.txt", b"text", "text/plain")]


def walk(app: AppTest, name: str, seed: int, steps: int) -> None:
    """Fails with the whole way, so that it can be gone again."""
    rng, sent, way = random.Random(f"{name} {seed}"), pictures(), []
    for _ in range(steps):
        way.append(step(app, rng, sent))
        assert not app.exception, (way, app.exception[0].stack_trace)


def keys_of(app: AppTest) -> list[str]:
    return [widget.key for widget in widgets(app) if widget.key]


@pytest.mark.parametrize("name", NAMES)
def test_a_short_walk_and_a_link_that_clears_every_control(only_run: Path, name: str) -> None:
    """`?key=` clears a control, whatever it requires."""
    app = open_page(name)
    cleared = dict.fromkeys(keys_of(app), "")
    walk(app, name, seed=0, steps=4)
    open_page(name, **cleared)  # fails if the page raised


@pytest.mark.parametrize("value", ["1e999", "-inf", "9" * 400])
@pytest.mark.parametrize(("name", "key"), [("quiz", "quiz_sheet"), ("playground", "playground_index")])
def test_an_infinite_number_in_a_link_leaves_the_control_as_it_was(
    only_run: Path, name: str, key: str, value: str
) -> None:
    """Streamlit's number input alone raises OverflowError."""
    expected = open_page(name).number_input(key=key).value
    assert open_page(name, **{key: value}).number_input(key=key).value == expected


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", NAMES)
def test_two_hundred_walks_together(only_run: Path, name: str) -> None:
    for seed in range(1, 2 + 200 // len(NAMES)):
        walk(open_page(name), name, seed, steps=10)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_links_with_values_that_no_control_offers(only_run: Path, name: str) -> None:
    keys, rng = keys_of(open_page(name)), random.Random(name)
    for _ in range(5):
        open_page(name, **{key: rng.choice(STRANGE) for key in keys})
