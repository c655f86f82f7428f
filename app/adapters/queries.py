"""The SQL of one reader: `clickhouse/queries/<reader>.<what>.sql`, each file one query that says what it answers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["FOLDER", "query"]

FOLDER: Final = Path(__file__).parents[2] / "clickhouse" / "queries"


@cache
def query(name: str) -> str:
    """Return the text of `<name>.sql`."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
