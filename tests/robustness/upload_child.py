"""A process that sends bytes through the real upload path, under limits, and says on stdout what came of them.

`python -m tests.robustness.upload_child files FOLDER` takes every file below FOLDER, `... mutants SEED COUNT` takes
COUNT mutants. Each case's name goes to stderr first, so that after a crash or a kill the last line names the culprit.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2

from artifacts.photo import UploadError, decode, prepare
from tests.robustness.mutants import mutants

CPU_SECONDS_A_CASE = 20  # a case that takes as long ends the process: it hangs
ADDRESS_SPACE = 2 * 1024**3  # bytes; well above what the libraries map, well below what a bomb asks for


@dataclass
class Outcome:
    """What came of all cases: how many were answered and refused, everything else, and the dearest case."""

    answered: int = 0
    refused: int = 0
    escaped: list[str] = field(default_factory=list)  # "case: exception", of every exception but UploadError
    slowest: str = ""
    seconds: float = 0.0  # CPU seconds of the slowest case, which other programs on the machine do not change
    largest: str = ""
    megabytes: float = 0.0  # peak resident memory of the process, libraries included


def send(cases: Iterable[tuple[str, bytes]]) -> Outcome:
    """Decode and prepare each case as the predict page does."""
    outcome = Outcome()
    for name, data in cases:
        os.write(2, f"{name}\n".encode(errors="replace"))
        _limit_cpu()
        start = time.process_time()
        try:
            prepare(decode(data))
            outcome.answered += 1
        except UploadError as error:
            outcome.refused += 1
            if not _is_one_sentence(str(error)):
                outcome.escaped.append(f"{name}: refused with more than a sentence: {error}")
        except BaseException as error:  # the test's very question: whether anything else comes out
            outcome.escaped.append(f"{name}: {error!r}")
        _note(outcome, name, time.process_time() - start)
    return outcome


def _limit_cpu() -> None:
    used = int(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_SECONDS_A_CASE, resource.RLIM_INFINITY))


def _is_one_sentence(text: str) -> bool:
    return text.endswith(".") and "\n" not in text and ". " not in text


def _note(outcome: Outcome, name: str, seconds: float) -> None:
    if seconds > outcome.seconds:
        outcome.slowest, outcome.seconds = name, seconds
    megabytes = peak_megabytes()
    if megabytes > outcome.megabytes:
        outcome.largest, outcome.megabytes = name, megabytes


def peak_megabytes() -> float:
    """Peak resident memory; not from getrusage, which counts what the parent had before exec."""
    with Path("/proc/self/status").open() as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield file.relative_to(folder).as_posix(), file.read_bytes()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    cv2.setNumThreads(1)
    kind, *words = sys.argv[1:]
    cases = files_below(Path(words[0])) if kind == "files" else mutants(int(words[0]), int(words[1]))
    print(json.dumps(asdict(send(cases))))


if __name__ == "__main__":
    main()
