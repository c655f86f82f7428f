"""Ports are kept from one start to the next, unless somebody else took them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from app.errors import BotpulseError
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


@pytest.mark.parametrize(
    ("host", "words"),
    [
        pytest.param("203.0.113.9", "203.0.113.9 is no address of this machine", id="of another machine"),
        pytest.param("nosuchhost.invalid", "no host 'nosuchhost.invalid'", id="of none"),
        pytest.param("a..b", "no host 'a..b'", id="no name"),
    ],
)
@pytest.mark.parametrize("ask", [free_port, lambda host: is_free(host, 9911)], ids=["any port", "a port"])
def test_an_address_that_is_not_ours_is_refused(ask: Callable[[str], object], host: str, words: str) -> None:
    """No port of it is in use or free; what is wrong is the address."""
    with pytest.raises(BotpulseError, match=words):
        ask(host)


def test_a_port_one_may_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port kept for the system is not called one in use."""
    monkeypatch.setattr(socket.socket, "bind", Mock(side_effect=PermissionError(13, "Permission denied")))

    with pytest.raises(BotpulseError, match=r"port 80 of 127\.0\.0\.1 is not for this user"):
        is_free(LOOPBACK, 80)


def test_listening_is_seen() -> None:
    """A port with a server is not free and listens; one without is free and does not."""
    port = free_port()
    before = (is_free(LOOPBACK, port), listens(LOOPBACK, port))
    with socket.create_server((LOOPBACK, port)):
        during = (is_free(LOOPBACK, port), listens(LOOPBACK, port))

    assert ((True, False), (False, True)) == (before, during)
