"""Which addresses webhooks may go to."""

from __future__ import annotations

import pytest

from app.core.networks import may_be_reached, networks_of


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_addresses(address: str) -> None:
    """Need no setting."""
    assert may_be_reached(address, ())


INNER = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1",
    "::1", "::", "fe80::1", "fe80::1%1", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses(address: str) -> None:
    """Are refused in each of their forms."""
    assert not may_be_reached(address, ())


@pytest.mark.parametrize(
    ("expected", "address"),
    [
        pytest.param(True, "10.1.2.3", id="in it"),
        pytest.param(True, "::ffff:10.1.2.3", id="in it, wrapped"),
        pytest.param(True, "fd00::1", id="in the other"),
        pytest.param(False, "10.2.0.1", id="beside it"),
    ],
)
def test_allowed_networks(expected: bool, address: str) -> None:
    """What the operator names may be reached, and nothing beside it."""
    assert expected == may_be_reached(address, networks_of("10.1.0.0/16, fd00::/8"))


@pytest.mark.parametrize("text", ["10.1.2.3/16", "localhost", "10.0.0.0/33"])
def test_what_is_no_network(text: str) -> None:
    """Is refused, not passed over."""
    with pytest.raises(ValueError):
        networks_of(text)
