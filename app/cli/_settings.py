"""Settings of one command: the environment, flags on top, and whatever already runs on this home."""

from __future__ import annotations

from typing import Any

from app.config import Settings

__all__ = ["chosen", "found"]


def chosen(**flags: Any) -> Settings:
    """Return the settings with every flag that was given; None means it was not."""
    return Settings(**{name: value for name, value in flags.items() if value is not None})


def found(**flags: Any) -> Settings:
    """Return the settings pointing at the broker and the engine `botpulse up` runs here, if it does."""
    from app.local.running import attached

    return attached(chosen(**flags))
