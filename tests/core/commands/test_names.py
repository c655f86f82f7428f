"""Names of bots, keys, dashboards and alerts."""

from __future__ import annotations

import pytest

from app.core.commands.names import fault_of_name


@pytest.mark.parametrize("name", ["Pizza", "Ärger & Café", "👩‍🍳 Köchin", "می‌خواهم", "x" * 200])
def test_names(name: str) -> None:
    """Any language, and emoji that are spelled with joiners."""
    assert None is fault_of_name(name, "A bot's")


@pytest.mark.parametrize("name", ["", "  ", "\u200d", "x" * 201, "x\ny", "\x1b[31mred", "a\u202eb", "\ud800"])
def test_no_names(name: str) -> None:
    """Nothing to see, too long, more than a line, or what turns terminals upside down."""
    fault = fault_of_name(name, "A bot's")

    assert fault is not None
    assert ("bad_name", "name") == (fault.code, fault.field)
