"""
Brings ClickHouse's tables to what this version needs: the numbered files of `clickhouse/migrations`, each once.

Every statement in them can be run twice, so two processes that start together, or a start that was killed half-way,
do no harm.  A file that was applied is never edited: a later one corrects it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from clickhouse_driver import Client
from clickhouse_migrations.connection import ClickhouseDriverConnection
from clickhouse_migrations.migration import MigrationStorage
from clickhouse_migrations.migrator import (
    STATUS_MD5_MISMATCH,
    STATUS_PENDING,
    STATUS_UNKNOWN,
    Migrator,
)

from app.adapters.clickhouse import connect, database_of, wait_until_ready
from app.config import Settings
from app.core.calendar import DAY_S
from app.errors import BotpulseError

__all__ = ["FOLDER", "migrate"]

FOLDER: Final = Path(__file__).parents[2] / "clickhouse" / "migrations"
_TABLE: Final = "schema_migrations"
_LAST_SECOND: Final = 2**32 - 1
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_]")


def migrate(settings: Settings, folder: Path = FOLDER, timeout_s: float = 60) -> list[str]:
    """Create and update the database and return the names of the files applied now."""
    wait_until_ready(settings, timeout_s)
    database = database_of(settings)
    with connect(settings, database="default") as client:
        client.execute(f"CREATE DATABASE IF NOT EXISTS `{_checked(database)}`")
    with connect(settings) as client:
        applied = _apply(client, folder)
        _set_retention(client, settings)

    return applied


def _apply(client: Client, folder: Path) -> list[str]:
    storage = MigrationStorage(folder)
    migrator = Migrator(
        ClickhouseDriverConnection(client),
        migration_log_format="compact",
        migrations_table=_TABLE,
    )
    migrator.init_schema()
    files, migrations = storage.migration_filenames(), storage.migrations()
    states = {row.version: row.state for row in migrator.migration_status(migrations)}
    _refuse(states, files)
    migrator.apply_migration(migrations, multi_statement=True)

    return [files[version] for version, state in sorted(states.items()) if state == STATUS_PENDING]


def _refuse(states: dict[int, str], files: dict[int, str]) -> None:
    """Stop where the files are not those that made the database."""
    for version, state in states.items():
        if state == STATUS_MD5_MISMATCH:
            msg = f"{files[version]} was edited after it was applied; restore it and put the change into a new migration"
            raise BotpulseError(msg, "migrations")
        if state == STATUS_UNKNOWN:
            msg = f"the database has migration {version}, which this version does not know; use the newer botpulse"
            raise BotpulseError(msg, "migrations")


def _set_retention(client: Client, settings: Settings) -> None:
    """Make the TTLs those of the settings; an unchanged one is left alone, as a change rewrites every part."""
    events = _after("received_at", settings.event_retention_days)
    letters = _after("received_at", settings.event_retention_days)
    minutes = _after("start", settings.minute_retention_days)
    wanted = {
        "events": events,
        "backfilled_hits": events,
        "dead_letter_rows": letters,
        "counter_parts": f"if(window = 'minute', {minutes}, toDateTime({_LAST_SECOND}))",
    }
    for table, ttl in wanted.items():
        ((definition,),) = client.execute(
            "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = %(table)s",
            {"table": table},
        )
        if f"TTL {ttl} " not in f"{definition} ":
            client.execute(f"ALTER TABLE {table} MODIFY TTL {ttl}")


def _after(column: str, days: int) -> str:
    """Return *column* plus *days*; what would lie behind the end of DateTime must not begin anew in 1970."""
    return f"toDateTime(least(toUnixTimestamp({column}) + {days * DAY_S}, {_LAST_SECOND}))"


def _checked(database: str) -> str:
    if _UNSAFE.search(database):
        msg = f"{database!r} is no name for a database; use letters, digits and _ in BOTPULSE_CLICKHOUSE"
        raise BotpulseError(msg, "settings")

    return database
