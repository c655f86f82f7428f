"""What stands in a topic and cannot be read."""

from __future__ import annotations

import msgspec
import pytest

from app.core.readable import Unreadable, read

POISON = [
    pytest.param(None, id="no-value"),
    pytest.param(b"", id="empty"),
    pytest.param(b"\xff", id="binary"),
    pytest.param(b'{"name":"\xff"}', id="not-utf8"),
    pytest.param(b'{"name":' + b"[" * 100_000, id="nested-without-end"),
]


@pytest.mark.parametrize("value", POISON)
def test_whatever_cannot_be_read_is_said_in_one_way(value: bytes | None) -> None:
    """However the decoder takes it, the reader hears the same."""
    with pytest.raises(Unreadable):
        read(msgspec.json.Decoder(dict[str, object]).decode, value)


def test_what_can_be_read_is_read() -> None:
    """Nothing else is changed."""
    assert {"name": 1} == read(msgspec.json.Decoder(dict[str, int]).decode, b'{"name":1}')
