"""Prepare a broker and a ClickHouse: topics, tables, the first administrator."""

from __future__ import annotations

import json

import click

from app.cli._settings import chosen

__all__ = ["command"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """
    Prepare the broker and the ClickHouse named by BOTPULSE_KAFKA and BOTPULSE_CLICKHOUSE; run it before each new version.

    The first time it makes the administrator and prints the password, once.  Running it again changes nothing.
    `botpulse up` does all this by itself.

    \b
    Example:
      BOTPULSE_KAFKA=broker:9092 BOTPULSE_CLICKHOUSE=clickhouse://default@db:9000/botpulse botpulse setup
    """
    from app.adapters.migrations import migrate
    from app.adapters.topics import ensure_topics
    from app.local.accounts import first_account

    settings = chosen()
    facts: dict[str, object] = {"topics": ensure_topics(settings), "tables": migrate(settings)}
    account = first_account(settings)
    words, login = account.welcome(settings.public_url or "the web process") if account else ([], {})
    if as_json:
        click.echo(json.dumps(facts | login))
        return
    for line in [f"created {facts['topics']}, applied {facts['tables']}", *words]:
        click.echo(line)
