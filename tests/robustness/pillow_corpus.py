"""Pillow's own collection of nasty files, fetched from its source distribution; nothing of it is committed."""

import subprocess
import sys
import tarfile
from pathlib import Path

import PIL

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "pillow-corpus"


class NoCorpusError(OSError):
    """The source distribution cannot be fetched; the text says why."""


def corpus() -> Path:
    """The folder of images that the installed Pillow is tested with, fetched once; NoCorpusError if that fails."""
    folder = CACHE / PIL.__version__
    if not folder.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        part = folder.with_suffix(".part")
        _unpack(_source(), part)
        part.rename(folder)
    return folder


def chosen(count: int) -> list[Path]:
    """So many of them, always the same: all that once crashed, hung or bloated a decoder, then others evenly spread."""
    files = sorted(path for path in corpus().rglob("*") if path.is_file())
    worst = [path for path in files if path.name.startswith(("crash", "timeout", "oom"))]
    others = [path for path in files if path not in worst]
    left = count - len(worst)
    return worst + [others[number * len(others) // left] for number in range(left)]


def _source() -> Path:
    wanted = f"pillow=={PIL.__version__}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", "pillow", "--dest", str(CACHE), wanted]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    found = sorted(CACHE.glob(f"pillow-{PIL.__version__}.tar.gz"))
    if not found:
        raise NoCorpusError(f"Pillow's source distribution cannot be fetched: {done.stderr.strip()[-300:]}")
    return found[0]


def _unpack(archive: Path, folder: Path) -> None:
    top = f"{archive.name.removesuffix('.tar.gz')}/Tests/images/"
    with tarfile.open(archive) as files:
        members = [member for member in files.getmembers() if member.name.startswith(top) and member.isfile()]
        for member in members:
            member.name = member.name.removeprefix(top)
        files.extractall(folder, members, filter="data")
