"""Many nearly equal pictures: each gets its own answer, and what is kept of them stays small."""

import hashlib
import io
import pickle

import numpy as np
import pytest
from PIL import Image

from artifacts.photo import Choices, decode, prepare
from portal.ui import photo

SIDE = 2_000


def variants(count: int) -> list[bytes]:
    """BMP files of one gray picture on black, each with another pixel turned white."""
    grey = np.full((SIDE, SIDE), 90, np.uint8)
    grey[:100] = grey[-100:] = grey[:, :100] = grey[:, -100:] = 0
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "BMP")
    whole = file.getvalue()
    first = int.from_bytes(whole[10:14], "little")  # where the pixels begin
    made = []
    for place in np.random.default_rng(0).choice(SIDE * SIDE // 4, count, replace=False):
        data = bytearray(whole)
        data[first + 4 * place] = 255
        made.append(bytes(data))
    return made


def kept(data: bytes) -> bytes:
    """The picture of the first step as the predict page gets it, through its cache."""
    return photo._prepared(hashlib.sha256(data).hexdigest(), 28, Choices(), data).steps[0].image.tobytes()


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("count", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_one_pixel_more_is_another_picture(count: int) -> None:
    """Streamlit hashes a sample of large arrays: keyed on the decoded picture, 42 of 50 got another's answer."""
    sent = variants(count)
    photo._prepared.clear()
    shown = [kept(data) for data in sent]
    own = [prepare(decode(data), Choices()).steps[0].image.tobytes() for data in sent]
    assert shown == own
    assert kept(sent[-1]) == shown[-1]  # from the cache


def test_what_is_kept_of_a_large_picture_is_small() -> None:
    preparation = photo._prepared("a sum of its own", 28, Choices(), variants(1)[0])
    assert preparation.facts.passed_through
    assert len(pickle.dumps(preparation)) < 250_000
