"""Which time zones there are, and whose rules they follow."""

from __future__ import annotations

import zoneinfo

from app.core.registry.subjects import zones


def test_zones_are_those_of_the_package() -> None:
    """No list of the machine's is looked into: two machines cut the same days."""
    assert () == zoneinfo.TZPATH
    assert zones() <= zoneinfo.available_timezones()
    assert "localtime" not in zones() | zoneinfo.available_timezones()
