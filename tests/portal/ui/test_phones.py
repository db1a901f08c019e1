"""The invitation for phones, as a dialog of any page."""

from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from portal.serving import addresses
from portal.ui import view
from tests.portal.test_pages import open_page
from tests.portal.ui.test_closing import healthy


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The server's options that decide, which a test may change; and a page that was opened as localhost's."""
    options: dict[str, Any] = {"server.address": "0.0.0.0", "server.allowedHosts": []}
    ordinary = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: options[name] if name in options else ordinary(name))
    monkeypatch.setattr(view, "link", lambda leave_out: "http://localhost:8501/dataset")
    monkeypatch.setattr(addresses, "network_address", lambda: "192.168.1.5")
    return options


def test_a_class_is_shown_the_address_and_its_code(only_run: Path, served: dict[str, Any]) -> None:
    app = healthy(open_page("dataset").button(key="phones").click().run())
    assert "http://192.168.1.5:8501/dataset" in [each.value for each in app.code]
    captions = [image.caption for each in app.get("image") for image in each.proto.imgs]
    assert sum("phone's camera" in caption for caption in captions) == 1


def test_a_portal_for_this_machine_alone_says_how_to_open_it(only_run: Path, served: dict[str, Any]) -> None:
    served["server.address"] = "localhost"
    app = healthy(open_page("dataset").button(key="phones").click().run())
    assert [each.value for each in app.warning] == [
        "Only this machine can open the portal: start it with `python -m portal --host 0.0.0.0`."
    ]


def test_without_an_address_it_says_where_to_find_one(
    only_run: Path, served: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "network_address", lambda: None)
    app = healthy(open_page("dataset").button(key="phones").click().run())
    assert len(app.warning) == 1 and "hostname -I" in app.warning[0].value


def test_phones_are_not_sent_to_the_projectors_view() -> None:
    """The link leaves out lecture mode and what is hidden, and keeps the rest."""

    def link() -> None:
        import streamlit as st

        from portal.ui import view

        st.code(view.link(("lecture", "hide")))

    app = AppTest.from_function(link)
    app.query_params["lecture"], app.query_params["hide"], app.query_params["image"] = "1", "sidebar", "7"
    [shown] = app.run().code
    assert shown.value.partition("?")[2] == "image=7"
