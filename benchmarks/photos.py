"""How long one photo takes from its bytes to its answer, 12 MP and 1 MP, first and later, and the memory it takes.

    python -m benchmarks.photos [--kind HEIF]

The pictures are made up: a garment's outline in one color on a floor of another, with the grain of both. "Cold" is the
first answer of a fresh process, networks loaded and checked; imports are not counted. On a busy machine the processor
time says more than the clock.
"""

import argparse
import io
import multiprocessing
import os
import platform
import resource
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
from PIL import Image

from artifacts.photo import decode, prepare
from artifacts.store import Run
from portal.core.runs import find_runs
from portal.predict import answers

SIZES = {"12 MP": (4000, 3000), "1 MP": (1152, 864)}  # width, height


def photo(size: str, kind: str) -> bytes:
    """A T-shirt on a floor, as the bytes of a file of Pillow's format `kind`, without a thumbnail."""
    width, height = SIZES[size]
    outline = np.array(
        [(40, 25), (75, 25), (95, 45), (80, 58), (72, 50), (72, 95), (28, 95), (28, 50), (20, 58), (5, 45)]
    )
    mask = cv2.fillPoly(
        np.zeros((height, width), np.uint8), [(outline * (width / 110, height / 110)).astype(np.int32)], 1
    )
    flat = np.where(mask[..., None] == 1, (40, 60, 150), (190, 160, 120)).astype(np.float32)
    grain = np.random.default_rng(0).normal(0, 12, (height, width, 1)).astype(np.float32)
    file = io.BytesIO()
    pillow_heif.register_heif_opener()
    Image.fromarray(np.clip(flat + grain, 0, 255).astype(np.uint8)).save(file, kind, quality=90)
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
    parser.add_argument("--kind", choices=("JPEG", "HEIF", "AVIF", "PNG", "TIFF", "WEBP"), default="JPEG")
    arguments = parser.parse_args()
    with multiprocessing.get_context("spawn").Pool(1) as pool:  # so that encoding does not count as this one's memory
        pictures = dict(zip(SIZES, pool.starmap(photo, [(size, arguments.kind) for size in SIZES]), strict=True))
    run = Run(arguments.run or find_runs()[0].folder)
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {arguments.kind}")
    before = _peak_mb()
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
    print(f"peak memory: {_peak_mb() - before:.0f} MB above the process before its first photo")


def _peak_mb() -> float:
    """Peak resident memory of this process in MB (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _milliseconds(times: Sequence[float]) -> str:
    decoding, preparing, answering = (1000 * each for each in times)
    total = decoding + preparing + answering
    return f"{total:.0f} ms (decode {decoding:.0f}, prepare {preparing:.0f}, answer {answering:.0f})"


if __name__ == "__main__":
    main()
