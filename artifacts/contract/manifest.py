"""The manifest of a run and its clock files, the only place for times."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from artifacts.contract.base import Document


@dataclass(frozen=True)
class FileRecord(Document):
    sha256: str
    bytes: int


@dataclass(frozen=True)
class StageRecord(Document):
    fingerprint: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class TestRead(Document):
    """One reading of the test set: for which model, by which frozen recipe, how many images, when (UTC, ISO 8601)."""

    model: Literal["final", "photo", "champion"]
    recipe_sha256: str
    images: int
    seeds: int
    at: str


@dataclass(frozen=True)
class Machine(Document):
    """Where and with what a stage ran."""

    processor: str
    cores: int
    memory_gib: float
    device: str
    platform: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Manifest(Document):
    """`manifest.json`: a description of the run and the SHA-256 of every file. `settings` are changes to the profile.

    `seal` is the sha256 of the manifest's own bytes with an empty seal; manifests of earlier versions have none.
    `taken_over` names the stages copied from the published study, which had the same settings.
    """

    PATH: ClassVar[str] = "manifest.json"
    schema: int
    name: str
    data: str
    data_sha256: dict[str, str]
    profile: str
    settings: tuple[str, ...]
    seed: int
    classes: tuple[str, ...]
    image_size: int
    config: dict[str, Any]
    machine: Machine
    stages: dict[str, StageRecord]
    files: dict[str, FileRecord]
    clock_files: dict[str, FileRecord]
    test_reads: tuple[TestRead, ...] = ()
    taken_over: tuple[str, ...] = ()
    seal: str = ""


@dataclass(frozen=True)
class TrialClock(Document):
    """Wall-clock seconds of one trial, and since the stage began when it ended (pauses left out)."""

    seconds: float
    elapsed: float


@dataclass(frozen=True)
class StageClock(Document):
    """`clock/STAGE.json`: how long a stage took on which machine."""

    stage: str
    started: str
    finished: str
    seconds: float
    workers: int
    machine: Machine
    trials: dict[str, TrialClock] = field(default_factory=dict)

    @staticmethod
    def path(stage: str) -> str:
        return f"clock/{stage}.json"
