"""
Runs an analyst's own query: asked of the parser first, then run with the engine's filters and limits.

    parse (EXPLAIN AST) -> objection? -> run with confined settings -> columns and rows, cut at the limit
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException, UnknownTypeError

from app.adapters.queries import FOLDER, query
from app.core.confinement import TABLES, Limits, confined, filters, objection, tree_of
from app.core.refusal import Refusal

__all__ = ["Answer", "ask", "said", "too_large"]

_FUNCTIONS: Final[Path] = FOLDER.parent / "functions.txt"
_PARSING: Final = {"readonly": 1, "max_execution_time": 5}
_TOO_MUCH: Final = 396
_NO_PREWHERE: Final = Refusal("not_allowed", "PREWHERE is not available here; WHERE does the same.")
_NOT_SENT: Final = "A column has a type that cannot be sent; cast it with toString()."


class Answer(NamedTuple):
    """Columns (name, type) and rows; `truncated` where there are more than the limit."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]]
    truncated: bool


def ask(client: Client, sql: str, bots: Collection[str] | None, limits: Limits) -> Answer | Refusal:
    """Return what *sql* gives for *bots*, or why not. Without *bots* it sees all of them."""
    try:
        return _ask(client, sql, bots, limits)
    except ServerException as error:
        if error.code == _TOO_MUCH:
            return too_large(limits)
        return Refusal(f"clickhouse_{error.code}", said(error))
    except (UnknownTypeError, NotImplementedError):
        client.disconnect()  # what follows on the line cannot be read
        return Refusal("not_allowed", _NOT_SENT)


def too_large(limits: Limits) -> Refusal:
    """Say that an answer has more bytes than it may."""
    message = f"The answer is larger than {limits.bytes} bytes; add a LIMIT, or select fewer columns."
    return Refusal("too_large", message)


def said(error: ServerException) -> str:
    """Return ClickHouse's message, without where in ClickHouse it happened."""
    return str(error.message).partition("Stack trace:")[0].strip()


def _ask(client: Client, sql: str, bots: Collection[str] | None, limits: Limits) -> Answer | Refusal:
    tables = {name: bool(has_bot) for name, has_bot in client.execute(query("analyst.tables"))}
    database = client.connection.database
    tree = tree_of([line for (line,) in client.execute(f"EXPLAIN AST {sql}", settings=_PARSING)])
    refusal = objection(tree, database, tables.keys() - set(TABLES), _functions())
    if refusal:
        return refusal
    outline = client.execute(f"EXPLAIN QUERY TREE run_passes = 0 {sql}", settings=_PARSING)
    if any(line.strip() == "PREWHERE" for (line,) in outline):
        return _NO_PREWHERE
    rows, columns = client.execute(
        sql, with_column_types=True, settings=confined(filters(database, tables, bots), limits)
    )
    return Answer(columns, rows[: limits.rows], len(rows) > limits.rows)


@cache
def _functions() -> frozenset[str]:
    lines = _FUNCTIONS.read_text(encoding="utf-8").splitlines()
    return frozenset(name.lower() for line in lines if not line.startswith("#") for name in line.split())
