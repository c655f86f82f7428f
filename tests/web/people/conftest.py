"""A site without a mail server, and one with."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.web.people.visitors import World
from tests.web.people.visitors import world as opened

__all__ = ["posting", "world"]


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    """A site without a mail server."""
    async with opened() as one:
        yield one


@pytest_asyncio.fixture
async def posting() -> AsyncIterator[World]:
    """A site with a mail server, which people reach by another name."""
    async with opened(is_mail_set=True, public_url="http://bots.example.org/") as one:
        yield one
