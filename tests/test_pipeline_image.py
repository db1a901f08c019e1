"""The pipeline as its image has it: only what Dockerfile.pipeline copies, another user, a home that is not there.

No container engine is needed; the base image and the installation from the lock are not covered by it.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from artifacts.store import Run
from tests.dockerfiles import ROOT, USER, as_image_user, copies, copy_all, instructions, lets_in, open_folder
from tests.pipeline.conftest import CLASS_NAMES, SAMPLE, write_data

DOCKERFILE, IGNORE = "Dockerfile.pipeline", "Dockerfile.pipeline.dockerignore"
SIZES = [
    "--train-images",
    "160",
    "--validation-images",
    "60",
    "--set",
    "split.validated=60",
    "--set",
    "split.tested=99",
]


@pytest.fixture(scope="module")
def app() -> Iterator[Path]:
    """A folder with what the image copies, its `runs` and `data` alone the user's own."""
    with open_folder() as folder:
        copy_all(DOCKERFILE, IGNORE, folder)
        for name in ("runs", "data"):
            (folder / name).mkdir()
            if os.geteuid() == 0:
                os.chown(folder / name, USER, USER)
        yield folder


def test_every_source_is_there_and_is_sent_to_the_engine() -> None:
    for source, _ in copies(DOCKERFILE):
        assert (ROOT / source).exists(), source
        assert lets_in(IGNORE, source), source
    for path in (
        "artifacts/study/manifest.json",
        "portal/app.py",
        ".git/config",
        "pipeline/__pycache__/cli.pyc",
        "runs",
    ):
        assert not lets_in(IGNORE, path), path


def test_the_image_is_not_root_and_its_volumes_are_where_the_pipeline_writes() -> None:
    lines = dict(instructions(DOCKERFILE))
    assert lines["USER"] == "pipeline"
    assert ast.literal_eval(lines["VOLUME"]) == [f"{lines['WORKDIR']}/{name}" for name in ("runs", "data")]
    assert any(
        kind == "RUN" and words == "mkdir runs data && chown pipeline runs data"
        for kind, words in instructions(DOCKERFILE)
    )


def test_the_images_command_runs_a_stage_from_what_was_copied(app: Path) -> None:
    """Nothing but `runs` and `data` can be written, so whatever else it wants to write would fail."""
    with np.load(SAMPLE, allow_pickle=False) as sample:
        data = write_data(app / "data" / "garments", sample["images"], sample["labels"], CLASS_NAMES)
    entry = ast.literal_eval(dict(instructions(DOCKERFILE))["ENTRYPOINT"])
    probe = [
        sys.executable,
        "-c",
        "import os; print(os.getuid(), os.access('pipeline', os.W_OK), os.access('runs', os.W_OK))",
    ]
    if os.geteuid() == 0:
        assert subprocess.check_output(probe, cwd=app, text=True, **as_image_user()) == f"{USER} False True\n"
    command = [sys.executable, *entry[1:], "eda", "--profile", "smoke", "--data", str(data), *SIZES]
    done = subprocess.run(command, cwd=app, capture_output=True, text=True, check=False, **as_image_user())
    assert (done.returncode, done.stderr) == (0, "")
    assert Run(app / "runs" / "smoke" / "study").verify() == []
    assert not list(app.rglob("*.part"))
