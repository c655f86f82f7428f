"""Writes the generated part of docs/tables.md: `python -m tests.clickhouse.tables_doc`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from clickhouse_driver import Client

from app.adapters.clickhouse import connect
from tests.databases import fresh_database
from tests.engine import running_engine

__all__ = ["DOCUMENT", "generated", "split"]

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "tables.md"
_MARK: Final = "<!-- from here on generated"


def generated(client: Client) -> str:
    """Return a section for every view, then for every table."""
    tables = client.execute(
        "SELECT name, comment FROM system.tables WHERE database = currentDatabase() ORDER BY engine != 'View', name"
    )

    return "\n".join(f"## {name}\n\n{comment}.\n\n{_columns(client, name)}" for name, comment in tables)


def split(text: str) -> tuple[str, str]:
    """Return the written and the generated part of the document."""
    written, mark, rest = text.partition(_MARK)
    line, _, made = rest.partition("\n")

    return f"{written}{mark}{line}\n", made.lstrip("\n")


def _columns(client: Client, table: str) -> str:
    columns = client.execute(
        "SELECT name, type, comment FROM system.columns"
        " WHERE database = currentDatabase() AND table = %(table)s ORDER BY position",
        {"table": table},
    )
    lines = [f"| `{name}` | {kind} | {comment} |\n" for name, kind, comment in columns]

    return "".join(["| column | type | meaning |\n| --- | --- | --- |\n", *lines])


def main() -> None:
    """Replace the generated part."""
    with tempfile.TemporaryDirectory() as folder, running_engine(Path(folder) / "engine") as engine:
        written, _ = split(DOCUMENT.read_text(encoding="utf-8"))
        with connect(fresh_database(engine)) as client:
            DOCUMENT.write_text(f"{written}\n{generated(client)}", encoding="utf-8")


if __name__ == "__main__":
    main()
