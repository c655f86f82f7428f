"""
What runs on this home, for commands in other terminals: `attached(settings)` points them at it.

The knowledge is `HOME/run.json`: addresses, ports, versions, process ids; never a secret.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from app.config import Settings
from app.local.home import Home
from app.local.processes import runs
from app.local.supervision import State

__all__ = ["attached", "forget", "remember", "running"]


def attached(settings: Settings) -> Settings:
    """Fill in the addresses of what runs on this home, where *settings* do not choose others."""
    facts = running(settings)
    if not facts:
        return settings
    chosen = {name for name in facts["settings"] if name in settings.model_fields_set}
    found = {name: value for name, value in facts["settings"].items() if name not in chosen}
    return Settings.model_validate(settings.model_dump(include=settings.model_fields_set) | found)


def running(settings: Settings) -> dict[str, Any]:
    """Return the content of run.json; empty when nothing runs here."""
    path = Home(settings.home.expanduser().resolve()).run_file
    facts = _read(path) if path.exists() else {}
    return facts if facts and runs(facts["pids"]["up"]) else {}


def remember(home: Home, facts: dict[str, object], supervisor_pid: int, states: list[State]) -> None:
    """Write run.json, whole at any moment."""
    pids = {"up": os.getpid(), "supervisor": supervisor_pid} | {
        one.name: one.pid for one in states if one.pid
    }
    temporary = home.run / "run.json.new"
    temporary.write_text(json.dumps(facts | {"pids": pids}, indent=2) + "\n", encoding="utf-8")
    temporary.chmod(0o600)
    temporary.rename(home.run_file)


def forget(home: Home) -> None:
    """Remove run.json: nothing runs any more."""
    home.run_file.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts
