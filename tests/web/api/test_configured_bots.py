"""Bots, keys and webhooks over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.core.api_keys import hash_of
from app.core.registry import Instance, KeyUse
from app.ports import Unavailable
from app.web.api.states import LIVE
from app.web.parts import PARTS
from tests.web.api.calls import Api, calling
from tests.web.site import ADMIN_KEY, INGEST_KEY, NOW_MS, READ_KEY, tell


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """An API with the bots every site has."""
    async with calling() as api:
        yield api


async def test_a_bot_is_made_with_its_keys(api: Api) -> None:
    """The keys of the answer work at once, and only their hashes are kept."""
    wanted = {"name": "Pasta Bot", "platform": "slack", "more_platforms": ["kik"], "time_zone": "Europe/Rome", "week_start": "sunday", "session_gap_s": 1800, "confidence_threshold": 0.4, "why": "try"}  # fmt: skip
    made = await api.good("POST", "bots", wanted)
    shown = await api.get(f"bots/{made['bot']}", made["read_key"])
    sent, _ = await api.site.post("/v1/events", b'{"user": "ada"}', made["ingest_key"])

    del wanted["why"]
    assert wanted == {name: shown[name] for name in wanted}
    assert 200 == sent
    state = api.site.registry.state
    assert made["read_key"] not in str(state)
    assert "read" == state.key_by_hash[hash_of(made["read_key"])].scope


BAD_BOTS: list[tuple[str, str, Any]] = [
    ("missing_field", "name", {}),
    ("unknown_field", "nmae", {"name": "x", "nmae": "y"}),
    ("bad_value", "name", {"name": 7}),
    ("bad_value", "week_start", {"name": "x", "week_start": "friday"}),
    ("bad_value", "session_gap_s", {"name": "x", "session_gap_s": 0}),
    ("bad_value", "more_platforms", {"name": "x", "more_platforms": "slack"}),
    ("bad_zone", "time_zone", {"name": "x", "time_zone": "Mars/Base"}),
    ("bad_platform", "platform", {"name": "x", "platform": "No!"}),
    ("bad_platform", "more_platforms", {"name": "x", "platform": "slack", "more_platforms": ["slack"]}),
    ("bad_threshold", "confidence_threshold", {"name": "x", "confidence_threshold": 2}),
    ("bad_name", "name", {"name": " "}),
    ("bad_id", "id", {"name": "x", "id": "Not An Id"}),
    ("id_taken", "id", {"name": "x", "id": "pizza"}),
    ("too_long", "why", {"name": "x", "why": "y" * 501}),
]


@pytest.mark.parametrize(("code", "field", "body"), BAD_BOTS, ids=[f"{one[0]} {one[1]}" for one in BAD_BOTS])
async def test_a_bad_bot_is_refused_with_the_field(api: Api, code: str, field: str, body: Any) -> None:
    """Nothing of it is made."""
    status, *said = await api.refused("POST", "bots", body)

    assert [code, field] == said
    assert status == (409 if code.endswith("_taken") else 400)
    assert {"pizza", "plain", "old"} == set(api.site.registry.state.bots)


@pytest.mark.parametrize(
    "body", ["", "[]", "{", "null", '"x"', "[" * 5000, "\ud800".encode("utf-8", "surrogatepass")]
)
async def test_no_body_of_ours(api: Api, body: Any) -> None:
    """Anything else is a refusal, never a defect."""
    status, answer = await api.site.post("/data/v1/bots", body, ADMIN_KEY)

    assert 400 == status
    assert answer["error"]["code"] in ("not_json", "bad_value")


async def test_change_archive_restore(api: Api) -> None:
    """What is named changes, the rest stays; an archived bot takes no events."""
    changed = await api.good("PATCH", "bots/pizza", {"name": "Pasta", "confidence_threshold": 0.5})
    archived = await api.good("POST", "bots/pizza/archive?why=closed")
    refused, _ = await api.site.post("/v1/events", b'{"user": "ada"}')
    again = await api.refused("POST", "bots/pizza/archive")
    restored = await api.good("POST", "bots/pizza/restore")
    sent, _ = await api.site.post("/v1/events", b'{"user": "ada"}')

    assert ("Pasta", 0.5, "facebook") == (
        changed["name"],
        changed["confidence_threshold"],
        changed["platform"],
    )
    assert (True, 403, 409) == (archived["archived_at"] is not None, refused, again[0])
    assert (None, 200) == (restored["archived_at"], sent)


async def test_history_tells_who_and_why(api: Api) -> None:
    """The newest first: who, when, why, and what was another before."""
    await api.good("PATCH", "bots/pizza", {"name": "Pasta", "why": "new cook"})
    newest, oldest = (await api.get("bots/pizza/history"))["history"]

    assert ("key:k3", "new cook", "bot_changed", 2) == tuple(
        newest[name] for name in ("who", "why", "what", "revision")
    )
    assert {"name": ["Pizza", "Pasta"]} == newest["changed"]
    assert [None, "Pizza"] == oldest["changed"]["name"]


async def test_installs_are_shown_without_their_tokens(api: Api) -> None:
    """Where a bot is, and no hash."""
    await tell(
        api.site.registry,
        Instance("7", "pizza", "slack", "c" * 64, NOW_MS, NOW_MS, "enabled", "U1", {"team": "T"}, "sealed"),
    )
    [shown] = (await api.get("bots/pizza/instances"))["instances"]

    assert ("7", "slack", "enabled", {"team": "T"}) == tuple(
        shown[name] for name in ("id", "platform", "state", "attributes")
    )
    assert not {"token_sha256", "sealed"} & set(shown)


async def test_a_key_is_made_rotated_and_revoked(api: Api) -> None:
    """The text is told once; the old one goes on for the grace that was asked for; a revoked one opens nothing."""
    made = await api.good(
        "POST", "bots/pizza/keys", {"scope": "read", "name": "grafana", "expires_at": "2030-01-01T00:00:00Z"}
    )
    rotated = await api.good("POST", f"bots/pizza/keys/{made['id']}/rotate", {"grace_s": 60})
    both = [(await api.call("GET", "bots", key=one["key"]))[0] for one in (made, rotated)]
    await api.good("DELETE", f"bots/pizza/keys/{made['id']}?why=leaked")
    after = [(await api.call("GET", "bots", key=one["key"]))[0] for one in (made, rotated)]
    listed = (await api.get("bots/pizza/keys"))["keys"]

    assert ([200, 200], [401, 200]) == (both, after)
    assert ("grafana", "2030-01-01T00:00:00.000Z") == (rotated["name"], rotated["expires_at"])
    assert "leaked" == (await api.site.registry.past("key", made["id"]))[-1].why
    assert made["key"] not in str(listed)
    assert {made["id"], rotated["id"], "k1", "k2", "k5"} == {one["id"] for one in listed}


async def test_an_expired_key_opens_nothing() -> None:
    """From its very instant on."""
    now = [NOW_MS]
    async with calling(clock=lambda: now[0]) as api:
        made = await api.good(
            "POST", "bots/pizza/keys", {"scope": "read", "expires_at": "2023-11-14T22:13:21Z"}
        )
        before, _ = await api.call("GET", "bots", key=made["key"])
        now[0] += 1000
        after, _ = await api.call("GET", "bots", key=made["key"])

    assert (200, 401) == (before, after)


BAD_KEYS: list[tuple[str, str, Any]] = [
    ("missing_field", "scope", {}),
    ("bad_value", "scope", {"scope": "everything"}),
    ("unknown_field", "bot", {"scope": "read", "bot": "plain"}),
    ("needs_channel", "channel", {"scope": "botanalytics-v2"}),
    ("no_channel", "channel", {"scope": "read", "channel": "rasa"}),
    ("bad_expiry", "expires_at", {"scope": "read", "expires_at": "2001-01-01T00:00:00Z"}),
    ("bad_expiry", "expires_at", {"scope": "read", "expires_at": "2030-01-01T00:00:00"}),
    ("bad_expiry", "expires_at", {"scope": "read", "expires_at": "9999-12-31T23:59:59-12:00"}),
    ("bad_name", "name", {"scope": "read", "name": "x" * 201}),
]


@pytest.mark.parametrize(("code", "field", "body"), BAD_KEYS, ids=[f"{one[0]} {one[1]}" for one in BAD_KEYS])
async def test_a_bad_key_is_refused_with_the_field(api: Api, code: str, field: str, body: Any) -> None:
    """Nothing of it is made."""
    assert (400, code, field) == await api.refused("POST", "bots/pizza/keys", body)


async def test_a_key_of_another_bot_is_none_of_this_one(api: Api) -> None:
    """Neither to rotate nor to revoke, even for an administrator by this address."""
    rotating = await api.refused("POST", "bots/plain/keys/k1/rotate", {})
    revoking = await api.refused("DELETE", "bots/plain/keys/k1")

    assert [(404, "unknown_key", "key")] * 2 == [rotating, revoking]


async def test_keys_of_all_bots(api: Api) -> None:
    """An administrator sees every key and makes some that are for all bots."""
    made = await api.good("POST", "keys", {"scope": "read", "name": "everywhere"})
    listed = (await api.get("keys"))["keys"]
    seen = await api.get("bots", made["key"])
    refused = await api.refused("POST", "keys", {"scope": "ingest"})

    assert (None, 3) == (made["bot"], len(seen["bots"]))
    assert {"k1", "k3", "k6", made["id"]} <= {one["id"] for one in listed}
    assert (400, "needs_bot", "bot") == refused


async def test_a_channel_key(api: Api) -> None:
    """A key for Botanalytics v2 says its channel."""
    made = await api.good("POST", "bots/pizza/keys", {"scope": "botanalytics-v2", "channel": "rasa"})

    assert ("rasa", 3) == (made["channel"], len(made["key"].split(".")))


async def test_last_use_is_shown(api: Api) -> None:
    """As it was noted."""
    await tell(api.site.registry, KeyUse("k2", NOW_MS))
    used = {one["id"]: one["last_used_at"] for one in (await api.get("bots/pizza/keys"))["keys"]}

    assert {"k1": None, "k2": "2023-11-14T22:13:20.000Z", "k5": None} == used


async def test_a_webhook_secret_goes_in_and_not_out(api: Api) -> None:
    """It is sealed, listed without what it says, and gone when it is revoked."""
    made = await api.good(
        "POST", "bots/pizza/hooks", {"platform": "facebook-messenger", "secret": " m4rk3r\n"}
    )
    kept = api.site.registry.state.hook_secrets[made["id"]]
    listed = await api.get("bots/pizza/hooks")
    revoked = await api.good("DELETE", f"bots/pizza/hooks/{made['id']}")

    assert f"{api.site.url}/hooks/facebook/pizza" == made["url"]
    assert "m4rk3r" == api.site.app[PARTS].seal.unseal(kept.sealed)
    assert "m4rk3r" not in str(api.site.registry.records)
    assert [made] == listed["hooks"]
    assert revoked["revoked_at"] is not None
    assert "" == api.site.registry.state.hook_secrets[made["id"]].sealed


async def test_a_platform_that_signs_nothing_has_its_key_in_the_address(api: Api) -> None:
    """So there is nothing to keep."""
    shown = await api.good("POST", "bots/pizza/hooks", {"platform": "rasa"})

    assert (None, f"{api.site.url}/hooks/rasa/pizza/INGEST_KEY") == (shown["id"], shown["url"])
    assert (400, "no_secret", "secret") == await api.refused(
        "POST", "bots/pizza/hooks", {"platform": "rasa", "secret": "x"}
    )


@pytest.mark.parametrize(
    ("code", "field", "body"),
    [
        pytest.param("no_hook", "platform", {"platform": "telex", "secret": "x"}, id="platform"),
        pytest.param("bad_secret", "secret", {"platform": "slack"}, id="no secret"),
        pytest.param("bad_secret", "secret", {"platform": "slack", "secret": "a\nb"}, id="two lines"),
        pytest.param("bad_secret", "secret", {"platform": "slack", "secret": "x" * 4097}, id="long"),
    ],
)
async def test_a_bad_webhook_is_refused_with_the_field(api: Api, code: str, field: str, body: Any) -> None:
    """Nothing of it is kept."""
    assert (400, code, field) == await api.refused("POST", "bots/pizza/hooks", body)


async def test_the_registry_tells_of_itself(api: Api) -> None:
    """How much there is, and what its log holds in vain."""
    api.site.registry._put((b"change:x", b"{}"))
    shown = await api.get("registry")

    assert (3, 6, 1) == (shown["subjects"]["bots"], shown["subjects"]["keys"], shown["skipped"])
    assert ["change:x"] == [one["record"] for one in shown["lost"]]


async def test_unknown_parameters_are_refused(api: Api) -> None:
    """Wherever there are none."""
    for path in (
        "bots",
        "bots/pizza",
        "bots/pizza/keys",
        "keys",
        "bots/pizza/hooks",
        "registry",
        "bots/pizza/history",
    ):
        status, code, _ = await api.refused("GET", f"{path}?nonsense=1")
        assert (400, "unknown_parameter") == (status, code), path


async def test_keys_of_reading_and_sending_configure_nothing(api: Api) -> None:
    """Whoever holds them changes nothing."""
    for key, status in ((READ_KEY, 403), (INGEST_KEY, 401)):
        assert status == (await api.refused("PATCH", "bots/pizza", {"name": "x"}, key))[0]


async def test_a_stream_ends_with_its_key(api: Api) -> None:
    """Whoever may read no more is sent nothing more, also on what was opened before."""
    made = await api.good("POST", "bots/pizza/keys", {"scope": "read"})
    live = api.site.app[LIVE]
    async with api.site.client.get(
        f"{api.site.url}/data/v1/bots/pizza/live", headers={"Authorization": f"Bearer {made['key']}"}
    ) as stream:
        await stream.content.readuntil(b"\n\n")
        await api.good("DELETE", f"bots/pizza/keys/{made['id']}")
        for watcher in live.watchers:
            watcher.woken.set()
        async with asyncio.timeout(10):
            rest = await stream.content.read()

    assert b"" == rest
    assert [] == list(live.watchers)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "bots", {"name": "New"}),
        ("PATCH", "bots/pizza", {"name": "Other"}),
        ("POST", "bots/pizza/keys", {"scope": "read"}),
        ("DELETE", "bots/pizza/keys/k2", None),
        ("POST", "bots/pizza/dashboards", {"name": "x", "text": "direction = in"}),
        (
            "POST",
            "bots/pizza/alerts",
            {"name": "x", "measure": "events", "condition": {"op": "above", "threshold": 1}},
        ),
        ("GET", "bots/pizza/history", None),
    ],
)
async def test_while_the_broker_is_away(
    api: Api, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Any
) -> None:
    """Reading goes on, what would be written or asked of the log is 503 with Retry-After, and nothing is changed."""

    async def away(*_asked: Any) -> Any:
        raise Unavailable("The broker is away.", retry_after_s=2)

    monkeypatch.setattr(api.site.registry, "change", away)
    monkeypatch.setattr(api.site.registry, "past", away)
    before = api.site.registry.state
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with api.site.client.request(
        method, f"{api.site.url}/data/v1/{path}", json=body, headers=headers
    ) as answer:
        said = await answer.json()

    assert (503, "2", "unavailable") == (answer.status, answer.headers["Retry-After"], said["error"]["code"])
    assert before.bots == api.site.registry.state.bots
    assert await api.get("bots/pizza")


async def test_the_history_of_a_key(api: Api) -> None:
    """At the bot's address and at that of all keys: who, why, and no hash; a key of another bot looks like none."""
    made = await api.good("POST", "bots/pizza/keys", {"scope": "read", "why": "for grafana"})
    await api.good("DELETE", f"bots/pizza/keys/{made['id']}?why=leaked")
    found = await api.get(f"bots/pizza/keys/{made['id']}/history")

    assert [("key_revoked", "leaked"), ("key_created", "for grafana")] == [
        (one["what"], one["why"]) for one in found["history"]
    ]
    assert found == await api.get(f"keys/{made['id']}/history")
    assert hash_of(made["key"]) not in str(found)
    assert (404, "unknown_key", "key") == await api.refused("GET", f"bots/plain/keys/{made['id']}/history")


async def test_the_history_of_a_secret(api: Api) -> None:
    """When it was added and revoked, and why; not what it says, sealed or not."""
    made = await api.good("POST", "bots/pizza/hooks", {"platform": "slack", "secret": "s3cr3t"})
    [kept] = api.site.registry.state.hook_secrets.values()
    await api.good("DELETE", f"bots/pizza/hooks/{made['id']}?why=leaked")
    found = await api.get(f"bots/pizza/hooks/{made['id']}/history")

    assert [("hook_secret_revoked", "leaked"), ("hook_secret_added", "")] == [
        (one["what"], one["why"]) for one in found["history"]
    ]
    assert not [word for word in ("s3cr3t", kept.sealed) if word in str(found)]
    assert (404, "unknown_secret", "hook") == await api.refused("GET", "bots/pizza/hooks/none/history")


async def test_the_history_of_an_install(api: Api) -> None:
    """Without its token's hash; one that is not there, or is another bot's, is none."""
    await tell(api.site.registry, Instance("i1", "pizza", "kik", "5" * 64, NOW_MS, NOW_MS))
    found = await api.get("bots/pizza/instances/i1/history", READ_KEY)

    assert [1] == [one["revision"] for one in found["history"]]
    assert "5" * 64 not in str(found)
    assert (404, "unknown_instance", "instance") == await api.refused(
        "GET", "bots/plain/instances/i1/history"
    )
