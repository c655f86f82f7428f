"""
One connection into the embedded engine: query, stream, describe, insert.

A session is used by one thread at a time; the engine releases the GIL while it works, so threads with a
session each run in parallel.  Every error leaves here as a ``Failure`` with ClickHouse's code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from chdb.session import Session as ChdbSession

from app.local.engine.failure import Failure
from app.local.engine.sql import cut_last_format, last_format

__all__ = ["Session"]

_OUTFILE = re.compile(r"\bINTO(?:\s|--[^\n]*\n|/\*.*?\*/)+OUTFILE\b", re.IGNORECASE | re.DOTALL)
_SYNTAX_ERROR, _NO_SUCH_COLUMN, _UNKNOWN_IDENTIFIER, _NOT_IMPLEMENTED = 62, 16, 47, 48


class Session:
    """State that belongs to one client: its database, its SETs, its temporary tables."""

    def __init__(self, source: str) -> None:
        connect: Any = ChdbSession
        with _failures():
            self._engine = connect(source)

    def query(self, sql: str, output: str = "Native", params: Mapping[str, str] | None = None) -> Any:
        """Run one statement to its end; the answer has ``bytes()`` and ``rows_written()``."""
        with _failures():
            return self._engine.query(sql, output, params=dict(params or {}))

    def stream(self, sql: str, params: Mapping[str, str]) -> Iterator[tuple[bytes, int]]:
        """Run a SELECT and yield its Native blocks with their row counts as they come."""
        with _failures(), self._engine.send_query(sql, "Native", params=dict(params)) as blocks:
            for block in blocks:
                yield block.bytes(), block.rows_read()

    def rows(self, sql: str, params: Mapping[str, str] | None = None) -> list[list[Any]]:
        """Run a statement of ours and return its rows."""
        answer = self.query(sql, "JSONCompactEachRow", params).bytes()
        return [json.loads(line) for line in answer.splitlines()]

    def check(self, sql: str) -> None:
        """
        Refuse what a server does not do: several statements at once, and writing a file of its own.

        A real server leaves INTO OUTFILE to its client; here the engine would write the file, so the engine's
        parser is asked: it files such a statement under CONTROL, and text in a literal or a comment does not.
        """
        outline = self._engine._conn._conn.classify_query(sql)
        if outline["statement_count"] > 1:
            raise Failure(_SYNTAX_ERROR, "Syntax error (Multi-statements are not allowed)")
        if outline["query_class"].name == "CONTROL" and _OUTFILE.search(sql):
            raise Failure(
                _NOT_IMPLEMENTED, "INTO OUTFILE is not supported: the server writes no files for clients"
            )

    def describe(self, sql: str, params: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
        """Return the columns (name, type) a SELECT will have; scalar subqueries in it are computed for that."""
        select = sql.rstrip("; \t\r\n")
        return [(row[0], row[1]) for row in self.rows(f"DESCRIBE ({select}\n)", params)]

    def format_of(self, sql: str) -> str:
        """Return the name in the statement's FORMAT clause: the parser has it as an identifier below its root."""
        name = last_format(sql)
        if not name:
            return ""
        try:
            tree = self.query(f"EXPLAIN AST {sql}", "TSVRaw").bytes().decode(errors="replace")
        except Failure:
            return ""
        return name if f" Identifier {name}" in tree.splitlines() else ""

    def without_format(self, sql: str) -> str:
        """Cut the FORMAT clause: over TCP it is the client's business."""
        return cut_last_format(sql) if self.format_of(sql) else sql

    def insert_columns(self, table: str, columns: str) -> list[tuple[str, str]]:
        """Return the columns (name, type) an INSERT expects."""
        try:
            return self.describe(f"SELECT {columns or '*'} FROM {table.removeprefix('FUNCTION ')}")
        except Failure as failure:
            if failure.code == _UNKNOWN_IDENTIFIER:
                raise Failure(_NO_SUCH_COLUMN, failure.text) from failure
            raise

    def insert(self, target: str, fmt: str, data: IO[bytes], settings: str = "") -> int:
        """
        Insert the rows in *data*, an open file with a descriptor, and return how many were written.

        The engine reads the file through its descriptor.  Its own way of taking inserted rows from outside
        (``send_insert``) reports success for inserts that wrote nothing, and rows within the statement are cut
        at a semicolon; this way an error is an error and a deduplication token holds.
        """
        data.flush()
        data.seek(0)
        source = f"/dev/fd/{data.fileno()}"
        written: int = self.query(
            f"INSERT INTO {target} FROM INFILE {source!r} {settings} FORMAT {fmt}"
        ).rows_written()
        return written

    def close(self) -> None:
        """Give the engine back what the session held; temporary tables go with it."""
        self._engine.close()


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise Failure.of(str(error)) from error
    except UnicodeDecodeError as error:  # the message itself quotes bytes that are no text
        raise Failure.of(error.object.decode(errors="replace")) from error
