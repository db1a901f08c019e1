"""Names that strangers give their files: shown as they are, short, and never as markup; no traceback."""

import re
from pathlib import Path

from portal.predict.uploads import LONGEST_NAME
from tests.portal.test_pages import open_page
from tests.portal.ui.test_predict_page import garment, send

HOSTILE = (
    "<img src=x onerror=alert(1)>.png",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe",
    "a" * 4_096 + ".png",
    "a\0b.png",
    "\x1b[31mred.png",
    "![x](http://evil.example/p.png) **bold** :red[x] $x^2$.png",
    "../../../../etc/passwd",
    "one\n# two\r\n- three.png",
    "",
)


def test_a_hostile_name_is_only_a_name(only_run: Path) -> None:
    page = open_page("predict")
    send(page, *(garment(name) for name in HOSTILE), *((name, b"no picture", "image/png") for name in HOSTILE))
    refused = [warning.value.split(": This file is not a picture")[0] for warning in page.warning]
    options = page.selectbox(key="predict_picked").options
    assert len(refused) == len(options) == len(HOSTILE)
    for text in (*refused, *options):
        assert text.isprintable() or not text
        assert len(text.replace("\\", "")) <= LONGEST_NAME + len("10. ")
    for text in refused:  # Markdown; a selectbox's options are plain text
        assert not re.search(r"(?<!\\)[<!\[*$:#_`]", text), text


def test_a_hostile_name_is_in_nothing_but_its_two_places(only_run: Path) -> None:
    page = open_page("predict")
    send(page, garment(HOSTILE[0]))
    everything = [
        str(element.value) for kind in ("markdown", "caption", "info", "heading") for element in page.get(kind)
    ]
    assert not [text for text in everything if "onerror" in text]
