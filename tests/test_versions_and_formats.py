"""What is installed is not older than the versions with known holes, and nothing is ever unpickled."""

import ast
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from tests.known_vulnerabilities import FLOORS, UNUSED

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for part in ("artifacts", "pipeline", "portal", "pages") for path in (ROOT / part).rglob("*.py"))

SUFFIXES = {".json", ".npz", ".onnx", ".png"}
MODULES = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}


@pytest.mark.parametrize("package", FLOORS)
def test_what_is_installed_is_not_below_its_floor(package: str) -> None:
    floor, vulnerability = FLOORS[package]
    assert Version(version(package)) >= Version(floor), vulnerability


def names_of_the_accepted(source: str) -> list[str]:
    """What of the accepted vulnerabilities' subjects a module names."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute | ast.Name | ast.alias):
            found.append(ast.unparse(node))
    return [name for name in found if any(unused in name for unused in UNUSED)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_names_what_the_accepted_vulnerabilities_are_about(path: Path) -> None:
    assert names_of_the_accepted(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("line", ["torch.jit.script(f)", "from torch import jit", "import torch.nn.utils.rnn as r"])
def test_the_check_finds_such_a_name(line: str) -> None:
    assert names_of_the_accepted(line)


def unpickling(source: str) -> list[int]:
    """Lines that could run what a file says: pickle and its kin, and loaders that use them."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [node.lineno for alias in node.names if alias.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append(node.lineno)
        elif isinstance(node, ast.Call):
            found += [node.lineno] * _is_loader(node)
    return found


def _is_loader(call: ast.Call) -> bool:
    words = {word.arg: ast.unparse(word.value) for word in call.keywords}
    if words.get("allow_pickle") not in (None, "False") or words.get("persist") not in (None, "False"):
        return True
    name = ast.unparse(call.func)
    return name in ("torch.load", "torch.hub.load") or (name == "np.load" and "allow_pickle" not in words)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_unpickled(path: Path) -> None:
    assert unpickling(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "import sklearn, dill",
        "torch.load(path)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "st.cache_data(persist='disk')(f)",
    ],
)
def test_the_check_finds_it(line: str) -> None:
    assert unpickling(line) == [1]


def test_the_published_study_holds_documents_arrays_models_and_pictures_alone() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "artifacts/study"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    present = listed or [path.as_posix() for path in (ROOT / "artifacts" / "study").rglob("*") if path.is_file()]
    assert present
    assert {Path(path).suffix for path in present} <= SUFFIXES
