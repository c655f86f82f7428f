"""`/bots/<bot>/...` and `/to/<slug>`: what Botmetrics' SDKs call is answered as they expect."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import pytest_asyncio

from app.core.api_keys import hash_of
from app.core.commands.instances import change_instance
from app.core.normalise import normalise
from app.core.registry import Bot
from app.core.short_links import MOST_SHORT_LINKS
from tests.web.site import INGEST_KEY, NOW_MS, READ_KEY, Site, key, running, tell

PAGE = {
    "object": "page",
    "entry": [{"id": "P", "time": NOW_MS, "messaging": [{"sender": {"id": "U"}, "recipient": {"id": "P"}, "timestamp": NOW_MS, "message": {"mid": "m", "seq": 1, "text": "hi"}}]}],
}  # fmt: skip
KIK_KEY = "bpingestKIK"
KIK = {
    "id": "k1",
    "type": "text",
    "from": "ada",
    "participants": ["ada"],
    "chatId": "c",
    "body": "hi",
    "timestamp": NOW_MS,
}


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """A server with everything in memory: bot `pizza` of Messenger, bot `kiki` of Kik."""
    async with running(public_url="https://bots.example.org/") as one:
        await tell(one.registry, Bot("kiki", "Kiki", "kik", NOW_MS))
        await tell(one.registry, key("k9", "ingest", KIK_KEY, "kiki"))
        yield one


async def call(
    site: Site,
    path: str,
    body: Any = None,
    method: str = "POST",
    authorization: str = INGEST_KEY,
    **more: Any,
) -> tuple[int, Any]:
    """Call *path* with a JSON body, or with the arguments of aiohttp given in *more*."""
    more = {"json": body} | more if body is not None else more
    headers = {"Authorization": authorization} if authorization else {}
    async with site.client.request(
        method, site.url + path, headers=headers, allow_redirects=False, **more
    ) as answer:
        return answer.status, await answer.json() if answer.status != 302 else answer.headers["Location"]


@pytest.mark.parametrize("path", ["/bots/pizza/events", "/bots/pizza/events/"])
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"json": {"event": json.dumps(PAGE), "format": "json"}}, id="JSON, as Node"),
        pytest.param({"data": {"event": json.dumps(PAGE), "format": "json"}}, id="form, as Go"),
        pytest.param({"params": {"event": json.dumps(PAGE), "format": "json"}}, id="query, as Ruby"),
        pytest.param({"json": {"event": PAGE}}, id="an object instead of its text"),
    ],
)
async def test_events(site: Site, path: str, sent: dict[str, Any]) -> None:
    """An event in any of the encodings is the platform's body, and the answer 202."""
    status, _ = await call(site, path, **sent)

    assert 202 == status
    [delivery] = site.log.deliveries
    assert ("pizza", "botmetrics", "facebook", "event") == (
        delivery.bot,
        delivery.way,
        delivery.platform,
        delivery.type,
    )
    [event] = events(site)
    assert ("U", "hi", "m", NOW_MS, "message") == (
        event.user_id,
        event.text,
        event.message_id,
        event.at,
        event.attributes["botmetrics_type"],
    )


@pytest.mark.parametrize(
    "authorization", [INGEST_KEY, f"Bearer {INGEST_KEY}", f"any {INGEST_KEY}", quote(INGEST_KEY)]
)
async def test_authorization(site: Site, authorization: str) -> None:
    """The key comes bare, or behind any word."""
    assert (
        202
        == (await call(site, "/bots/pizza/events", {"event": json.dumps(PAGE)}, authorization=authorization))[
            0
        ]
    )


async def test_key_as_parameter(site: Site) -> None:
    """A client that cannot set headers puts the key into the query."""
    path = f"/bots/pizza/events?api_key={INGEST_KEY}"
    status, _ = await call(site, path, {"event": json.dumps(PAGE)}, authorization="")

    assert 202 == status
    assert INGEST_KEY.encode() not in site.log.records[0]


async def test_a_long_query(site: Site) -> None:
    """Ruby's client puts whole webhook bodies into the query, however long."""
    page = json.loads(json.dumps(PAGE))
    page["entry"][0]["messaging"] *= 60
    status, _ = await call(
        site, "/bots/pizza/events?" + urlencode({"event": json.dumps(page), "format": "json"})
    )

    assert (202, 60) == (status, len(events(site)))


async def test_kik(site: Site) -> None:
    """Kik's events are an array; each message is an item, and a bad one costs itself."""
    own = KIK | {"id": "k2", "from": "pizzabot", "body": "yo"}
    status, answer = await call(
        site, "/bots/kiki/events", {"event": json.dumps([KIK, own, 3])}, authorization=KIK_KEY
    )

    assert (202, 1) == (status, len(answer["warnings"]))
    assert [("in", "ada", "hi"), ("out", "ada", "yo")] == [
        (event.direction, event.user_id, event.text) for event in events(site)
    ]


@pytest.mark.parametrize(
    ("expected", "bot", "event"),
    [
        pytest.param("Event parameter is not valid JSON", "pizza", "{", id="no JSON"),
        pytest.param("Event parameter is not valid JSON", "pizza", "", id="empty"),
        pytest.param("Event parameter is not valid JSON", "pizza", None, id="missing"),
        pytest.param("Invalid Facebook Event Data", "pizza", '{"object": "page"}', id="no entry"),
        pytest.param("Invalid Facebook Event Data", "pizza", '{"entry": []}', id="blank entry"),
        pytest.param("Invalid Facebook Event Data", "pizza", "[]", id="an array"),
        pytest.param("Invalid Facebook Event Data", "pizza", "17", id="a number"),
        pytest.param("Invalid Kik Event Data", "kiki", '{"entry": [1]}', id="Kik without an array"),
    ],
)
async def test_wrong_events(site: Site, expected: str, bot: str, event: str | None) -> None:
    """What is wrong is said in Botmetrics' words."""
    authorization = KIK_KEY if bot == "kiki" else INGEST_KEY
    body = {"format": "json"} | ({} if event is None else {"event": event})
    status, answer = await call(site, f"/bots/{bot}/events", body, authorization=authorization)

    assert (400, expected, []) == (status, answer["error"], site.items)


@pytest.mark.parametrize(
    ("expected", "path", "authorization"),
    [
        pytest.param(401, "/bots/pizza/events", "", id="no key"),
        pytest.param(401, "/bots/pizza/events", "nobody", id="unknown key"),
        pytest.param(401, "/bots/pizza/events", READ_KEY, id="read key"),
        pytest.param(404, "/bots/plain/events", INGEST_KEY, id="another bot"),
        pytest.param(404, "/bots/nobody/events", INGEST_KEY, id="no bot"),
        pytest.param(404, "/bots/old/events", "bpingestOLD", id="archived bot"),
        pytest.param(401, "/bots/pizza/messages", "", id="messages are not for everybody"),
        pytest.param(401, "/bots/pizza/short_links", "", id="short links neither"),
        pytest.param(405, "/bots/pizza/users/U", INGEST_KEY, id="wrong method"),
    ],
)
async def test_refusals(site: Site, expected: int, path: str, authorization: str) -> None:
    """Every refusal is JSON that says what is wrong."""
    status, answer = await call(site, path, {"event": json.dumps(PAGE)}, authorization=authorization)

    assert (expected, []) == (status, site.items)
    assert answer["error"] == answer["message"] == answer["errors"][0] != ""


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"json": {"instance": {"token": "xoxb-SECRET", "created_at": 1_600_000_000}}}, id="JSON, as Node"),
        pytest.param({"params": {"instance[token]": "xoxb-SECRET", "instance[created_at]": "1600000000"}}, id="query, as Ruby"),
        pytest.param({"data": {"instance[token]": "xoxb-SECRET", "instance[created_at]": "1600000000"}}, id="form"),
    ],
)  # fmt: skip
async def test_instances(site: Site, sent: dict[str, Any]) -> None:
    """An installation is an event at its own time; asked twice it is the same one, and its token is not in the log."""
    first = await call(site, "/bots/pizza/instances", **sent)
    again = await call(site, "/bots/pizza/instances", **sent)

    assert (201, first) == (first[0], again)
    assert isinstance(first[1]["id"], int)
    assert {("bot-installed", 1_600_000_000_000)} == {
        (event.attributes["botmetrics_type"], event.at) for event in events(site)
    }
    assert 1 == len({event.event_id for event in events(site)})
    assert all(b"SECRET" not in record for record in site.log.records)


async def test_an_instance_is_kept(site: Site) -> None:
    """What is known of an installation stands in the registry, in the name of the key; of its token the hash alone."""
    told = {"token": "EAA-SECRET", "uid": "page", "created_at": 1_600_000_000}
    _, answer = await call(site, "/bots/pizza/instances", {"instance": told})
    found = site.registry.state.instances[str(answer["id"])]

    assert ("pizza", "facebook", "enabled", "page", 1_600_000_000_000, NOW_MS) == (
        found.bot,
        found.platform,
        found.state,
        found.uid,
        found.installed_at,
        found.created_at,
    )
    assert not any(b"SECRET" in (value or b"") for _, value in site.registry.records)
    assert any(b'"key:k1"' in (value or b"") for _, value in site.registry.records)


async def test_state_of_an_instance(site: Site) -> None:
    """Clients wait until an instance is enabled; here it is as soon as it is registered, until somebody disables it."""
    _, answer = await call(site, "/bots/pizza/instances", {"instance": {"token": "t"}})
    path, name = f"/bots/pizza/instances/{answer['id']}", str(answer["id"])

    assert (200, {"state": "enabled"}) == await call(site, path, method="GET")
    await site.registry.change(
        lambda state: change_instance(state, "pizza", name, {"state": "disabled"}), "test"
    )
    assert (200, {"state": "disabled"}) == await call(site, path, method="GET")
    assert 404 == (await call(site, "/bots/pizza/instances/17", method="GET"))[0]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_a_new_token(site: Site, method: str) -> None:
    """An installation takes another token under its number, and works again."""
    _, first = await call(site, "/bots/pizza/instances", {"instance": {"token": "old"}})
    path, name = f"/bots/pizza/instances/{first['id']}", str(first["id"])
    await site.registry.change(
        lambda state: change_instance(state, "pizza", name, {"state": "disabled"}), "test"
    )

    assert (200, {"id": first["id"], "state": "enabled"}) == await call(
        site, path, {"instance": {"token": "new"}}, method
    )
    assert hash_of("new") == site.registry.state.instances[name].token_sha256
    assert 400 == (await call(site, path, {"instance": {}}, method))[0]


async def test_messenger_has_one_instance(site: Site) -> None:
    """Of Messenger a bot has one installation: a second registration updates the first, and is no second install."""
    first = await call(site, "/bots/pizza/instances", {"instance": {"token": "old"}})
    second = await call(site, "/bots/pizza/instances", {"instance": {"token": "new"}})

    assert first == second
    assert [hash_of("new")] == [one.token_sha256 for one in site.registry.state.instances.values()]
    assert 1 == len({event.event_id for event in events(site)})


async def test_a_token_of_another_bot(site: Site) -> None:
    """A token belongs to one installation; the answer says so in Botmetrics' shape, and no event is written."""
    await call(site, "/bots/kiki/instances", {"instance": {"token": "t"}}, authorization=KIK_KEY)
    items = len(site.items)
    status, answer = await call(site, "/bots/pizza/instances", {"instance": {"token": "t"}})

    assert (400, items) == (status, len(site.items))
    assert "token" in answer["errors"][0]


async def test_an_instance_needs_a_token(site: Site) -> None:
    """Without a token nothing can be told apart."""
    status, answer = await call(site, "/bots/pizza/instances", {"instance": {}})

    assert 400 == status
    assert "instance[token]" in answer["errors"][0]


@pytest.mark.parametrize(
    ("expected", "sent"),
    [
        pytest.param("Europe/Rome", {"json": {"user": {"timezone": "Europe/Rome"}}}, id="an object"),
        pytest.param("Europe/Rome", {"json": {"user": '{"timezone": "Europe/Rome"}'}}, id="its text, as Node"),
        pytest.param("America/New_York", {"data": {"user[timezone]": "Eastern Time (US & Canada)"}}, id="a name of Rails"),
    ],
)  # fmt: skip
async def test_users(site: Site, expected: str, sent: dict[str, Any]) -> None:
    """The time zone of a user is kept on the user."""
    status, _ = await call(site, "/bots/pizza/users/U%2F1", method="PATCH", **sent)

    assert 202 == status
    assert [("U/1", {"timezone": expected})] == [(one.user_id, one.user_attributes) for one in events(site)]


@pytest.mark.parametrize("user", [{"timezone": "Nowhere"}, {"name": "x"}, "no json", None, 3])
async def test_users_without_a_zone(site: Site, user: Any) -> None:
    """Nothing but a known time zone is accepted."""
    status, answer = await call(site, "/bots/pizza/users/U", {"user": user}, method="PATCH")

    assert (400, "no valid timezone provided", []) == (status, answer["error"], site.items)


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        pytest.param(404, {"team_id": "T", "user": "U", "text": "hi"}, id="whole"),
        pytest.param(400, {"team_id": "T", "text": "hi"}, id="to nobody"),
        pytest.param(400, {"team_id": "T", "user": "U"}, id="nothing to say"),
        pytest.param(400, None, id="no message"),
    ],
)
async def test_messages(site: Site, expected: int, message: Any) -> None:
    """Nothing is sent from here: a whole message is refused as one for a team that is not known."""
    status, answer = await call(site, "/bots/pizza/messages", {"message": message})

    assert (expected, []) == (status, site.items)
    assert answer["error"]


async def test_a_click(site: Site) -> None:
    """A short link leads to its address, and each time somebody follows it that is an event of its user."""
    wanted = {"url": "https://example.org/a?b=1#c", "user_id": "U", "format": "json"}
    status, answer = await call(site, "/bots/pizza/short_links", wanted)
    base, _, slug = answer["url"].rpartition("/")

    assert (200, "https://bots.example.org/to") == (status, base)
    for _ in range(2):
        assert (302, "https://example.org/a?b=1#c") == await call(
            site, f"/to/{slug}", method="GET", authorization=""
        )
    assert [("U", "custom", "followed-link", "followed-link", slug)] * 2 == [
        (one.user_id, one.kind, one.event_name, one.attributes["botmetrics_type"], one.attributes["slug"])
        for one in events(site)
    ]
    assert 2 == len({event.event_id for event in events(site)})


async def test_looking_is_no_click(site: Site) -> None:
    """A HEAD request, as previews make it, is answered and not counted."""
    _, answer = await call(site, "/bots/pizza/short_links", {"url": "https://example.org", "user_id": "U"})
    async with site.client.head(
        f"{site.url}/to/{answer['url'].rpartition('/')[2]}", allow_redirects=False
    ) as head:
        assert 302 == head.status

    assert [] == site.items


async def test_the_same_link_again(site: Site) -> None:
    """The same address for the same user is the same link; for another user it is another."""
    one, again, other = [
        (await call(site, "/bots/pizza/short_links", {"url": "https://example.org", "user_id": user}))[1][
            "url"
        ]
        for user in ("U", "U", "V")
    ]

    assert one == again != other
    assert 2 == len(site.registry.state.short_links)


async def test_links_lead_on_without_a_broker(site: Site) -> None:
    """Who follows a link gets there, even if the click cannot be counted."""
    _, answer = await call(site, "/bots/pizza/short_links", {"url": "https://example.org", "user_id": "U"})
    site.log.is_open = False
    path = f"/to/{answer['url'].rpartition('/')[2]}"

    assert (302, "https://example.org") == await call(site, path, method="GET", authorization="")


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        pytest.param("url is missing", {"user_id": "U"}, id="no url"),
        pytest.param("user_id is missing", {"url": "https://example.org"}, id="no user"),
        pytest.param("url must be", {"user_id": "U", "url": "javascript:alert(1)"}, id="a script"),
        pytest.param("url must be", {"user_id": "U", "url": "//example.org"}, id="no scheme"),
        pytest.param(
            "url must be", {"user_id": "U", "url": "https://example.org/\r\nSet-Cookie: a=b"}, id="a header"
        ),
        pytest.param(
            "url must be", {"user_id": "U", "url": "https://good.example\\@evil.example"}, id="a backslash"
        ),
        pytest.param("user_id has", {"user_id": "U" * 201, "url": "https://example.org"}, id="a long user"),
    ],
)
async def test_no_link(site: Site, expected: str, body: dict[str, str]) -> None:
    """A link leads to the web or nowhere."""
    status, answer = await call(site, "/bots/pizza/short_links", body)

    assert (400, {}) == (status, site.registry.state.short_links)
    assert answer["message"].startswith(expected)


async def test_unknown_link(site: Site) -> None:
    """A slug that nobody made leads nowhere."""
    assert 404 == (await call(site, "/to/nothing", method="GET", authorization=""))[0]


async def test_links_have_an_end(site: Site) -> None:
    """There are only so many links, since every process keeps all of them."""
    site.registry.state.short_links.update(dict.fromkeys(map(str, range(MOST_SHORT_LINKS))))  # type: ignore[arg-type]
    status, answer = await call(
        site, "/bots/pizza/short_links", {"url": "https://example.org", "user_id": "U"}
    )

    assert 400 == status
    assert "short links already" in answer["message"]


@pytest.mark.parametrize(
    "body", [b"\xff=1", b"{", b"[1]", b"{" + b'"a":{' * 300], ids=["latin", "cut", "array", "deep"]
)
async def test_bodies_that_are_nothing(site: Site, body: bytes) -> None:
    """Neither JSON nor a form: 400, never 500."""
    headers = {"Authorization": INGEST_KEY, "Content-Type": "application/json"}
    async with site.client.post(f"{site.url}/bots/pizza/events", data=body, headers=headers) as answer:
        assert 400 == answer.status
        assert (await answer.json())["error"]


def events(site: Site) -> list[Any]:
    """Return the events of everything that arrived."""
    found = []
    for offset, record in enumerate(site.log.records):
        read = normalise(record, 0, offset, 1)
        assert [] == read.dead_letters
        found += [event for batch in read.batches.values() for event in batch.events]

    return found
