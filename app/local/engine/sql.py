"""
What must be known about a statement before the engine sees it.

Only the outline is read here: is its data sent separately, does it ask for a format, does it return rows.
Whether a statement is one statement, and whether it writes a file, is asked of the engine's own parser
(see ``session.py``), never guessed from text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = [
    "Insert",
    "changes_session",
    "cut_last_format",
    "head_of_insert",
    "is_select",
    "last_format",
    "parse_insert",
    "quote",
]

_GAP = r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)"
_NAME = r"(?:`[^`]+`|\"[^\"]+\"|\w+)"
_FLAGS = re.IGNORECASE | re.DOTALL

_INSERT = re.compile(
    rf"{_GAP}*INSERT{_GAP}+INTO{_GAP}+(?:TABLE{_GAP}+)?(?P<table>FUNCTION\s+\w+\(.*?\)|{_NAME}(?:\.{_NAME})?){_GAP}*"
    rf"(?:\((?P<columns>.*?)\))?{_GAP}*(?P<settings>SETTINGS\s+.*?)?{_GAP}*"
    rf"(?:VALUES|FORMAT\s+(?P<format>\w+)){_GAP}*;?{_GAP}*\Z",
    _FLAGS,
)
_INSERT_HEAD = re.compile(rf"{_GAP}*INSERT\s[^']*?\bFORMAT\s+(?!VALUES)\w+[ \t]*\r?(?:\n|(?=[\[{{]))", _FLAGS)
_SELECT = re.compile(rf"(?:{_GAP}|\()*(?:SELECT|WITH|FROM)\b", _FLAGS)
_SESSION = re.compile(rf"{_GAP}*(?:SET|USE)\b", _FLAGS)
_FORMAT = re.compile(r"\bFORMAT\s+(?P<name>\w+)", re.IGNORECASE)


class Insert(NamedTuple):
    """An INSERT whose rows arrive apart from its text."""

    table: str
    columns: str
    settings: str
    format: str

    @property
    def target(self) -> str:
        """Return what follows INSERT INTO."""
        return f"{self.table} ({self.columns})" if self.columns else self.table


def parse_insert(sql: str) -> Insert | None:
    """Read an INSERT that ends where its rows would begin."""
    found = _INSERT.match(sql)
    if found is None:
        return None
    return Insert(found["table"], found["columns"] or "", found["settings"] or "", found["format"] or "")


def head_of_insert(body: bytes) -> int:
    """Return where the rows begin in a body that holds an INSERT ... FORMAT X and its rows; 0 if it does not."""
    found = _INSERT_HEAD.match(body[:65536].decode("latin-1"))
    return found.end() if found else 0


def is_select(sql: str) -> bool:
    """Tell whether the statement can be streamed; DDL, SHOW, EXPLAIN cannot."""
    return _SELECT.match(sql) is not None


def changes_session(sql: str) -> bool:
    """Tell whether the statement (SET, USE) is meant to outlive itself."""
    return _SESSION.match(sql) is not None


def last_format(sql: str) -> str:
    """Return the last word that may name a FORMAT; only the parser can say whether it does."""
    names = [found["name"] for found in _FORMAT.finditer(sql)]
    return names[-1] if names else ""


def cut_last_format(sql: str) -> str:
    """Return *sql* without that word and the FORMAT before it."""
    *_, last = _FORMAT.finditer(sql)
    return sql[: last.start()] + sql[last.end() :]


def quote(value: object) -> str:
    """Write *value* as a string literal."""
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
