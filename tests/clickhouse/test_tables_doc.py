"""docs/tables.md is true: its tables are those of the migrations, its queries run."""

from __future__ import annotations

import re

import pytest
from clickhouse_driver import Client

from tests.clickhouse.tables_doc import DOCUMENT, generated, split

pytestmark = pytest.mark.clickhouse

QUERIES = re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_tables_are_those_of_the_migrations(client: Client) -> None:
    """When this fails: `python -m tests.clickhouse.tables_doc`."""
    _, made = split(DOCUMENT.read_text(encoding="utf-8"))

    assert generated(client) == made


@pytest.mark.parametrize("query", QUERIES, ids=[f"query {n}" for n in range(1, len(QUERIES) + 1)])
def test_every_query_runs(client: Client, query: str) -> None:
    """What the document shows can be pasted."""
    assert [] == client.execute(query)
