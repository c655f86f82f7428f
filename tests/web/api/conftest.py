"""Databases for reading: one of everything that tests read and none writes, filled once per run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from app.adapters.clickhouse import connect
from app.core.events import Reporting
from tests.databases import kept_database
from tests.engine import EngineServer
from tests.web.api.brute import SIMULATED, ZONES, Stocked
from tests.web.api.stock import stock

__all__ = ["filled", "stocked"]


@pytest.fixture(scope="session")
def filled(shared_engine: EngineServer) -> Iterator[Callable[[Reporting], Stocked]]:
    """Fill a database for a time zone the first time it is asked for."""
    with ExitStack() as clients:

        @cache
        def of(reporting: Reporting) -> Stocked:
            settings = kept_database(shared_engine)
            client = clients.enter_context(connect(settings))
            stock(client, SIMULATED, reporting)
            return Stocked(settings, client, reporting)

        yield of


@pytest.fixture(scope="module", params=ZONES, ids=[zone.zone for zone in ZONES])
def stocked(filled: Callable[[Reporting], Stocked], request: pytest.FixtureRequest) -> Stocked:
    """A database with forty days of two bots' events, cut in one of the time zones."""
    return filled(request.param)
