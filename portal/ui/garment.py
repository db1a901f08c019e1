"""Selector for the image that a page works on: a test image by number, or the visitor's own picture."""

import random
from dataclasses import dataclass

import numpy as np
import streamlit as st

from artifacts import photo
from portal.predict import uploads
from portal.ui import elements

TEST, OWN = "Test image", "Own picture"
_OWN_PICTURE = "own_picture"  # (file id, name, pixels): a few hundred bytes, for all pages of the session


@dataclass(frozen=True)
class Garment:
    """`image` uint8 (S, S); `label` is the class's number, None if it is unknown."""

    image: np.ndarray
    name: str
    label: int | None


def pick(page: str) -> Garment:
    """Draw the selector of the page `page`, whose name is the prefix of the controls' keys, and return the image."""
    source = elements.one_of("Image", [TEST, OWN], key=f"{page}_source")
    return own_picture(page) if source == OWN else test_image(page)


def test_image(page: str) -> Garment:
    """Draw a control for the number of a test image and a button for a random one, and return the image."""
    test, classes = elements.arrays("data/test.npz"), elements.current_run().manifest.classes
    last, key = len(test["images"]) - 1, f"{page}_index"
    elements.keep_within(key, 0, last)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.number_input(f"Test image, 0 to {last}", 0, last, 0, key=key, bind="query-params", width=200)
        st.button("Draw one", icon=":material/casino:", key=f"{page}_draw", on_click=_draw, args=(key, last))
    label = int(test["labels"][number])
    return Garment(test["images"][number], f"test image {number}, {classes[label]}", label)


def _draw(key: str, last: int) -> None:
    st.session_state[key] = random.randint(0, last)


def own_picture(page: str) -> Garment:
    """Draw an uploader and return the session's own picture; until there is one, the first test image."""
    file = st.file_uploader("A photo of one garment", key=f"{page}_upload")
    st.caption("Or send it on the page Predict. Only the small gray image is kept, until you close the page.")
    if file is not None and file.file_id != st.session_state.get(_OWN_PICTURE, ("",))[0]:
        try:
            prepared = photo.prepare(photo.decode(file.getvalue()), photo.Choices(), size=_side())
            keep(prepared.image, file.name, file.file_id)
        except photo.UploadError as error:
            st.warning(f"{uploads.literal(file.name)}: {error}", icon=":material/broken_image:")
    _, name, pixels = st.session_state.get(_OWN_PICTURE, ("", "", b""))
    if len(pixels) != _side() ** 2:  # none yet, or of a run whose images have another size
        return Garment(
            elements.arrays("data/test.npz")["images"][0], "the first test image, until you send a picture", None
        )
    return Garment(np.frombuffer(pixels, np.uint8).reshape(_side(), _side()), uploads.literal(name), None)


def keep(image_SS: np.ndarray, name: str, file_id: str = "") -> None:
    """Keep a prepared picture, uint8 (S, S), in the session for the pages that use own pictures."""
    st.session_state[_OWN_PICTURE] = (file_id, name, image_SS.tobytes())


def _side() -> int:
    return elements.current_run().manifest.image_size
