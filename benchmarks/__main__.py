"""Speed, side by side in one run: `python -m benchmarks --help`."""

import argparse
import os
from importlib.metadata import version

import torch

from benchmarks.augmentation import print_augmentation
from benchmarks.gpu import print_floors
from benchmarks.inference import print_inference
from benchmarks.search import print_search
from benchmarks.training import print_training
from pipeline.models.registry import ARCHITECTURES
from pipeline.support import machine

SECTIONS = ("training", "augmentation", "search", "inference")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed, side by side in one run.")
    cuda = torch.cuda.is_available()
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="sections (default: all)")
    parser.add_argument("--networks", nargs="+", choices=list(ARCHITECTURES), default=list(ARCHITECTURES))
    parser.add_argument("--rounds", type=int, default=3, help="alternating rounds whose median counts (default 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of our loop's round (default 3)")
    parser.add_argument("--batch", type=int, default=512, help="training batch (default 512, the deck's)")
    parser.add_argument("--trials", type=int, default=2, help="trials a process and round (default 2)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads (default: all cores)")
    parser.add_argument("--device", default="cuda" if cuda else "cpu", help="cpu or cuda (default: cuda if there)")
    return parser.parse_args()


def main() -> None:
    given = _arguments()
    here = machine.describe()
    versions = {**here.versions, "kornia": version("kornia")}
    print(f"{here.processor}, {here.cores} cores, {here.memory_gib:.0f} GiB; {here.device}; {here.platform}")
    print(", ".join(f"{name} {number}" for name, number in versions.items()))
    print(f"{given.rounds} alternating rounds after one that is not counted; medians, ratios within a round")
    if "training" in given.only:
        print_training(given.networks, given.rounds, given.seconds, given.batch, given.threads, given.device)
        if given.device.startswith("cuda"):
            print_floors(given.rounds, given.seconds, given.batch, given.device)
    if "augmentation" in given.only:
        print_augmentation(20 * given.rounds, given.batch, given.device)
    if "search" in given.only:
        print_search(given.rounds, given.trials)
    if "inference" in given.only:
        print_inference(given.networks, 10 * given.rounds, given.threads)


if __name__ == "__main__":
    main()
