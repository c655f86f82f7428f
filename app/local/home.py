"""
The folder that holds everything local: where what lies, who may use it, and its secrets.

    HOME/kafka  HOME/engine   data          HOME/logs     one file per program, rotated
    HOME/secrets              mode 0600     HOME/run      ports, supervisor; gone is no loss
    HOME/run.json             addresses and process ids while running
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.config import MIB
from app.errors import BotpulseError
from app.local.processes import runs

__all__ = ["LEAST_FREE_BYTES", "Home"]

LEAST_FREE_BYTES = 1024 * MIB
PREDECESSOR_LIMIT_S = 90


@dataclass(frozen=True)
class Home:
    """Paths under one root. `open` makes them."""

    root: Path

    @classmethod
    def open(cls, root: Path) -> Home:
        """Make the folders, or say why this place will not do."""
        home = cls(root.expanduser().resolve())
        try:
            for folder in (home.root, home.run, home.logs):
                folder.mkdir(parents=True, exist_ok=True)
            home.secrets.mkdir(mode=0o700, exist_ok=True)
            (home.run / "probe").write_bytes(b"?")
            (home.run / "probe").unlink()
        except OSError as error:
            raise BotpulseError(_unusable(home.root, error), "home") from error
        _demand_space(home.root)
        return home

    @property
    def run(self) -> Path:
        """Where things are kept that only matter while running."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """Where every program's words go."""
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        """Where generated passwords and keys are."""
        return self.root / "secrets"

    @property
    def run_file(self) -> Path:
        """What is running here, for other commands."""
        return self.root / "run.json"

    def secret(self, name: str) -> Path:
        """Return the file holding the secret *name*, made the first time."""
        path = self.secrets / name
        if not path.exists():
            temporary = path.with_suffix(".new")
            temporary.unlink(missing_ok=True)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
                handle.write(secrets.token_urlsafe(32))
            temporary.rename(path)
        return path

    def holder(self) -> int:
        """Return the process that holds the home; 0 when it is free."""
        lock = self.root / "up.lock"
        if not lock.exists():
            return 0
        with lock.open(encoding="utf-8") as handle:
            return 0 if _locks(handle.fileno()) else _pid_in(lock)

    @contextmanager
    def locked(self, say: Callable[[str], None]) -> Iterator[int]:
        """
        Be the only one to run here; gives the lock's file descriptor.

        Whoever inherits the descriptor holds the lock too, so a successor cannot start while children of a killed predecessor
        are still stopping: it waits for them.
        """
        with (self.root / "up.lock").open("a+", encoding="utf-8") as handle:
            self._take(handle.fileno(), say)
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
            yield handle.fileno()

    def _take(self, descriptor: int, say: Callable[[str], None]) -> None:
        deadline = time.monotonic() + PREDECESSOR_LIMIT_S
        told = False
        while not _locks(descriptor):
            holder = _pid_in(self.root / "up.lock")
            if runs(holder) or time.monotonic() > deadline:
                hint = "stop it, or choose another folder with --home"
                msg = f"botpulse already runs on {self.root} (process {holder}); {hint}"
                raise BotpulseError(msg, "running")
            if not told:
                say("waiting for the children of a killed run to end")
                told = True
            time.sleep(0.1)


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_in(path: Path) -> int:
    words = path.read_text(encoding="utf-8").split()
    return int(words[0]) if words else 0


def _unusable(root: Path, error: OSError) -> str:
    reason = {
        errno.ENOSPC: "the disk is full; free some space",
        errno.EACCES: "you may not write there",
        errno.EROFS: "the disk is read-only",
    }.get(error.errno or 0, str(error.strerror))
    return f"cannot use the folder {root}: {reason}, or choose another with --home"


def _demand_space(root: Path) -> None:
    free_bytes = shutil.disk_usage(root).free
    if free_bytes < LEAST_FREE_BYTES:
        msg = (
            f"only {free_bytes // MIB} MiB are free at {root}, and {LEAST_FREE_BYTES // MIB} MiB are needed; "
            "free some space, or choose another folder with --home"
        )
        raise BotpulseError(msg, "disk")
