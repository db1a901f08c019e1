"""Where the searches' Optuna studies are stored: `trials.db` in the run folder, or a database server (`--storage`)."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages import RDBStorage
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from pipeline.support.errors import UserError

# Optuna and SQLAlchemy log a lost database in many lines; a person gets one sentence (`opened`).
optuna.logging.set_verbosity(optuna.logging.ERROR)
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)

FILE = "trials.db"
LOCK_SECONDS = 60.0  # how long a write waits for a reader such as optuna-dashboard


@contextmanager
def opened(place: Path | str) -> Iterator[RDBStorage]:
    """The storage in a SQLite file, or at an Optuna storage URL; within it a database that fails is a UserError."""
    try:
        storage = _open_file(place) if isinstance(place, Path) else RDBStorage(place)
        try:
            yield storage
        finally:
            storage.engine.dispose()
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError, ImportError) as error:
        raise UserError(_sentence(place, error)) from error


def _open_file(path: Path) -> RDBStorage:
    """A SQLite file that one process writes.

    A commit does not wait for the disk: that took longer than a small trial. What a killed process wrote is still
    written by the kernel; after a power failure the file may be damaged, but the trials' own records are not.
    """

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=LOCK_SECONDS, check_same_thread=False)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    path.parent.mkdir(parents=True, exist_ok=True)
    return RDBStorage(f"sqlite:///{path}", engine_kwargs={"creator": connect})


def _sentence(place: Path | str, error: Exception) -> str:
    """What is wrong with the database, in the driver's words without its SQL, and what to do."""
    reason = str(getattr(error.__cause__ or error, "orig", None) or error).strip().splitlines()[0].rstrip(".:")
    if isinstance(place, Path):
        return f"{place} cannot be used ({reason}): delete it and run again; finished trials are not lost."
    return (
        f"The storage {_without_password(place)} cannot be used ({reason}): write an Optuna storage URL, such as "
        "postgresql://USER@HOST/DATABASE; once it answers, the same command continues."
    )


def _without_password(url: str) -> str:
    try:
        return make_url(url).render_as_string()
    except SQLAlchemyError:
        return "URL"
