"""The ports in memory keep the contracts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.adapters.memory import MemoryRegistry, memory_edge
from app.core.deliveries import Delivery
from app.core.links import LinkBook
from tests.contract.edge import EdgeContract, Harness
from tests.contract.links import LinksContract
from tests.contract.registry import RegistryContract


class TestEdge(EdgeContract):
    """The edge on a list."""

    @pytest_asyncio.fixture
    async def harness(self) -> AsyncIterator[Harness]:
        """An edge in memory."""
        edge, log = memory_edge()
        await edge.start()

        async def read() -> list[Delivery]:
            return log.deliveries

        yield Harness(edge, read, edge.stop)
        await edge.stop()


class TestRegistry(RegistryContract):
    """The registry in this process."""

    @pytest.fixture
    def registry(self) -> MemoryRegistry:
        """A registry in memory."""
        return MemoryRegistry()


class TestLinks(LinksContract):
    """Links in this process."""

    @pytest.fixture
    def links(self) -> LinkBook:
        """A book in memory."""
        return LinkBook()
