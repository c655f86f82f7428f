"""Which addresses somebody else may make us connect to: public ones, and those of networks that the operator names."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

__all__ = ["Network", "may_be_reached", "networks_of"]

Network = IPv4Network | IPv6Network

_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""IPv6 for the IPv4 address in its last 32 bits."""


def networks_of(text: str) -> tuple[Network, ...]:
    """Return the networks that *text* lists (`10.1.0.0/16,fd00::/8`); raise ValueError for what is none."""
    return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())


def may_be_reached(address: str, allowed: Sequence[Network]) -> bool:
    """Tell whether *address* is public or in a network that is *allowed*."""
    found = _plain(ip_address(address))
    if any(found in network for network in allowed):
        return True
    return found.is_global and not found.is_multicast and not found.is_reserved


def _plain(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address only wraps."""
    if isinstance(found, IPv4Address):
        return found
    if found in _TRANSLATED:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or found
