"""The server and a client for every test in this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_driver import Client

from tests.engine import EngineServer

__all__ = ["client"]


@pytest.fixture
def client(engine: EngineServer) -> Iterator[Client]:
    """A connection of the test's own."""
    client = engine.client()
    yield client
    client.disconnect()
