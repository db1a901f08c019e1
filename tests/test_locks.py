"""The hash-checked locks: every line has its sums, and what the readable requirements ask for is what is locked."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.known_vulnerabilities import ACCEPTED, FLOORS

ROOT = Path(__file__).resolve().parent.parent
UV_PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
LOCKS = {"portal/requirements.lock": "portal/requirements.txt", "requirements.lock": "requirements.txt"}


def entries(lock: Path) -> list[str]:
    """The lock's logical lines, comments left out."""
    text = re.sub(r"\s*#.*", "", lock.read_text()).replace("\\\n", " ")
    return [line for line in (line.strip() for line in text.splitlines()) if line]


def locked(lock: Path) -> list[Requirement]:
    return [Requirement(entry.partition("--hash")[0]) for entry in entries(lock)]


def asked(file: Path) -> list[Requirement]:
    """The readable requirements, those of the files that they name too."""
    found = []
    for line in file.read_text().splitlines():
        words = line.partition("#")[0].strip()
        if words.startswith("-r "):
            found += asked(file.parent / words.removeprefix("-r ").strip())
        elif words:
            found.append(Requirement(words))
    return found


def pinned(requirement: Requirement) -> Version:
    [specifier] = requirement.specifier
    assert specifier.operator == "=="
    return Version(specifier.version)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_one_version_with_sums(lock: str) -> None:
    for entry in entries(ROOT / lock):
        name, *sums = entry.split(" --hash=")
        assert pinned(Requirement(name))
        assert sums and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each.strip()) for each in sums), name


@pytest.mark.parametrize(("lock", "readable"), LOCKS.items())
def test_what_is_asked_for_is_what_is_locked(lock: str, readable: str) -> None:
    versions: dict[str, list[Version]] = {}
    for requirement in locked(ROOT / lock):
        versions.setdefault(requirement.name.lower().replace("_", "-"), []).append(pinned(requirement))
    for requirement in asked(ROOT / readable):
        found = versions.get(requirement.name.lower().replace("_", "-"), [])
        assert found, f"{requirement} is not locked: run make locks"
        assert all(requirement.specifier.contains(each) for each in found), f"{requirement}: run make locks"


def test_both_locks_agree() -> None:
    portal = {(each.name, str(each.specifier)) for each in locked(ROOT / "portal" / "requirements.lock")}
    everything = {(each.name, str(each.specifier)) for each in locked(ROOT / "requirements.lock")}
    assert portal <= everything


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_older_than_its_last_known_vulnerability(lock: str) -> None:
    held = [each for each in locked(ROOT / lock) if each.name in FLOORS]
    assert {each.name for each in held} >= (FLOORS.keys() if lock == "requirements.lock" else {"streamlit", "pillow"})
    assert [str(each) for each in held if pinned(each) < Version(FLOORS[each.name][0])] == []


def test_the_portals_lock_has_nothing_that_trains() -> None:
    names = {requirement.name for requirement in locked(ROOT / "portal" / "requirements.lock")}
    assert not names & {"torch", "torchvision", "optuna", "scikit-learn", "onnxscript"}


def test_pyproject_reads_every_requirements_file_and_only_lines_that_setuptools_knows() -> None:
    """setuptools reads plain requirements, no `-r`; so the lists that include others are not among its files."""
    dynamic = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["dynamic"]
    extras = dynamic["optional-dependencies"]
    assert set(extras) == {"train", "cluster", "dev"}
    files = [file for each in (dynamic["dependencies"], *extras.values()) for file in each["file"]]
    lines = [line for file in files for line in (ROOT / file).read_text().splitlines() if not line.startswith("#")]
    assert lines and all(Requirement(line) for line in lines)
    assert {*asked(ROOT / "requirements.txt")} == {each for file in files[:2] for each in asked(ROOT / file)}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_locked_has_a_known_vulnerability(lock: str) -> None:
    """pip-audit is fetched for this; what it cannot look up it leaves out with status 0, so its answers are counted."""
    command = [
        "tool",
        "run",
        "pip-audit",
        "--format",
        "json",
        "--disable-pip",
        "--require-hashes",
        "-r",
        str(ROOT / lock),
    ]
    done = subprocess.run(
        [shutil.which("uv", path=UV_PATH) or "uv", *command], capture_output=True, text=True, check=False
    )
    if not done.stdout.startswith("{"):
        pytest.skip(f"pip-audit cannot run here: {done.stderr.strip().splitlines()[-1]}")
    answers = json.loads(done.stdout)["dependencies"]
    unknown = [each["name"] for each in answers if "skip_reason" in each]
    if len(unknown) == len(answers):
        pytest.skip(f"the package index here tells no vulnerabilities: {answers[0]['skip_reason']}")
    found = {bug["id"]: each["name"] for each in answers for bug in each.get("vulns", ())}
    assert unknown == []
    assert {key: name for key, name in found.items() if key not in ACCEPTED} == {}
