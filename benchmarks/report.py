"""What every benchmark prints: the machine, the versions, and a table."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version

__all__ = ["machine", "table"]

_PACKAGES = (
    "aiohttp",
    "aiokafka",
    "faust-streaming",
    "clickhouse-driver",
    "chdb",
    "google-re2",
    "orjson",
    "msgspec",
    "uvloop",
)


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        **{name: version(name) for name in _PACKAGES},
    }


def table(title: str, rows: Iterable[tuple[str, str, str]]) -> None:
    """Print rows of (what, figure, remark) under a title and the machine."""
    print(f"\n## {title}\n")
    print(", ".join(f"{name} {value}" for name, value in machine().items()), end="\n\n")
    print("| what | measured | remark |\n| --- | ---: | --- |")
    for row in rows:
        print("| " + " | ".join(row) + " |")
