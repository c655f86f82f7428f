"""
The SQL of one reader: `clickhouse/queries/<reader>.<what>.sql`, each file one query that says what it answers.

A line `-- include NAME` stands for the file `NAME.sql`: conditions that several queries have word for word.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["FOLDER", "query"]

FOLDER: Final = Path(__file__).parents[2] / "clickhouse" / "queries"

_INCLUDE: Final = re.compile(r"^ *-- include (\S+)$", re.MULTILINE)


@cache
def query(name: str) -> str:
    """Return the text of `<name>.sql`."""
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda found: query(found[1]), text)
