"""Ports are kept from one start to the next, unless somebody else took them."""

from __future__ import annotations

import socket
from pathlib import Path

from app.local.ports import LOOPBACK, free_port, is_free, kept_ports, listens

NAMES = ("kafka", "engine")


def test_ports_are_kept(tmp_path: Path) -> None:
    """The second start uses the ports of the first."""
    first = kept_ports(tmp_path / "ports.json", NAMES)

    assert first == kept_ports(tmp_path / "ports.json", NAMES)


def test_taken_port_is_replaced(tmp_path: Path) -> None:
    """A kept port that another program listens on is given up, the others stay."""
    first = kept_ports(tmp_path / "ports.json", NAMES)
    with socket.create_server((LOOPBACK, first["kafka"])):
        second = kept_ports(tmp_path / "ports.json", NAMES)

    assert (True, first["engine"]) == (second["kafka"] != first["kafka"], second["engine"])


def test_ports_differ(tmp_path: Path) -> None:
    """No two parts get the same port."""
    names = [str(number) for number in range(200)]

    assert len(names) == len(set(kept_ports(tmp_path / "ports.json", names).values()))


def test_listening_is_seen() -> None:
    """A port with a server is not free and listens; one without is free and does not."""
    port = free_port()
    before = (is_free(LOOPBACK, port), listens(LOOPBACK, port))
    with socket.create_server((LOOPBACK, port)):
        during = (is_free(LOOPBACK, port), listens(LOOPBACK, port))

    assert ((True, False), (False, True)) == (before, during)
