"""`botpulse sql` as an operator types it, on a real engine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from tests.databases import fresh_database
from tests.engine import EngineServer

pytestmark = pytest.mark.clickhouse


@pytest.fixture
def address(engine: EngineServer, tmp_path: Path) -> dict[str, str]:
    """The environment of a command on a database of its own."""
    settings = fresh_database(engine)
    return {
        "BOTPULSE_CLICKHOUSE": settings.clickhouse,
        "BOTPULSE_CLICKHOUSE_PASSWORD_FILE": str(settings.clickhouse_password_file),
        "BOTPULSE_HOME": str(tmp_path),
        "BOTPULSE_SQL_ROWS": "3",
    }


def sql(address: dict[str, str], *words: str, given: str | None = None) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["sql", *words], env=address, input=given)


def test_a_table_for_people(address: dict[str, str]) -> None:
    """Names above, rows below; markup in values is only text."""
    result = sql(address, "select 1 as one, '[red]x' as word")

    assert 0 == result.exit_code, result.output
    words = re.findall(r"[\w\[\]]+", result.stdout)
    assert ["one", "word", "1", "[red]x"] == words


def test_json_for_machines(address: dict[str, str]) -> None:
    """The same object as the HTTP interface gives."""
    answer = json.loads(sql(address, "--json", "select count() as n from bot_events").stdout)

    assert [{"n": 0}] == answer["data"]


def test_csv_from_standard_input(address: dict[str, str]) -> None:
    """A query may come through a pipe; what is cut off is said beside the answer."""
    result = sql(address, "--format", "csv", "-", given="select number from numbers(100)")

    assert "number\n0\n1\n2\n" == result.stdout
    assert "only the first 3 rows" in result.stderr


@pytest.mark.parametrize(
    "query", ["", " ", "select nothing", "drop table events", "select file('/etc/passwd')"]
)
def test_what_cannot_be_is_one_line(address: dict[str, str], query: str) -> None:
    """Exit code 1, and a reason."""
    result = sql(address, query)

    assert 1 == result.exit_code
    assert 1 == len(result.stderr.strip().splitlines()), result.stderr
    assert "EXPLAIN" not in result.stderr
