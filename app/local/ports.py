"""
Loopback ports: is one free, take free ones, and keep those once taken.

Kept ports let clients that outlive a restart find the part again, and make the second start the same as the first.
"""

from __future__ import annotations

import contextlib
import errno
import json
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path

from app.errors import BotpulseError

__all__ = ["LOOPBACK", "free_port", "is_free", "kept_ports", "listens"]

LOOPBACK = "127.0.0.1"

# Below the ports systems give to outgoing connections: a client that keeps dialling a port of that range while its server is
# away can end up connected to itself, and the server then finds its port taken.
RANGE = range(20_000, 32_000)


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen on *port* now; refuse what it never could."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        msg = f"there is no host {host!r} ({error}); name an address of this machine with --host (BOTPULSE_HOST)"
        raise BotpulseError(msg, "host") from error
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise _never(host, port, error) from error
            return False
    return True


def listens(host: str, port: int) -> bool:
    """Tell whether a server accepts connections on *port* now."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def free_port(host: str = LOOPBACK) -> int:
    """Return a port nobody listens on now."""
    while not is_free(host, port := secrets.choice(RANGE)):
        pass
    return port


def kept_ports(path: Path, names: Iterable[str]) -> dict[str, int]:
    """Return a port for each of *names* as kept in *path*; those new or meanwhile taken by others are chosen anew."""
    kept: dict[str, int] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name in names:
        if name not in kept or not is_free(LOOPBACK, kept[name]):
            kept[name] = _unlike(kept.values())
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(kept), encoding="utf-8")
    temporary.replace(path)
    return {name: kept[name] for name in names}


def _never(host: str, port: int, error: OSError) -> BotpulseError:
    if error.errno == errno.EADDRNOTAVAIL:
        msg = f"{host} is no address of this machine; name one that is with --host (BOTPULSE_HOST), 0.0.0.0 for all"
        return BotpulseError(msg, "host")
    if error.errno == errno.EACCES:
        msg = f"port {port} of {host} is not for this user; choose one above 1023 with --port (BOTPULSE_PORT)"
        return BotpulseError(msg, "port")
    msg = f"cannot listen on port {port} of {host}: {error.strerror}; choose others with --host and --port"
    return BotpulseError(msg, "port")


def _unlike(taken: Iterable[int]) -> int:
    while (port := free_port()) in taken:
        pass
    return port
