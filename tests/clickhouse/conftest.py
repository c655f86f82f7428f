"""Every test here has a database of its own on the shared engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_driver import Client

from app.adapters.clickhouse import connect
from app.config import Settings
from tests.databases import fresh_database
from tests.engine import EngineServer

__all__ = ["client", "settings"]


@pytest.fixture
def settings(engine: EngineServer) -> Settings:
    """Settings that name the test's database."""
    return fresh_database(engine)


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    """A client on the test's database."""
    with connect(settings) as client:
        yield client
