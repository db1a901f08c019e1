"""What a Dockerfile says, done without a container engine: its instructions, and a folder with what it copies."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.permissions import become

ROOT = Path(__file__).resolve().parent.parent
USER = 10001  # the images' own; here nobody has that number, so there is no home and no name either


def instructions(name: str) -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their words."""
    text = re.sub(r"^#.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in text.splitlines() if line.strip()]


def copies(name: str) -> Iterator[tuple[str, str]]:
    """Each source with its target."""
    for kind, words in instructions(name):
        if kind == "COPY":
            *sources, target = words.split()
            for source in sources:
                yield source, f"{target}{source}" if target.endswith("/") else target


def lets_in(ignore: str, path: str) -> bool:
    """Whether the ignore file leaves the path in what is sent to the engine: the last line that fits decides."""
    ignored = False
    for line in (ROOT / ignore).read_text().splitlines():
        pattern = line.strip().removeprefix("!")
        if pattern and not pattern.startswith("#") and _fits(pattern, path):
            ignored = not line.startswith("!")
    return not ignored


def _fits(pattern: str, path: str) -> bool:
    """A pattern names a path or a folder above it; `**` stands for any folders, `*` for a part of a name."""
    expression = re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.fullmatch(f"{expression}(/.*)?", path) is not None


def copy_all(name: str, ignore: str, folder: Path) -> None:
    """Fill the folder with what the image's COPY lines give it."""
    for source, target in copies(name):
        files = (ROOT / source).rglob("*") if (ROOT / source).is_dir() else [ROOT / source]
        for file in files:
            inside = file.relative_to(ROOT).as_posix()
            if file.is_file() and lets_in(ignore, inside):
                place = folder / target / file.relative_to(ROOT / source)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, place)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that every user may read: pytest's own are their maker's alone."""
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)
        yield Path(temporary)


def as_image_user() -> dict[str, Any]:
    """For `subprocess`: nothing of this process's surroundings, and where that is possible (root) the image's user."""
    words: dict[str, Any] = {
        "env": {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    }
    return words | ({"preexec_fn": partial(become, USER)} if os.geteuid() == 0 else {})
