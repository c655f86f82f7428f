"""Reference material that is not part of the project: real payloads and data sets, read where they lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["shared"]

_ROOT = Path(__file__).parents[1]


def shared(path: str) -> Path:
    """Return *path* inside the folder `BOTPULSE_SHARED` (default `../shared`); skip the test where it is absent."""
    found = _ROOT / os.environ.get("BOTPULSE_SHARED", "../shared") / path
    if not found.exists():
        pytest.skip(f"{path} is not here; BOTPULSE_SHARED says where reference material lies")

    return found
