"""How long one photo takes from its bytes to its answer, 12 MP and 1 MP, first and later, on the published run.

    python -m benchmarks.photos

The pictures are made up: a garment's outline in one color on a floor of another, with the grain of both, saved as
JPEG. "Cold" is the first answer of a fresh process, networks loaded and checked; imports are not counted. On a busy
machine the processor time says more than the clock.
"""

import argparse
import io
import os
import platform
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from artifacts.photo import decode, prepare
from artifacts.store import Run
from portal.core.runs import find_runs
from portal.predict import answers

SIZES = {"12 MP": (4000, 3000), "1 MP": (1152, 864)}  # width, height


def photo(width: int, height: int) -> bytes:
    """A T-shirt on a floor, as the bytes of a JPEG."""
    outline = np.array(
        [(40, 25), (75, 25), (95, 45), (80, 58), (72, 50), (72, 95), (28, 95), (28, 50), (20, 58), (5, 45)]
    )
    mask = cv2.fillPoly(
        np.zeros((height, width), np.uint8), [(outline * (width / 110, height / 110)).astype(np.int32)], 1
    )
    flat = np.where(mask[..., None] == 1, (40, 60, 150), (190, 160, 120)).astype(np.float32)
    grain = np.random.default_rng(0).normal(0, 12, (height, width, 1)).astype(np.float32)
    file = io.BytesIO()
    Image.fromarray(np.clip(flat + grain, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def seconds(run: Run, data: bytes) -> tuple[float, float, float]:
    """Of one photo: decoding, preparation, and the networks' answer."""
    start = time.perf_counter()
    rgb = decode(data)
    decoded = time.perf_counter()
    preparation = prepare(rgb, size=run.manifest.image_size)
    prepared = time.perf_counter()
    answers.answer(run, preparation)
    return decoded - start, prepared - decoded, time.perf_counter() - prepared


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="the run to ask; by default what the portal opens first")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    pictures = {name: photo(*size) for name, size in SIZES.items()}
    run = Run(arguments.run or find_runs()[0].folder)
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    worked = time.process_time()
    cold = seconds(run, pictures["12 MP"])
    worked = 1000 * (time.process_time() - worked)
    print(f"12 MP, cold: {_milliseconds(cold)}; processor {worked:.0f} ms")
    for name, data in pictures.items():
        worked = time.process_time()
        rounds = [seconds(run, data) for _ in range(arguments.rounds)]
        worked = 1000 * (time.process_time() - worked) / arguments.rounds
        middle = [statistics.median(times) for times in zip(*rounds, strict=True)]
        print(f"{name}, median of {arguments.rounds}: {_milliseconds(middle)}; processor {worked:.0f} ms a photo")


def _milliseconds(times: Sequence[float]) -> str:
    decoding, preparing, answering = (1000 * each for each in times)
    total = decoding + preparing + answering
    return f"{total:.0f} ms (decode {decoding:.0f}, prepare {preparing:.0f}, answer {answering:.0f})"


if __name__ == "__main__":
    main()
