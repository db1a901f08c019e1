"""Another data set, from its four files to every page of the portal, without a line of code changed."""

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from artifacts.store import Run
from portal.core.navigation import ROOT, available_pages
from tests.pipeline.conftest import SAMPLE, write_data
from tests.portal.test_pages import open_page, sentences

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A smoke run on data of MNIST's shape and names."""
    with np.load(SAMPLE, allow_pickle=False) as archive:
        images, labels = np.tile(archive["images"], (2, 1, 1)), np.tile(archive["labels"], 2)
    folder = write_data(tmp_path_factory.mktemp("data") / "digits", images, labels, DIGITS)
    name = f"digits-{uuid.uuid4().hex[:8]}"
    sizes = ["--train-images", "300", "--validation-images", "100"]
    command = [sys.executable, "-m", "pipeline", "run-all", "--profile", "smoke", "--run", name, "--data", str(folder)]
    try:
        subprocess.run([*command, *sizes], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        yield Run(ROOT / "runs" / name / "study")
    finally:
        shutil.rmtree(ROOT / "runs" / name, ignore_errors=True)


@pytest.mark.parametrize("name", [page.name for page in available_pages()])
def test_every_page_shows_it(digits: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("FASHION_RUNS", str(digits.folder))
    monkeypatch.setenv("FASHION_NETWORKS", str(tmp_path))
    app = open_page(name)
    assert digits.manifest.classes == DIGITS
    assert not [text for text in sentences(app) if "python -m pipeline" in text]
    words = " ".join(each.value for kind in ("markdown", "caption", "success") for each in app.get(kind))
    for garment in ("T-shirt/top", "Ankle boot", "Pullover"):
        assert garment not in words
