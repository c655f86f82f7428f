"""Databases for reading: one of everything a test file reads, filled once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.adapters.clickhouse import connect
from tests.databases import fresh_database
from tests.engine import EngineServer, engine
from tests.web.api.brute import SIMULATED, ZONES, Stocked
from tests.web.api.stock import stock

__all__ = ["engine", "stocked"]


@pytest.fixture(scope="module", params=ZONES, ids=[zone.zone for zone in ZONES])
def stocked(engine: EngineServer, request: pytest.FixtureRequest) -> Iterator[Stocked]:
    """A database with forty days of two bots' events, cut in one of the time zones."""
    settings = fresh_database(engine)
    with connect(settings) as client:
        stock(client, SIMULATED, request.param)
        yield Stocked(settings, client, request.param)
        client.execute(f"DROP DATABASE `{client.connection.database}` SYNC")
