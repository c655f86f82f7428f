"""
The way to ClickHouse: one address, one driver, for the server and the embedded engine alike.

`AWAY` are the errors that say nothing about the rows: the server cannot be reached, is full, or refuses.  Whoever
writes waits and tries again; `UNFIT` says that a value does not fit its column, which waiting does not cure.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from clickhouse_driver import Client
from clickhouse_driver.errors import Error as DriverError
from clickhouse_driver.errors import TypeMismatchError
from clickhouse_driver.util.helpers import parse_url

from app.config import Settings
from app.core.rows import Rows
from app.errors import BotpulseError

__all__ = [
    "AWAY",
    "DATABASE",
    "PRUNED",
    "UNFIT",
    "connect",
    "database_of",
    "insert",
    "session",
    "wait_until_ready",
    "words_of",
]

DATABASE: Final = "botpulse"
"""The database if the address names none."""

AWAY: Final = (DriverError, OSError, EOFError)
UNFIT: Final = (TypeMismatchError, ValueError, TypeError, OverflowError, AttributeError)

PRUNED: Final[dict[str, Any]] = {"defer_partition_pruning_after_final": 0}
"""
Settings for lists within a span of time: months outside of it are not read, which is tens of times faster.

A repeat without a time of its own that came in the month after its first arrival is then seen in that month.
"""

logging.getLogger("clickhouse_driver.connection").setLevel(logging.CRITICAL)  # a traceback for every try
_INSERT_SETTINGS: Final[dict[str, Any]] = {
    "async_insert": 0,
    "insert_deduplicate": 1,
    "max_partitions_per_insert_block": 0,  # an import brings many months at once
}


def connect(settings: Settings, *, database: str | None = None) -> Client:
    """Return a client for the configured address; it connects with its first query."""
    if not settings.clickhouse:
        msg = "no ClickHouse is set; set BOTPULSE_CLICKHOUSE=clickhouse://user@host:9000/botpulse, or use `botpulse up`"
        raise BotpulseError(msg, "settings")
    host, options = parse_url(settings.clickhouse)
    options["database"] = database_of(settings) if database is None else database
    options.setdefault("send_receive_timeout", 120)
    if settings.clickhouse_password_file:
        options["password"] = _read_password(settings)

    return Client(host, **options)


@contextmanager
def session(settings: Settings) -> Iterator[Client]:
    """Give a client for one piece of work; what ClickHouse says against it is said in one line."""
    with connect(settings) as client:
        try:
            yield client
        except AWAY as error:
            words = words_of(error)
            msg = f"ClickHouse at {_address(settings)} did not answer as it should: {words}; `botpulse doctor` may say more"
            raise BotpulseError(msg, "clickhouse") from error


def words_of(error: Exception) -> str:
    """Return what ClickHouse says, in one line."""
    return " ".join(str(error).partition("Stack trace")[0].split())


def database_of(settings: Settings) -> str:
    """Return the database that the address names."""
    _, options = parse_url(settings.clickhouse)

    return str(options.get("database") or DATABASE)


def insert(client: Client, rows: Rows, token: str) -> None:
    """
    Write *rows* as one block. A second call with the same token and rows writes nothing.

    The token must name the very rows: ClickHouse drops other rows under a token that it has seen.
    """
    if not rows.size:
        return
    names = ", ".join(f"`{name}`" for name in rows.columns)
    client.execute(
        f"INSERT INTO {rows.table} ({names}) VALUES",
        rows.values,
        columnar=True,
        types_check=False,
        settings={**_INSERT_SETTINGS, "insert_deduplication_token": token},
    )


def wait_until_ready(settings: Settings, timeout_s: float = 60) -> None:
    """Return when ClickHouse answers; raise with its last words when *timeout_s* is over."""
    deadline = time.monotonic() + timeout_s
    while True:
        client = connect(settings, database="default")
        try:
            client.execute("SELECT 1")
        except AWAY as error:
            if time.monotonic() > deadline:
                msg = f"ClickHouse does not answer at {_address(settings)}: {words_of(error)}; start it, or correct BOTPULSE_CLICKHOUSE"
                raise BotpulseError(msg, "clickhouse") from error
        else:
            return
        finally:
            client.disconnect()
        time.sleep(0.2)


def _read_password(settings: Settings) -> str:
    path = settings.clickhouse_password_file
    assert path is not None
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        msg = f"cannot read the ClickHouse password file {path}: {error.strerror}; correct BOTPULSE_CLICKHOUSE_PASSWORD_FILE"
        raise BotpulseError(msg, "settings") from error


def _address(settings: Settings) -> str:
    host, options = parse_url(settings.clickhouse)

    return f"{host}:{options.get('port', 9000)}"
