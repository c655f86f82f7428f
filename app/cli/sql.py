"""Ask ClickHouse: one SELECT over all bots, read-only and limited as for analysts."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.adapters.analyst import Answer, ask
from app.adapters.clickhouse import session
from app.cli._registry import as_json, here, refused_or
from app.cli._settings import found
from app.core.confinement import Limits
from app.core.tabular import FORMATS, written
from app.errors import BotpulseError

__all__ = ["command"]


@click.command()
@click.argument("query")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", *(name.lower() for name in FORMATS)]),
    default="table",
    show_default=True,
    help="How the answer is written; csv and tsv begin with the names of the columns.",
)
@here
@as_json
def command(query: str, form: str, home: Path | None, is_json: bool) -> None:
    """
    Ask ClickHouse: one SELECT over all bots. `-` reads the query from standard input.

    \b
    Tables: bot_events counters sessions daily_users intents users transcripts dead_letters bots
    Examples:
      botpulse sql "select bot_id, count() from bot_events group by bot_id"
      botpulse sql --format csv "select * from sessions where day = today()" > sessions.csv
    """
    settings = found(home=home)
    limits = Limits(settings.sql_timeout_s, settings.sql_memory_bytes, settings.sql_rows, settings.sql_bytes)
    text = click.get_text_stream("stdin").read() if query == "-" else query
    if not text.strip():
        raise BotpulseError("the query is empty; write one SELECT", "bad_value")
    with session(settings) as client:
        answer = refused_or(ask(client, text, None, limits))
    if form == "table" and not is_json:
        _show(answer)
    else:
        name = next((name for name in FORMATS if name.lower() == form), "JSON")
        pieces = written(answer.columns, answer.rows, name, truncated=answer.truncated)
        click.echo(b"".join(pieces), nl=name == "JSON")
    if answer.truncated:
        click.echo(
            f"only the first {limits.rows:,} rows (BOTPULSE_SQL_ROWS); add a LIMIT or a condition", err=True
        )


def _show(answer: Answer) -> None:
    table = Table(show_edge=False)
    for name, kind in answer.columns:
        is_number = kind.startswith(("Int", "UInt", "Float", "Decimal"))
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    Console().print(table)
