"""Documents are fetched over https from named hosts, once, and kept for a while."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.adapters.documents import HttpDocuments, lifetime_s, may_fetch
from app.ports import Unavailable

HOSTS = ("docs.example.org",)
URL = "https://docs.example.org/keys.json"


@dataclass
class Server:
    """A server that says what it is told to, and counts."""

    port: int = 0
    asked: int = 0
    content: bytes = b"KEYS"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, _request: web.Request) -> web.Response:
        """Answer when it may."""
        self.asked += 1
        await self.may_answer.wait()
        return web.Response(body=self.content, status=self.status, headers=self.headers)


class _Here(AbstractResolver):
    """Every name is this machine, and the port is the server's."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self._port, family=family or 2, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the host, in one file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTS[0])])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOSTS[0])]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
async def server(certificate: Path) -> AsyncIterator[Server]:
    """A server on a free port, which answers at once."""
    server = Server()
    server.may_answer.set()
    app = web.Application()
    app.router.add_get("/{any:.*}", server.answer)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()


@asynccontextmanager
async def documents(server: Server, certificate: Path, timeout_s: float = 5) -> AsyncIterator[HttpDocuments]:
    """Documents for which the server is every host."""
    context = ssl.create_default_context(cafile=str(certificate))
    found = HttpDocuments(
        lambda: aiohttp.TCPConnector(resolver=_Here(server.port), ssl=context), timeout_s=timeout_s
    )
    try:
        yield found
    finally:
        await found.stop()


async def test_fetched_once_and_kept(server: Server, certificate: Path) -> None:
    """However many ask, at the same time or later, the server is asked once."""
    server.may_answer.clear()
    async with documents(server, certificate) as found:
        waiting = [asyncio.create_task(found.fetch(URL, HOSTS)) for _ in range(20)]
        while not server.asked:
            await asyncio.wait(waiting, timeout=0.01)
        server.may_answer.set()
        together = await asyncio.gather(*waiting)
        later = await found.fetch(URL, HOSTS)

    assert ({b"KEYS"}, b"KEYS", 1) == (set(together), later, server.asked)


async def test_who_leaves_takes_nothing_along(server: Server, certificate: Path) -> None:
    """A request that is given up does not spoil the document for those that wait beside it."""
    server.may_answer.clear()
    async with documents(server, certificate) as found:
        first, second = (asyncio.create_task(found.fetch(URL, HOSTS)) for _ in range(2))
        while not server.asked:
            await asyncio.wait([first, second], timeout=0.01)
        first.cancel()
        server.may_answer.set()

        assert b"KEYS" == await second


@pytest.mark.parametrize(
    "url",
    [
        "http://docs.example.org/keys.json",
        "https://docs.example.org:8443/keys.json",
        "https://evil.example.org/keys.json",
        "https://docs.example.org.evil.org/",
        "https://user@docs.example.org/",
        "https://docs.example.org\\@evil.org/",
        "https://docs.example.org /",
        "https://docs.example.orgⒶ/",
        "file:///etc/passwd",
        "//docs.example.org/",
        "https://[::1",
        "",
    ],
)
async def test_what_may_not_be_fetched(server: Server, certificate: Path, url: str) -> None:
    """Nothing but https on its own port of a named host is asked for."""
    async with documents(server, certificate) as found:
        assert (b"", 0) == (await found.fetch(url, HOSTS), server.asked)


def test_without_hosts_nothing_is_fetched() -> None:
    """A platform that names no host has no documents."""
    assert (True, False) == (may_fetch(URL, HOSTS), may_fetch(URL, ()))


@pytest.mark.parametrize(
    ("status", "content", "headers"),
    [
        pytest.param(404, b"none", {}, id="not there"),
        pytest.param(500, b"sorry", {}, id="broken"),
        pytest.param(302, b"", {"Location": "https://docs.example.org/other"}, id="elsewhere"),
        pytest.param(200, b"x" * 300_000, {}, id="too large"),
        pytest.param(200, b"", {}, id="empty"),
    ],
)
async def test_what_cannot_be_had(
    server: Server, certificate: Path, status: int, content: bytes, headers: dict[str, str]
) -> None:
    """The sender is asked to come again, and the next request tries again."""
    server.status, server.content, server.headers = status, content, headers
    async with documents(server, certificate) as found:
        for _ in range(2):
            with pytest.raises(Unavailable) as refused:
                await found.fetch(URL, HOSTS)

    assert (2, True) == (server.asked, refused.value.retry_after_s > 0)


async def test_a_slow_server_is_given_up(server: Server, certificate: Path) -> None:
    """Nobody waits longer than the limit."""
    server.may_answer.clear()
    async with documents(server, certificate, timeout_s=0.05) as found:
        with pytest.raises(Unavailable):
            await found.fetch(URL, HOSTS)
    server.may_answer.set()


async def test_an_unknown_certificate_is_refused(server: Server) -> None:
    """Whoever stands between us and the host is not believed."""
    found = HttpDocuments(lambda: aiohttp.TCPConnector(resolver=_Here(server.port)))
    with pytest.raises(Unavailable):
        await found.fetch(URL, HOSTS)
    await found.stop()

    assert 0 == server.asked


async def test_a_copy_helps_out(server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its time is over a document is fetched again; if that fails, the copy of the same day is used."""
    async with documents(server, certificate) as found:
        loop = asyncio.get_running_loop()
        ahead_s = 0.0
        now = loop.time
        await found.fetch(URL, HOSTS)
        monkeypatch.setattr(loop, "time", lambda: now() + ahead_s)
        server.status, ahead_s = 500, 2 * 3600.0
        same_day = await found.fetch(URL, HOSTS)
        ahead_s = 25 * 3600.0
        with pytest.raises(Unavailable):
            await found.fetch(URL, HOSTS)

    assert (b"KEYS", 3) == (same_day, server.asked)


@pytest.mark.parametrize(
    ("expected", "header"),
    [
        pytest.param(3600, "", id="none"),
        pytest.param(3600, "no-cache", id="no age"),
        pytest.param(600, "public, max-age=600", id="age"),
        pytest.param(600, 'Max-Age="600", private', id="quoted"),
        pytest.param(3600, "s-maxage=5", id="another age"),
        pytest.param(60, "max-age=0", id="a minute at least"),
        pytest.param(86_400, "max-age=31536000", id="a day at most"),
    ],
)
def test_lifetime(expected: int, header: str) -> None:
    """A document is kept as long as its server says, within bounds."""
    assert expected == lifetime_s(header)
