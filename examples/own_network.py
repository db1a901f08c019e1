"""Trains a small network of one's own and puts it where the portal finds it: `python examples/own_network.py`.

One hidden layer, a few seconds on a CPU. Change `network` into whatever you like; docs/bring-your-own.md has the rules.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline import data  # noqa: E402 - only now can it be found

MEAN, STD = 0.286, 0.353  # of Fashion-MNIST's training pixels, in 0..1


def network(side: int, classes: int) -> nn.Module:
    """From images (N, S, S) to logits (N, C)."""
    return nn.Sequential(nn.Flatten(), nn.Linear(side * side, 64), nn.ReLU(), nn.Linear(64, classes))


def trained(dataset: data.Dataset, index: np.ndarray, epochs: int) -> nn.Module:
    """The network after `epochs` over the training images with these numbers."""
    torch.manual_seed(0)
    pixels = (torch.from_numpy(dataset.train_images[index]).float() / 255 - MEAN) / STD
    labels = torch.from_numpy(dataset.train_labels[index]).long()
    model = network(dataset.image_size, len(dataset.classes))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(labels)).split(128):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(pixels[batch]), labels[batch]).backward()
            optimizer.step()
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="One hidden layer")
    parser.add_argument("--to", type=Path, default=ROOT / "networks" / "one-hidden-layer")
    parser.add_argument("--data", type=Path, help="a folder with other IDX files")
    parser.add_argument("--run", type=Path, default=ROOT / "artifacts" / "study", help="the run to be compared with")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=3)
    chosen = parser.parse_args()

    dataset = data.load(chosen.data)
    # The run's train part alone: its validation images judge your network beside the others.
    with np.load(chosen.run / "data" / "split.npz", allow_pickle=False) as split:
        index = np.random.default_rng(0).permutation(split["train"])[: chosen.images]
    model = trained(dataset, index.astype(np.int64), chosen.epochs)
    chosen.to.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model,
        (torch.zeros(2, dataset.image_size, dataset.image_size),),
        str(chosen.to / "model.onnx"),
        dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),  # any number of images at once
        dynamo=True,
        external_data=False,  # the portal takes models of one file only
        verbose=False,
    )
    description = {"name": chosen.name, "author": "examples/own_network.py", "mean": MEAN, "std": STD}
    (chosen.to / "network.json").write_text(json.dumps(description, indent=1))
    print(f"{chosen.to} is ready: the portal shows it when its page is loaded again.")


if __name__ == "__main__":
    main()
