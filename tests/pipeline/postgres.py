"""A PostgreSQL server of the test's own: in a folder of its own, reached by a socket in it, as an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

HOME = Path(tempfile.gettempdir())  # short: a socket's path may have 107 bytes


def binaries() -> Path | None:
    """The folder of initdb and postgres: on the path, or where Debian puts them; None if they are not installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


class Postgres:
    """Starts, stops as if the power went, and starts again with what it had."""

    def __init__(self, folder: Path) -> None:
        self.binaries = folder
        self.home = Path(tempfile.mkdtemp(prefix="study-pg-", dir=HOME))
        self.process: subprocess.Popen[bytes] | None = None
        # The server refuses to run as root; Debian's package brings this user.
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.home, pwd.getpwnam(self.user).pw_uid, -1)
        command = [self.binaries / "initdb", "-D", self.home / "data", "-U", "study", "-A", "trust", "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, user=self.user, cwd=self.home)

    @property
    def url(self) -> str:
        return f"postgresql://study@/postgres?host={self.home}"

    def start(self) -> None:
        options = ["-k", self.home, "-c", "listen_addresses=", "-c", "shared_buffers=16MB", "-F"]
        self.process = subprocess.Popen(
            [self.binaries / "postgres", "-D", self.home / "data", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.user,
            cwd=self.home,
        )
        ready = [self.binaries / "pg_isready", "-q", "-h", self.home, "-t", "30"]
        for _ in range(300):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            subprocess.run(["sleep", "0.1"], check=True)
        raise RuntimeError("PostgreSQL did not start.")

    def stop(self) -> None:
        """At once, as when the host goes down: open connections are cut."""
        if self.process is not None:
            self.process.send_signal(3)  # SIGQUIT: PostgreSQL's immediate shutdown
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home)
