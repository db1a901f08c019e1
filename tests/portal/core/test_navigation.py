"""The order of the study, and each page's path."""

from __future__ import annotations

from itertools import pairwise

import pytest

from portal.core.navigation import PAGES, PageInfo, available_pages, neighbors


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_every_page_says_what_to_look_at_and_one_thing_to_do(page: PageInfo) -> None:
    assert page.look.endswith((".", "?")) and page.act.endswith(".")
    assert len(page.look) < 100 and len(page.act) < 110


def test_the_pages_form_one_path() -> None:
    pages = available_pages()
    assert neighbors(pages[0].name) == (None, pages[1])
    assert neighbors(pages[-1].name) == (pages[-2], None)
    for before, after in pairwise(pages):
        assert neighbors(before.name)[1] == after and neighbors(after.name)[0] == before
