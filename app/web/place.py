"""Where this home's web process listens: `HOME/run/web.json`, for whoever started it on a free port."""

from __future__ import annotations

import json
import os
from pathlib import Path

from app.config import Settings

__all__ = ["forget_place", "public_base", "record_place", "recorded_url"]


def record_place(settings: Settings, port: int) -> str:
    """Write where the process listens and return its address."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    path = _path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps({"url": url, "port": port, "pid": os.getpid()}), encoding="utf-8")
    scratch.replace(path)
    return url


def forget_place(settings: Settings) -> None:
    """Remove the note: the process has ended."""
    _path(settings).unlink(missing_ok=True)


def recorded_url(settings: Settings) -> str | None:
    """Return the address of the web process of this home, if one has written it."""
    try:
        return str(json.loads(_path(settings).read_text(encoding="utf-8"))["url"])
    except FileNotFoundError:
        return None


def public_base(settings: Settings) -> str:
    """Return the address under which people reach the web process, as far as its operator has said."""
    base = settings.public_url or recorded_url(settings) or f"http://{settings.host}:{settings.port}"
    return base.rstrip("/")


def _path(settings: Settings) -> Path:
    return settings.home / "run" / "web.json"
