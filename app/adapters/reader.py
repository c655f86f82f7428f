"""
Reads from ClickHouse for the web process: a few threads with a connection each, and the queries of `clickhouse/queries`.

A query is a file; its parameters are `%(name)s`, which the driver quotes.  ClickHouse away, overloaded or without its
tables is `Unavailable`, whatever the driver calls it.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from clickhouse_driver import Client
from clickhouse_driver.errors import Error as DriverError
from clickhouse_driver.errors import ErrorCodes, ServerException

from app.adapters.clickhouse import AWAY, connect
from app.adapters.queries import query
from app.config import Settings
from app.errors import BotpulseError
from app.ports import Unavailable

__all__ = ["THREADS", "Reader", "away"]

THREADS: Final = 8

_MOST_WAITING: Final = 200
_TIMEOUT_S: Final = 30
_SETTINGS: Final = {"max_execution_time": _TIMEOUT_S, "readonly": 2}
_OVERLOADED: Final = {
    ErrorCodes.TIMEOUT_EXCEEDED,
    ErrorCodes.TOO_MANY_SIMULTANEOUS_QUERIES,
    ErrorCodes.MEMORY_LIMIT_EXCEEDED,
    ErrorCodes.QUERY_WAS_CANCELLED,
}
_NOT_MADE: Final = {ErrorCodes.UNKNOWN_TABLE, ErrorCodes.UNKNOWN_DATABASE}

Row = tuple[Any, ...]


class Reader:
    """A bounded number of threads, each with its own connection. Nothing connects before the first query."""

    def __init__(self, settings: Settings, threads: int = THREADS) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="clickhouse")
        self._own = threading.local()
        self._clients: list[Client] = []
        self._waiting = 0

    async def rows(self, name: str, /, **parameters: object) -> list[Row]:
        """Run the query file *name* and return its rows."""
        found: list[Row] = await self.run(
            lambda client: client.execute(query(name), parameters, settings=_SETTINGS)
        )
        return found

    async def run(self, work: Any) -> Any:
        """Run *work* with a connection, in one of the threads; raise Unavailable where ClickHouse cannot answer."""
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("Too many reads are waiting for ClickHouse; try again.", retry_after_s=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._try, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Disconnect; reads under way end with an error."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for client in self._clients:
            client.disconnect()

    def _try(self, work: Any) -> Any:
        try:
            client = self._client()
        except BotpulseError as error:
            raise Unavailable(error.message, retry_after_s=5) from error
        try:
            return work(client)
        except ServerException as error:
            raise away(error) or error from error
        except AWAY as error:
            client.disconnect()
            raise Unavailable("ClickHouse does not answer; try again.", retry_after_s=2) from error

    def _client(self) -> Client:
        client: Client | None = getattr(self._own, "client", None)
        if client is None:
            client = connect(self._settings)
            self._own.client = client
            self._clients.append(client)
        return client


def away(error: DriverError) -> Unavailable | None:
    """Say *error* as something that passes, if it is."""
    if error.code in _NOT_MADE:
        return Unavailable("ClickHouse has no tables yet; `botpulse migrate` makes them.", retry_after_s=5)
    if error.code in _OVERLOADED:
        return Unavailable("ClickHouse is too busy for this; ask for less, or try again.", retry_after_s=5)
    return None
