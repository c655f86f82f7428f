"""Where a request comes from: who is connected, or behind a proxy that is trusted, who that says it is."""

from __future__ import annotations

import ipaddress
from typing import Final

from aiohttp import web

from app.core.networks import Network, networks_of
from app.web.parts import SETTINGS

__all__ = ["address_of", "attach"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_TRUSTED: Final = web.AppKey("trusted_proxies", tuple[Network, ...])


def attach(app: web.Application) -> None:
    """Give *app* the proxies that it trusts."""
    app[_TRUSTED] = networks_of(app[SETTINGS].trusted_proxies)


def address_of(request: web.Request) -> str:
    """Return the nearest address that is not a trusted proxy's: what is beyond it may be made up."""
    address = request.remote or "unknown"
    before = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    while before and _is_trusted(request.app[_TRUSTED], address):
        nearest = _read(before.pop())
        if nearest is None:
            break
        address = str(nearest)
    return address


def _is_trusted(trusted: tuple[Network, ...], address: str) -> bool:
    found = _read(address)
    return found is not None and any(found in network for network in trusted)


def _read(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
