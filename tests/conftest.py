"""Fixtures every test may ask for, and what holds for all of them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings

from tests.broker import broker
from tests.engine import engine, shared_engine
from tests.sdks.packages import packages
from tests.stack import stack

__all__ = ["broker", "engine", "packages", "pytest_collection_modifyitems", "shared_engine", "stack"]

# How long an example takes says something about the machine, not about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SERVICES = ("kafka", "clickhouse", "browser", "stack")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Put files that need more after those that need less; among their like files stay in random order, as do their tests.

    What runs once per run is so started late: least of all does the whole product idle beside tests that do not ask for it.
    Files that take long begin before their like, so that of two processes none has much to do when the other is done.
    """
    needs: defaultdict[Path, tuple[int, bool]] = defaultdict(lambda: (0, True))
    for item in items:
        need, is_short = needs[item.path]
        needs[item.path] = max(need, _need(item)), is_short and item.get_closest_marker("long") is None
    items.sort(key=lambda item: needs[item.path])


def _need(item: pytest.Item) -> int:
    if "stack" in getattr(item, "fixturenames", ()):
        return 2
    return int(any(item.get_closest_marker(name) for name in SERVICES))
