"""Create and update the tables in ClickHouse."""

from __future__ import annotations

from pathlib import Path

import click

from app.adapters.migrations import migrate
from app.cli._registry import as_json, here, say
from app.cli._settings import found

__all__ = ["command"]


@click.command()
@click.option(
    "--wait", "timeout_s", type=float, default=60, show_default=True, help="Seconds to wait for it."
)
@here
@as_json
def command(timeout_s: float, home: Path | None, is_json: bool) -> None:
    """
    Create and update the tables in ClickHouse and apply the retention settings. Running it again changes nothing.

    \b
    Example:
      BOTPULSE_CLICKHOUSE=clickhouse://default@db:9000/botpulse botpulse migrate
    """
    applied = migrate(found(home=home), timeout_s=timeout_s)
    say({"applied": applied}, is_json, [f"applied {name}" for name in applied] or ["nothing to do"])
