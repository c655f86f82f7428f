"""Who may read: keys, sessions, and how often one may guess."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from app.config import Settings
from app.errors import BotpulseError
from app.web.auth import COOKIE, Attempts, Caller, addresses, reader_of, session_key
from app.web.auth.attempts import SIGN_INS
from app.web.parts import SETTINGS
from tests.web.site import ADMIN_KEY, EMAIL, INGEST_KEY, NOW_MS, PASSWORD, READ_KEY, Site, key, running, tell

FORM = "application/x-www-form-urlencoded"
LOGIN = {"email": EMAIL, "password": PASSWORD}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    """The clock of the server."""
    return Clock()


@pytest_asyncio.fixture
async def site(clock: Clock) -> AsyncIterator[Site]:
    """A server with everything in memory."""
    async with running(clock) as one:
        yield one


async def sign_in(site: Site, **fields: str) -> tuple[int, str]:
    """Sign in; return the status and the cookie's text."""
    async with site.client.post(f"{site.url}/login", json=LOGIN | fields) as answer:
        cookie = answer.cookies.get(COOKIE)
        return answer.status, cookie.OutputString() if cookie else ""


def caller_of(site: Site, **headers: str) -> Caller | None:
    """Return who `reader_of` takes a request with these headers for."""
    return reader_of(make_mocked_request("GET", "/", headers=headers, app=site.app))


async def test_sign_in(site: Site) -> None:
    """The right password gives a cookie that scripts cannot read and other sites cannot use."""
    status, cookie = await sign_in(site)

    assert 200 == status
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_the_e_mail_may_be_written_in_capitals(site: Site) -> None:
    """People write their address as they like."""
    assert 200 == (await sign_in(site, email=f" {EMAIL.upper()} "))[0]


async def test_a_form_goes_to_the_first_page(site: Site) -> None:
    """A browser's form is answered with a page."""
    async with site.client.post(f"{site.url}/login", data=LOGIN, allow_redirects=False) as answer:
        assert (303, "/", True) == (answer.status, answer.headers["Location"], COOKIE in answer.cookies)


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        pytest.param((401, "wrong_login"), json.dumps(LOGIN | {"password": "guess"}), id="wrong password"),
        pytest.param((401, "wrong_login"), json.dumps(LOGIN | {"email": "nobody@example.org"}), id="nobody"),
        pytest.param((400, "missing_field"), json.dumps({"email": EMAIL}), id="no password"),
        pytest.param((400, "missing_field"), json.dumps({"email": 1, "password": []}), id="not texts"),
        pytest.param((400, "not_json"), "{", id="not JSON"),
        pytest.param((400, "not_json"), "[1]", id="not an object"),
        pytest.param((413, "too_large"), " " * 5000, id="too large"),
    ],
)
async def test_sign_in_refusals(site: Site, expected: tuple[int, str], body: str) -> None:
    """Anything else gives no cookie."""
    status, answer = await site.post("/login", body, key="", Content_Type="application/json")

    assert expected == (status, answer["error"]["code"])


async def test_guessing_is_limited(site: Site, clock: Clock) -> None:
    """After five failures the account waits, the right password included, and later it works again."""
    for _ in range(5):
        assert 401 == (await sign_in(site, password="guess"))[0]
    assert 429 == (await sign_in(site))[0]

    clock.now_ms += 5 * 60_000
    assert 200 == (await sign_in(site))[0]


async def test_guessing_is_limited_however_the_e_mail_is_written(site: Site) -> None:
    """Accents as letters of their own open no second account to guess at."""
    spellings = ["ren\u00e9e@example.org", "rene\u0301e@example.org"] * 3
    tries = [(await sign_in(site, email=one, password="guess"))[0] for one in spellings]

    assert [401] * 5 + [429] == tries


async def test_guessing_at_once_is_limited(site: Site) -> None:
    """A guess counts before it is looked at, as that takes a while."""
    tries = await asyncio.gather(*(sign_in(site, password=f"guess {number}") for number in range(9)))

    assert [401] * 5 + [429] * 4 == sorted(status for status, _ in tries)


async def test_the_right_password_is_no_guess(site: Site) -> None:
    """However often one signs in."""
    assert [200] * 7 == [(await sign_in(site))[0] for _ in range(7)]


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
@pytest.mark.parametrize(
    ("expected", "type", "body"),
    [
        pytest.param(415, "multipart/form-data; boundary=x", b"garbage", id="parts"),
        pytest.param(415, "multipart/form-data", b"x", id="parts without a boundary"),
        pytest.param(415, "text/plain", b"\xff", id="text"),
        pytest.param(401, f"{FORM}; charset=nope", b"email=a&password=b", id="charset nobody knows"),
        pytest.param(401, FORM, b"email=\xff&password=b", id="no UTF-8"),
        pytest.param(401, FORM, b"email=%ff&password=%ff", id="no UTF-8, escaped"),
        pytest.param(400, f"{FORM}; charset=utf-16", b"\xff\xfee\x00\x00\xd8", id="half a character"),
        pytest.param(400, "application/json", b'{"email":"\\ud800","password":"x"}', id="half a pair"),
    ],
)
async def test_odd_bodies_are_refused(site: Site, expected: int, type: str, body: bytes, accept: str) -> None:
    """Whether a program or a browser sends them, and none of them is a defect."""
    headers = {"Content-Type": type, "Accept": accept}
    async with site.client.post(f"{site.url}/login", data=body, headers=headers) as answer:
        assert expected == answer.status


async def test_the_form_comes_back_with_what_was_typed(site: Site) -> None:
    """But for the password."""
    typed = {"email": "somebody@example.org", "password": "a wrong one", "next": "/people"}
    async with site.client.post(f"{site.url}/login", data=typed, headers={"Accept": "text/html"}) as answer:
        page = await answer.text()

    assert ("somebody@example.org" in page, 'value="/people"' in page, "a wrong one" in page) == (
        True,
        True,
        False,
    )


async def test_sign_in_takes_no_endless_body(site: Site) -> None:
    """Also of one that does not say how long it is."""

    async def endless() -> AsyncIterator[bytes]:
        yield b'{"password": "x", "email": "'
        for _ in range(20):
            yield b"a" * 1000

    headers = {"Content-Type": "application/json"}
    async with site.client.post(f"{site.url}/login", data=endless(), headers=headers) as answer:
        assert 413 == answer.status


async def test_what_is_remembered_of_tries_is_small(site: Site) -> None:
    """No e-mail is longer than e-mails are, and of an account its hash is kept."""
    assert 400 == (await sign_in(site, email="x" * 255))[0]
    assert 401 == (await sign_in(site, email="x" * 254))[0]
    assert [64] == [len(account) for account in site.app[SIGN_INS]._by_account._failed]


@pytest.mark.parametrize(
    ("expected", "trusted", "remote", "forwarded"),
    [
        pytest.param("10.0.0.7", "", "10.0.0.7", "203.0.113.9", id="nobody is trusted"),
        pytest.param("203.0.113.9", "10.0.0.0/8", "10.0.0.7", "203.0.113.9", id="a proxy"),
        pytest.param("203.0.113.9", "10.0.0.0/8", "10.0.0.7", "1.2.3.4, 203.0.113.9", id="made up beyond it"),
        pytest.param("203.0.113.9", "10.0.0.0/8,::1", "::1", "203.0.113.9, 10.1.1.1", id="two proxies"),
        pytest.param("192.0.2.1", "10.0.0.0/8", "192.0.2.1", "203.0.113.9", id="somebody else's word"),
        pytest.param("10.0.0.7", "10.0.0.7", "10.0.0.7", "rubbish", id="no address"),
        pytest.param("2001:db8::9", "10.0.0.7", "::ffff:10.0.0.7", "2001:db8::9", id="IPv4 in IPv6"),
        pytest.param("10.0.0.7", "10.0.0.7", "10.0.0.7", "", id="nothing forwarded"),
    ],
)
def test_where_a_request_comes_from(expected: str, trusted: str, remote: str, forwarded: str) -> None:
    """X-Forwarded-For is believed as far as trusted proxies wrote it."""
    app = web.Application()
    app[SETTINGS] = Settings(trusted_proxies=trusted)
    addresses.attach(app)
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("POST", "/login", headers=headers, app=app).clone(remote=remote)

    assert expected == addresses.address_of(request)


def test_proxies_that_cannot_be_read_are_said_at_the_start() -> None:
    """By the name of the setting."""
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings(trusted_proxies="10.0.0.7/8")


async def test_a_stranger_behind_the_same_proxy_locks_nobody_out() -> None:
    """Where the proxy is trusted."""
    async with running(trusted_proxies="127.0.0.1") as behind:
        for number in range(20):
            login = {"email": f"x{number}@example.org", "password": "guess"}
            headers = {"X-Forwarded-For": "203.0.113.9"}
            async with behind.client.post(f"{behind.url}/login", json=login, headers=headers) as answer:
                assert 401 == answer.status
        headers = {"X-Forwarded-For": "203.0.113.10"}
        async with behind.client.post(f"{behind.url}/login", json=LOGIN, headers=headers) as answer:
            assert 200 == answer.status


async def test_the_answer_says_how_long_to_wait(site: Site) -> None:
    """429 carries the time."""
    for _ in range(5):
        await sign_in(site, password="guess")
    async with site.client.post(f"{site.url}/login", json=LOGIN) as answer:
        assert (429, "300") == (answer.status, answer.headers["Retry-After"].replace("301", "300"))


def test_attempts_forget() -> None:
    """Memory of failures is bounded: the least recent goes first."""
    attempts = Attempts(most=1, tracked=2)
    for who in ("a", "b", "c"):
        attempts.note(who, NOW_MS)

    assert [False, True, True] == [attempts.wait_s(who, NOW_MS) > 0 for who in ("a", "b", "c")]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(Caller("key:k2", {"pizza": "viewer"}), READ_KEY, id="read key of a bot"),
        pytest.param(Caller("key:k3", everywhere="owner", is_admin=True), ADMIN_KEY, id="admin key of all"),
        pytest.param(None, INGEST_KEY, id="ingest key"),
        pytest.param(None, "bpreadNOBODY", id="unknown key"),
        pytest.param(None, "", id="no key"),
    ],
)
async def test_reader_by_key(site: Site, expected: Caller | None, text: str) -> None:
    """A read or admin key reads its bots; an ingest key reads nothing."""
    assert expected == caller_of(site, Authorization=f"Bearer {text}")


async def test_a_revoked_key_reads_nothing(site: Site) -> None:
    """Revoked is revoked."""
    await tell(site.registry, key("k2", "read", READ_KEY, "pizza", revoked_at=NOW_MS))

    assert None is caller_of(site, Authorization=f"Bearer {READ_KEY}")


async def test_reader_by_session(site: Site) -> None:
    """Who has signed in reads everything."""
    _, cookie = await sign_in(site)

    assert Caller("person:p1", {}, "owner", is_admin=True, person="p1") == caller_of(
        site, Cookie=cookie.partition(";")[0]
    )


async def test_a_session_ends_with_the_password(site: Site) -> None:
    """A new password ends the sessions of the old one."""
    _, cookie = await sign_in(site)
    person = msgspec.structs.replace(site.registry.state.people["p1"], password="$argon2id$other")
    await tell(site.registry, person)

    assert None is caller_of(site, Cookie=cookie.partition(";")[0])


@pytest.mark.parametrize("cookie", ["", f"{COOKIE}=forged", f"{COOKIE}=WyJwMSIsIngiXQ.aaaa.bbbb"])
async def test_forged_sessions(site: Site, cookie: str) -> None:
    """Nobody can write a session without the key."""
    assert None is caller_of(site, Cookie=cookie)


async def test_sign_out(site: Site) -> None:
    """Signing out takes the cookie away."""
    await sign_in(site)
    async with site.client.post(f"{site.url}/logout") as answer:
        assert (200, "") == (answer.status, answer.cookies[COOKIE].value)


def test_session_key_is_made_once(tmp_path: Path) -> None:
    """The key is made at the first start, only its owner may read it, and it stays."""
    settings = Settings(home=tmp_path)
    first = session_key(settings)
    mode = stat.S_IMODE((tmp_path / "secrets" / "session.key").stat().st_mode)

    assert (0o600, True, first) == (mode, len(first) >= 32, session_key(settings))


def test_session_key_of_the_operator(tmp_path: Path) -> None:
    """A file of the operator's is used, and refused when it is no key."""
    good, short = tmp_path / "good", tmp_path / "short"
    good.write_text("x" * 40 + "\n")
    short.write_text("secret")

    assert b"x" * 40 == session_key(Settings(home=tmp_path, secret_file=good))
    with pytest.raises(BotpulseError, match="too short"):
        session_key(Settings(home=tmp_path, secret_file=short))
