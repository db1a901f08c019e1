"""Where the trials' queue lies: a SQLite file that one process owns, or a PostgreSQL server that hosts share."""

from __future__ import annotations

import logging
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from optuna.storages import RDBStorage
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from pipeline.support.errors import UserError

# Of a server that goes away Optuna warns in eight lines of SQL; people get a sentence (StorageLost).
optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)  # the heartbeat
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # it would log what is raised anyway

StorageLost = (optuna.exceptions.StorageInternalError, SQLAlchemyError)  # what a storage raises that went away
GRACE_SECONDS = 60

# A server that is gone must be noticed, not waited for: seconds, but for the last one (milliseconds).
_CONNECTION = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_TABLES_LOCK = 7_031_785  # any number: hosts that start together make the tables one after the other


@dataclass(frozen=True)
class Server:
    """A PostgreSQL database for several hosts; one that is silent for `grace` seconds is taken for dead."""

    url: URL
    grace: int = GRACE_SECONDS

    @classmethod
    def parsed(cls, text: str, grace: float = GRACE_SECONDS) -> Server:
        """From `postgresql://USER@HOST/DATABASE`; UserError says what is wrong with it."""
        try:
            url = make_url(text)
        except ArgumentError as error:
            raise UserError(f"{text!r} is no address of a database: write postgresql://USER@HOST/DATABASE.") from error
        if url.get_backend_name() != "postgresql":
            raise UserError(
                f"The storage {url.render_as_string()} will not do: several hosts need a PostgreSQL server, "
                "postgresql://USER@HOST/DATABASE; for one host leave --storage out."
            )
        return cls(url.set(drivername="postgresql+psycopg"), max(2, round(grace)))

    @property
    def interval(self) -> float:
        """Seconds between two signs of life."""
        return self.grace / 4

    def open(self) -> RDBStorage:
        """Connect and, the first time, make Optuna's tables; one of StorageLost if the server does not answer."""
        options: dict[str, Any] = {"connect_args": _CONNECTION}
        engine = sqlalchemy.create_engine(self.url, poolclass=NullPool, **options)
        with closing(engine.connect()) as connection:
            connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), {"key": _TABLES_LOCK})
            return RDBStorage(
                self.url.render_as_string(hide_password=False),
                engine_kwargs={**options, "pool_pre_ping": True},
                heartbeat_interval=max(1, round(self.interval)),
                grace_period=self.grace,
            )


def open_file(path: Path) -> RDBStorage:
    """The SQLite file of a run that is worked on by one host alone.

    A commit does not wait for the disk, which would cost more than a small trial. What a killed process wrote, the
    kernel still writes; a power cut may spoil the file, but what was trained lies beside it.
    """

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    return RDBStorage(f"sqlite:///{path}", engine_kwargs={"creator": connect})


@contextmanager
def reachable() -> Iterator[None]:
    """Within it, a server that goes away is one sentence."""
    try:
        yield
    except StorageLost as error:
        raise UserError(
            f"The storage of the trials does not answer ({_reason(error)}); once it does, the same command goes on."
        ) from error


def _reason(error: BaseException | None) -> str:
    """The first line of what the database's driver said, without the statement that it was asked."""
    while error is not None:
        if (said := str(getattr(error, "orig", "")).strip()) != "":
            return said.splitlines()[0].rstrip(".:")
        error = error.__cause__ or error.__context__
    return "the connection was lost"
