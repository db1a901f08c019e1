"""Both images built and run by a container engine, as docs/deployment.md says; left out where there is none.

Where packages come from a mirror, IMAGE_BUILD_OPTIONS holds further words for `build` (docs/deployment.md).
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portal.core.navigation import PAGES
from tests.dockerfiles import ROOT, USER, instructions
from tests.robustness.test_replicas import free_port
from tests.robustness.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
BASE = dict(instructions("Dockerfile"))["FROM"]
DOCUMENTED = (ROOT / "docs" / "deployment.md").read_text()


def ask(engine: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """The engine's answer. Podman leaves a HEALTHCHECK out unless told that the image is docker's kind."""
    environment = os.environ | {"BUILDAH_FORMAT": "docker"}
    done = subprocess.run([engine, *words], cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    assert not check or done.returncode == 0, done.stderr[-2000:]
    return done


@pytest.fixture(scope="module")
def engine() -> str:
    """Podman or docker, whichever answers, and has the base image or can fetch it."""
    for name in ("podman", "docker"):
        if shutil.which(name) and ask(name, "info", check=False).returncode == 0:
            if ask(name, "image", "inspect", BASE, check=False).returncode != 0:
                pulled = ask(name, "pull", f"docker.io/library/{BASE}", check=False)
                if pulled.returncode != 0:
                    pytest.skip(f"{BASE} cannot be fetched: {pulled.stderr.strip().splitlines()[-1]}")
            return name
    pytest.skip("there is no container engine here: neither podman nor a docker daemon answers")


@pytest.fixture(scope="module")
def images(engine: str) -> str:
    """The engine, once it has built both images by the documented commands."""
    commands = re.findall(r"^docker (build .*)$", DOCUMENTED, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        verb, *words = shlex.split(command)
        ask(engine, verb, *shlex.split(os.environ.get("IMAGE_BUILD_OPTIONS", "")), *words)
    return engine


def documented_run(image: str) -> list[str]:
    """What follows `docker run` in the first documented command that runs the image without a GPU."""
    lines = re.findall(rf"^docker run (.*\b{image}\b[^#\n]*)", DOCUMENTED, re.MULTILINE)
    return shlex.split(next(line for line in lines if "--gpus" not in line))


@contextmanager
def running(engine: str, words: list[str]) -> Iterator[str]:
    """A container's name, while it runs in the background."""
    name = f"test-{os.getpid()}-{time.monotonic_ns()}"
    ask(engine, "run", "--detach", "--name", name, *words)
    try:
        yield name
    finally:
        ask(engine, "rm", "--force", name, check=False)


# ------------------------------------------------------------------------------------------------------------- portal


def test_the_portals_container_serves_every_page_within_its_limits(images: str) -> None:
    """Memory, a read-only file system, no capabilities: all as documented; the port alone is another."""
    port = free_port()
    words = [word.replace("8501:8501", f"{port}:8501") for word in documented_run("fashion-portal") if word != "--rm"]
    assert {"--memory", "--read-only", "--cap-drop"} <= set(words)
    check = json.loads(dict(instructions("Dockerfile"))["HEALTHCHECK"].partition("CMD ")[2])
    with running(images, words) as name:
        deadline = time.monotonic() + 120
        while ask(images, "exec", name, *check, check=False).returncode != 0:
            assert time.monotonic() < deadline, ask(images, "logs", name).stderr
            time.sleep(0.5)
        assert ask(images, "exec", name, "id", "-u").stdout.strip() == str(USER)
        assert "Read-only file system" in ask(images, "exec", name, "touch", "/app/x", check=False).stderr
        assert re.search(r"CapEff:\s+0+$", ask(images, "exec", name, "cat", "/proc/1/status").stdout, re.MULTILINE)
        with Visitor(f"http://127.0.0.1:{port}") as visitor:
            for page in PAGES:
                sent = visitor.open("" if page.name == "overview" else page.name)
                assert not [each for each in sent if each.delta.new_element.HasField("exception")], page.name
            assert visitor.upload((ROOT / "docs" / "screenshot.png").read_bytes()) == 204
        ask(images, "stop", "--time", "20", name)
        state = json.loads(ask(images, "inspect", name).stdout)[0]["State"]
        assert (state["ExitCode"], state["OOMKilled"]) == (0, False)
        assert "Traceback" not in ask(images, "logs", name).stderr


# ----------------------------------------------------------------------------------------------------------- pipeline


@pytest.fixture
def words(images: str) -> Iterator[list[str]]:
    """The documented words that run it without a GPU, with volumes of their own, up to the pipeline's own words.

    The data set is this checkout's where it has one.
    """
    volumes = {kind: f"test-{kind}-{os.getpid()}" for kind in ("fashion-runs", "fashion-data")}
    places = volumes | ({"fashion-data": str(ROOT / "data")} if (ROOT / "data" / "fashion-mnist").exists() else {})
    documented = [word for word in documented_run("fashion-pipeline") if word != "--rm"]
    command = documented[: documented.index("fashion-pipeline") + 1]
    yield [places[word.split(":")[0]] + ":" + word.split(":")[1] if ":/app/" in word else word for word in command]
    for name in volumes.values():
        ask(images, "volume", "rm", "--force", name, check=False)


def test_a_killed_pipeline_container_goes_on_and_finishes(images: str, words: list[str]) -> None:
    study = [*words, "run-all", "--profile", "smoke"]
    with running(images, study) as name:
        deadline = time.monotonic() + 300
        while "trained" not in ask(images, "exec", name, "sh", "-c", FIRST_TRIALS, check=False).stdout:
            assert time.monotonic() < deadline, ask(images, "logs", name).stderr
            time.sleep(0.5)
        ask(images, "kill", "--signal", "KILL", name)
        assert ask(images, "wait", name).stdout.strip() == "137"  # it had not ended by itself
    ask(images, "run", "--rm", *study)
    ask(images, "run", "--rm", *words, "verify", "runs/smoke/study")


FIRST_TRIALS = "find runs -name record.json | grep -q . && echo trained"
