"""A trial's folder: its record, arrays, and weights when it is done, a checkpoint until then."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from artifacts import store
from artifacts.contract import ArtifactError, FileRecord, Fit
from pipeline.support import checksummed
from pipeline.training import data_parallel
from pipeline.training.loop import Fitted

Files = dict[str, bytes]  # by name in a trial's folder, or by path in a run's work folder
NAMES = ("checkpoint.safetensors", "validation.npz", "weights.safetensors", "record.json")  # in the order of writing


@dataclass(frozen=True)
class TrialRecord:
    """What a finished trial left: its fit or the reason why there is none, its seconds of work, and its other files
    (none are named in records of earlier versions)."""

    key: str
    fit: Fit | None
    reason: str
    seconds: float
    files: dict[str, FileRecord] = field(default_factory=dict)


class TrialFolder:
    """`work/trials/KEY/`: checkpoint while it runs; record, arrays and weights when it is done."""

    def __init__(self, trials: Path, key: str) -> None:
        self.folder = trials / key

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    def record(self) -> TrialRecord | None:
        """The finished trial's record, None if it is not finished: a damaged record or file counts as unfinished."""
        try:
            content = checksummed.read(self.folder / "record.json")
            record = store.decode(TrialRecord, content, source="record.json")
            whole = all(store.record((self.folder / name).read_bytes()) == file for name, file in record.files.items())
        except (OSError, ArtifactError):
            return None
        return record if whole and record.key == self.folder.name else None

    def weights(self) -> dict[str, torch.Tensor]:
        """The best epoch's weights; ArtifactError if they cannot be read."""
        try:
            return load((self.folder / "weights.safetensors").read_bytes())
        except (OSError, SafetensorError) as error:
            raise ArtifactError(
                f"The weights in {self.folder} cannot be read: delete that folder and run again."
            ) from error

    def arrays(self) -> dict[str, np.ndarray]:
        """`val_predictions` uint8 (epochs, N) and `val_probabilities` float16 (N, classes).

        Of a fold's trial: no predictions, and the probabilities of the images that were kept from it.
        """
        return store.npz_arrays((self.folder / "validation.npz").read_bytes(), source="validation.npz")

    def files(self, *names: str) -> Files:
        """Those of the named files that there are, as they are on disk."""
        return {name: path.read_bytes() for name in names if (path := self.folder / name).exists()}

    def keep(self, files: Files) -> None:
        """Write files of this trial that come from another host: its result, or a checkpoint to resume from."""
        for name, content in files.items():
            store.write_atomic(self.folder / name, content)
        if "record.json" in files:
            self.checkpoint.unlink(missing_ok=True)

    def finish(self, record: TrialRecord, fitted: Fitted | None) -> TrialRecord:
        """Write everything, the record last, naming the other files: its presence says that the trial is done."""
        if data_parallel.rank() > 0:
            return record
        if fitted is not None:
            arrays = {
                "val_predictions": fitted.val_predictions.numpy(),
                "val_probabilities": fitted.val_probabilities.to(torch.float16).numpy(),
            }
            contents = {"validation.npz": store.npz_bytes(arrays), "weights.safetensors": save(fitted.weights)}
            for name, content in contents.items():
                store.write_atomic(self.folder / name, content)
            files = {name: store.record(content) for name, content in contents.items()}
            record = dataclasses.replace(record, files=files)
        checksummed.write(self.folder / "record.json", store.encode(record))
        self.checkpoint.unlink(missing_ok=True)
        return record
