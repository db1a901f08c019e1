"""The order of the study, and each page's path."""

from itertools import groupby, pairwise

from portal.core.navigation import PAGES, available_pages, neighbors


def test_the_pages_of_a_section_stand_together() -> None:
    sections = [section for section, _ in groupby(PAGES, lambda page: page.section)]
    assert len(set(sections)) == len(sections)


def test_the_pages_form_one_path() -> None:
    pages = available_pages()
    assert neighbors(pages[0].name) == (None, pages[1])
    assert neighbors(pages[-1].name) == (pages[-2], None)
    for before, after in pairwise(pages):
        assert neighbors(before.name)[1] == after and neighbors(after.name)[0] == before
