"""Pages as they come from the server: who is sent where, what is refused how, and which headers keep them safe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from app.core.registry import Bot
from app.web.auth import onward
from app.web.pages.about import ABOUT
from app.web.pages.assets import ASSETS
from tests.web.site import EMAIL, NOW_MS, PASSWORD, READ_KEY, Site, running, tell

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A running web process."""
    async with running() as one:
        yield one


async def get(site: Site, path: str, **headers: str) -> tuple[aiohttp.ClientResponse, str]:
    """Ask for a page as a browser does, and do not go where it leads."""
    async with site.client.get(site.url + path, headers=HTML | headers, allow_redirects=False) as answer:
        return answer, await answer.text()


async def post(site: Site, path: str, **fields: str) -> tuple[aiohttp.ClientResponse, str]:
    """Send a form as a browser does."""
    async with site.client.post(site.url + path, data=fields, headers=HTML, allow_redirects=False) as answer:
        return answer, await answer.text()


async def sign_in(site: Site) -> None:
    """Sign in with the form."""
    answer, _ = await post(site, "/login", email=EMAIL, password=PASSWORD)
    assert 303 == answer.status


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/bots",
        "/bots/pizza",
        "/bots/pizza?range=7",
        "/bots/nobody-knows",
        "/people",
        "/account",
    ],
)
async def test_strangers_sign_in_first(site: Site, path: str) -> None:
    """Every page sends who has not signed in to the form, which knows where to go afterwards."""
    answer, _ = await get(site, path)
    assert 303 == answer.status
    _, form = await get(site, answer.headers["Location"])
    assert f'name="next" value="{path}"' in form


async def test_signing_in_leads_back(site: Site) -> None:
    """The form goes on to the page that was asked for."""
    answer, _ = await post(site, "/login", email=EMAIL, password=PASSWORD, next="/bots/pizza?range=7")
    assert "/bots/pizza?range=7" == answer.headers["Location"]
    answer, page = await get(site, "/bots/pizza")
    assert (200, True) == (answer.status, 'data-bot="pizza"' in page)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/bots/pizza?range=7", "/bots/pizza?range=7", id="one of our pages"),
        pytest.param("https://evil.example", "/", id="another site"),
        pytest.param("//evil.example", "/", id="another site without a scheme"),
        pytest.param("/\\evil.example", "/", id="what browsers read as another site"),
        pytest.param("/a\r\nSet-Cookie: a=b", "/", id="a header of its own"),
        pytest.param(None, "/", id="nothing"),
        pytest.param("", "/", id="empty"),
    ],
)
def test_signing_in_leads_nowhere_else(path: object, expected: str) -> None:
    """Only addresses of our own are followed."""
    assert expected == onward(path)


async def test_a_wrong_password_is_said_at_the_form(site: Site) -> None:
    """The form comes back with the reason, the address typed and the page asked for, without the password."""
    answer, page = await post(site, "/login", email=EMAIL, password="wrong one", next="/bots/plain")
    assert 401 == answer.status
    assert "E-mail or password is wrong." in page
    assert f'value="{EMAIL}"' in page
    assert 'value="/bots/plain"' in page
    assert "wrong one" not in page


async def test_too_many_tries_are_said_at_the_form(site: Site) -> None:
    """The form says how long to wait, and so does the header."""
    for _ in range(5):
        await post(site, "/login", email=EMAIL, password="wrong")
    answer, page = await post(site, "/login", email=EMAIL, password=PASSWORD)
    assert (429, True) == (answer.status, "Too many tries" in page)
    assert int(answer.headers["Retry-After"]) > 0


async def test_json_signs_in_as_before(site: Site) -> None:
    """A program that sends JSON is answered in JSON."""
    async with site.client.post(site.url + "/login", json={"email": EMAIL, "password": "no"}) as answer:
        assert (401, "wrong_login") == (answer.status, (await answer.json())["error"]["code"])


async def test_signing_out_ends_the_session(site: Site) -> None:
    """The button leads to the form, and pages are closed again."""
    await sign_in(site)
    answer, _ = await post(site, "/logout", anything="")
    assert (303, "/login") == (answer.status, answer.headers["Location"])
    answer, _ = await get(site, "/bots/pizza")
    assert 303 == answer.status


async def test_who_has_signed_in_needs_no_form(site: Site) -> None:
    """The form leads on at once."""
    await sign_in(site)
    answer, _ = await get(site, "/login?next=/bots/plain")
    assert (303, "/bots/plain") == (answer.status, answer.headers["Location"])


@pytest.mark.parametrize("path", ["/bots/nobody-knows", "/no/such/page"])
async def test_what_is_not_there_is_a_page(site: Site, path: str) -> None:
    """A person gets 404 as a page that names the request and leads on."""
    await sign_in(site)
    answer, page = await get(site, path)
    assert (404, "text/html") == (answer.status, answer.content_type)
    assert "Request " in page
    assert 'href="/bots"' in page


async def test_another_bots_key_sees_none(site: Site) -> None:
    """With a key of one bot, another bot's page is not there."""
    answer, _ = await get(site, "/bots/plain", Authorization=f"Bearer {READ_KEY}")
    assert 404 == answer.status


@pytest.mark.parametrize("path", ["/data/v1/bots", "/data/v1/nothing"])
async def test_the_api_stays_json(site: Site, path: str) -> None:
    """Under /data a browser is refused in JSON like everybody."""
    answer, body = await get(site, path)
    assert ("application/json", True) == (answer.content_type, body.startswith('{"error"'))


async def test_programs_get_json(site: Site) -> None:
    """Who does not ask for HTML gets the one JSON shape."""
    async with site.client.get(site.url + "/no/such/page") as answer:
        assert "not_found" == (await answer.json())["error"]["code"]


async def test_the_only_bot_is_where_one_starts(site: Site) -> None:
    """With one bot to read, / leads to it; the list is at /bots."""
    answer, _ = await get(site, "/", Authorization=f"Bearer {READ_KEY}")
    assert (303, "/bots/pizza") == (answer.status, answer.headers["Location"])
    _, page = await get(site, "/bots", Authorization=f"Bearer {READ_KEY}")
    assert 'data-bot="pizza"' in page


async def test_bots_in_use_come_first(site: Site) -> None:
    """The list shows every bot, archived ones at its end and named so."""
    await sign_in(site)
    _, page = await get(site, "/")
    places = [page.index(f'data-bot="{name}"') for name in ("pizza", "plain", "old")]
    assert sorted(places) == places
    assert 1 == page.count("· archived")


@pytest.mark.parametrize(
    "path",
    [
        "/login",
        "/bots",
        "/bots/pizza",
        "/no/such/page",
        "/people",
        "/account",
        "/reset",
        "/set-password?link=x",
    ],
)
async def test_pages_let_nothing_foreign_in(site: Site, path: str) -> None:
    """Headers forbid foreign and inline scripts, framing, sniffing and keeping; the page has nothing inline."""
    await sign_in(site)
    if path == "/login":
        await post(site, "/logout", anything="")
    answer, page = await get(site, path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert ("nosniff", "no-store") == (
        answer.headers["X-Content-Type-Options"],
        answer.headers["Cache-Control"],
    )
    assert "style=" not in page
    assert "<script>" not in page
    assert "http-equiv" not in page
    assert page.count("<script") == page.count('src="/static/')


async def test_names_stay_text(site: Site) -> None:
    """A bot's name is never read as HTML."""
    await tell(site.registry, Bot("odd", "<script>alert(1)</script>", "generic", NOW_MS))
    await sign_in(site)
    for path in ("/", "/bots/odd"):
        _, page = await get(site, path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


async def test_files_are_kept_under_their_mark(site: Site) -> None:
    """With the current mark a file may be kept for a year; with an old one it is served, but not to be kept."""
    assets = site.app[ASSETS]
    answer, _ = await get(site, assets.url("app.css"))
    assert (200, "text/css") == (answer.status, answer.content_type)
    assert "immutable" in answer.headers["Cache-Control"]
    answer, _ = await get(site, "/static/0123456789abcdef/app.css")
    assert (200, "no-store") == (answer.status, answer.headers["Cache-Control"])


@pytest.mark.parametrize("name", ["../auth.py", "..%2fauth.py", "vendor/uplot/LICENSE", "nothing.js", "js"])
async def test_only_files_for_pages_are_served(site: Site, name: str) -> None:
    """What is no page's file is not there."""
    answer, _ = await get(site, f"/static/{site.app[ASSETS].version}/{name}")
    assert 404 == answer.status


async def test_unpacked_files_for_who_asks(site: Site) -> None:
    """Without gzip in Accept-Encoding a file comes as it is."""
    url = site.app[ASSETS].url("js/bot.js")
    packed, text = await get(site, url)
    plain, same = await get(site, url, **{"Accept-Encoding": "identity"})
    assert ("gzip", None) == (
        packed.headers["Content-Encoding"],
        plain.headers.get("Content-Encoding"),
    )
    assert text == same


async def test_every_number_is_explained(site: Site) -> None:
    """Each explanation is on the page, and each question mark has its explanation."""
    await sign_in(site)
    _, page = await get(site, "/bots/pizza")
    asked = {part.split('"')[0] for part in page.split('popovertarget="')[1:]}
    there: Any = {part.split('"')[0] for part in page.split('id="') if part.startswith("about-")}
    assert asked == there
    assert {f"about-{name}" for name in ABOUT if name not in ("growth", "active_users")} <= asked


async def test_defects_are_pages_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect shows a page with the number under which the log has it."""
    await sign_in(site)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.web.pages.bots._base", broken)
    answer, page = await get(site, "/bots")
    assert (500, "text/html") == (answer.status, answer.content_type)
    assert "defect of botpulse" in page
