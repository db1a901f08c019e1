"""Hostile and broken uploads: nothing but an answer or one sentence comes out, in bounded time and memory.

The real upload path runs in a child process, so a crash of a decoder is a finding and not the end of the tests.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from artifacts.photo import MAX_BYTES, UploadError, decode
from portal.core.navigation import ROOT
from tests.robustness.bombs import bombs
from tests.robustness.mutants import originals
from tests.robustness.pillow_corpus import NoCorpusError, chosen, corpus
from tests.robustness.upload_child import Outcome

# CPU seconds: GrabCut takes 1.3 for the worst picture on one of two processors tried, 0.7 on the other.
SECONDS, MEGABYTES = 2.0, 300.0


def in_child(*words: str, seconds: float = SECONDS, megabytes: float = MEGABYTES) -> Outcome:
    """What came of the cases; fails if the child died, if anything escaped, or if a case took too much."""
    command = [sys.executable, "-m", "tests.robustness.upload_child", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", timeout=1_500)
    assert done.returncode == 0, f"status {done.returncode} at {done.stderr[-500:]}"
    outcome = Outcome(**json.loads(done.stdout))
    print(outcome)
    assert not outcome.escaped
    assert outcome.seconds <= seconds, outcome.slowest
    assert outcome.megabytes <= megabytes, outcome.largest
    return outcome


@pytest.mark.timeout(120)
def test_five_thousand_damaged_pictures_are_answered_or_refused() -> None:
    outcome = in_child("mutants", "1", "5000")
    assert outcome.answered + outcome.refused == 5_000
    assert min(outcome.answered, outcome.refused) > 500  # else the damage is too heavy or too light to say anything


@pytest.mark.slow
@pytest.mark.timeout(1_600)
def test_two_hundred_thousand_damaged_pictures_are_answered_or_refused() -> None:
    outcome = in_child("mutants", "3", "200000")
    assert outcome.answered + outcome.refused == 200_000


@pytest.fixture(scope="module")
def nasty_files() -> Path:
    try:
        return corpus()
    except (NoCorpusError, subprocess.TimeoutExpired) as error:
        pytest.skip(str(error))


@pytest.mark.timeout(400)
def test_the_worst_files_that_pillow_is_tested_with_are_answered_or_refused(nasty_files: Path, tmp_path: Path) -> None:
    for number, file in enumerate(chosen(120)):
        (tmp_path / f"{number}-{file.name}").symlink_to(file)
    outcome = in_child("files", str(tmp_path))
    assert outcome.answered + outcome.refused == 120
    assert outcome.answered > 20


@pytest.mark.slow
@pytest.mark.timeout(1_600)
def test_every_file_that_pillow_is_tested_with_is_answered_or_refused(nasty_files: Path) -> None:
    outcome = in_child("files", str(nasty_files))
    assert outcome.answered + outcome.refused > 1_000
    assert outcome.answered > 200


def test_bombs_are_refused_before_they_cost_anything(tmp_path: Path) -> None:
    made = bombs()
    for name, data in made.items():
        assert len(data) <= 1_000_000
        (tmp_path / name).write_bytes(data)
    outcome = in_child("files", str(tmp_path), megabytes=250)
    assert (outcome.refused, outcome.answered) == (len(made), 0)


@pytest.fixture(scope="module")
def dearest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The largest pictures that are let in, of each format and way of decoding."""
    folder = tmp_path_factory.mktemp("dearest")
    soft = Image.radial_gradient("L")
    most, progressive, jpeg = ((3_600, 3_600), (4_000, 4_000), (8_000, 8_000))
    colour = Image.merge("RGB", [soft, soft.rotate(90), soft.rotate(180)]).resize(most)
    clear = colour.convert("RGBA")
    clear.putalpha(soft.resize(most))
    colour.save(folder / "rgb.png", compress_level=1)
    clear.save(folder / "alpha.png", compress_level=1)
    Image.fromarray(np.asarray(soft.resize(most)).astype(np.uint16) * 257).save(folder / "deep.png", compress_level=1)
    colour.quantize(64).save(folder / "palette.gif")
    colour.save(folder / "lossy.webp", method=0)
    clear.save(folder / "lossless.webp", lossless=True, method=0, quality=0)
    clear.save(folder / "animated.webp", save_all=True, append_images=[clear.rotate(90)], method=0)
    colour.resize((2_600, 2_600)).save(folder / "rgb.bmp")
    colour.resize((2_600, 2_600)).save(folder / "rgb.tiff")
    clear.save(folder / "alpha.tiff", compression="tiff_adobe_deflate")
    clear.save(folder / "alpha.avif", speed=10, quality=60, subsampling="4:4:4")
    phone = colour.resize((4_032, 3_024))
    phone.save(folder / "tiles.heic", quality=60, tile_size=512, enc_params={"preset": "ultrafast"})
    colour.resize(progressive).save(folder / "progressive.jpg", progressive=True, quality=95)
    colour.resize(jpeg).save(folder / "baseline.jpg", quality=90)
    colour.resize(jpeg).convert("CMYK").save(folder / "cmyk.jpg", quality=90)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_dearest_pictures_that_are_let_in_cost_no_more(dearest: Path) -> None:
    assert max(file.stat().st_size for file in dearest.iterdir()) < MAX_BYTES
    outcome = in_child("files", str(dearest), seconds=1.5)  # what a HEIC photo of 12 MP may take
    assert (outcome.answered, outcome.refused) == (len(list(dearest.iterdir())), 0)


@given(st.binary(max_size=400), st.sampled_from([b"", *originals().values()]), st.integers(0, 64))
def test_any_bytes_give_a_picture_or_an_upload_error(tail: bytes, whole: bytes, kept: int) -> None:
    """Hypothesis's bytes behind the first bytes of a real picture, so that they reach the parsers."""
    try:
        picture = decode(whole[:kept] + tail)
    except UploadError as error:
        assert str(error).endswith(".")
    else:
        assert picture.dtype == np.uint8 and picture.ndim == 3
