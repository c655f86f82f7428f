"""Alerts over HTTP: what is watched, secrets that are told once, where they stand, what was sent, and trying it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from app.adapters.memory import MemoryMail
from app.core.alerts.deliveries import AlertDelivery, Attempt
from app.core.alerts.machine import Transition
from app.core.registry import Condition
from app.web.api.states import ALERTS
from app.web.parts import PARTS
from tests.web.api.calls import Api, calling
from tests.web.site import NOW_MS, READ_KEY

WANTED: dict[str, Any] = {
    "name": "Silence", "measure": "messages_in", "window_s": 600, "condition": {"op": "below", "threshold": 1},
    "channels": [{"kind": "email", "to": "ops@example.org"}],
}  # fmt: skip
HOOK = {"kind": "webhook", "to": "http://127.0.0.1:9/hook"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """An API of a process with a mail server, that may send webhooks to this machine."""
    async with calling(mail=MemoryMail(), webhook_networks="127.0.0.0/8") as api:
        yield api


async def made(api: Api, **body: Any) -> Any:
    """Create an alert."""
    return await api.good("POST", "bots/pizza/alerts", WANTED | body)


def unsealed(api: Api, alert: str) -> list[str]:
    """Return the secrets of an alert's webhooks."""
    channels = api.site.registry.state.alerts[alert].channels
    return [api.site.app[PARTS].seal.unseal(one.sealed) for one in channels if one.kind == "webhook"]


async def test_an_alert_is_made_and_shown(api: Api) -> None:
    """With everything that was asked for, and where it stands."""
    created = await made(api)
    shown = await api.get(f"bots/pizza/alerts/{created['id']}")
    listed = (await api.get("bots/pizza/alerts"))["alerts"]

    assert WANTED == {name: shown[name] for name in WANTED}
    assert ("ok", None, None) == (shown["phase"], shown["since"], shown["value"])
    assert [shown] == listed
    assert [] == created["secrets"]


async def test_a_secret_is_made_and_told_once(api: Api) -> None:
    """The registry holds it sealed, no answer but the first holds it at all, and it stays through other changes."""
    created = await made(api, channels=[HOOK])
    [secret] = created["secrets"]
    one = f"bots/pizza/alerts/{created['id']}"
    changed = await api.good("PATCH", one, {"channels": [HOOK, {"kind": "email", "to": "ops@example.org"}]})

    assert (HOOK["to"], [secret["secret"]]) == (secret["to"], unsealed(api, created["id"]))
    assert [] == changed["secrets"]
    assert secret["secret"] not in str(await api.get(one)) + str(api.site.registry.records) + str(
        await api.get(f"{one}/history")
    )


async def test_a_secret_may_be_given(api: Api) -> None:
    """It is kept as it is, and answered by nothing."""
    created = await made(api, channels=[HOOK | {"secret": SECRET}])

    assert [SECRET] == unsealed(api, created["id"])
    assert SECRET not in str(created)


BAD: list[tuple[str, str, Any]] = [
    ("missing_field", "condition", {"name": "x", "measure": "events"}),
    ("unknown_field", "condition.than", WANTED | {"condition": {"op": "above", "threshold": 1, "than": 2}}),
    ("unknown_field", "channels[0].url", WANTED | {"channels": [HOOK | {"url": "x"}]}),
    ("bad_value", "condition.op", WANTED | {"condition": {"op": "over", "threshold": 1}}),
    ("bad_value", "window_s", WANTED | {"window_s": "10m"}),
    ("bad_window", "window_s", WANTED | {"window_s": 30}),
    ("bad_measure", "measure", WANTED | {"measure": "dashboard:nonsense"}),
    ("bad_threshold", "condition.threshold", WANTED | {"condition": {"op": "below", "threshold": 0}}),
    ("bad_address", "channels[0].to", WANTED | {"channels": [HOOK | {"to": "file:///etc/passwd"}]}),
    ("bad_address", "channels[0].to", WANTED | {"channels": [{"kind": "email", "to": "nobody"}]}),
    ("bad_secret", "channels[0].secret", WANTED | {"channels": [HOOK | {"secret": "short"}]}),
    (
        "bad_secret",
        "channels[0].secret",
        WANTED | {"channels": [{"kind": "email", "to": "a@b.c", "secret": SECRET}]},
    ),
    ("name_taken", "name", WANTED | {"name": "SILENCE"}),
]


@pytest.mark.parametrize(("code", "field", "body"), BAD, ids=[f"{one[0]} {one[1]}" for one in BAD])
async def test_a_bad_alert_is_refused_with_the_field(api: Api, code: str, field: str, body: Any) -> None:
    """Nothing of it is made."""
    await made(api)
    _, *said = await api.refused("POST", "bots/pizza/alerts", body)

    assert [code, field] == said
    assert 1 == len((await api.get("bots/pizza/alerts"))["alerts"])


async def test_change_remove_history(api: Api) -> None:
    """What is named changes; a removed one is gone, but for its history."""
    created = await made(api)
    one = f"bots/pizza/alerts/{created['id']}"
    changed = await api.good(
        "PATCH", one, {"condition": {"op": "falls_by", "threshold": 50, "against": "week"}, "why": "too loud"}
    )
    await api.good("DELETE", f"{one}?why=done")
    gone = await api.refused("GET", one)
    history = (await api.get(f"{one}/history"))["history"]

    assert ("falls_by", "week", 600) == (
        changed["condition"]["op"],
        changed["condition"]["against"],
        changed["window_s"],
    )
    assert (404, "unknown_alert", "alert") == gone
    assert [("alert_removed", "done"), ("alert_changed", "too loud"), ("alert_created", "")] == [
        (each["what"], each["why"]) for each in history
    ]


def told(alert: str, kind: Any, at: int) -> Transition:
    """Return a transition of an alert."""
    return Transition(f"{alert}-1-{kind}", kind, alert, "pizza", 1, at, NOW_MS, "Silence", "messages_in", 600, Condition("below", 1), 0.0)  # fmt: skip


async def test_where_it_stands_and_what_was_sent(api: Api) -> None:
    """As the topics of alerts have it."""
    created = await made(api)
    one = f"bots/pizza/alerts/{created['id']}"
    past = api.site.app[ALERTS].past
    firing = told(created["id"], "firing", NOW_MS)
    past.take(firing)
    attempts = (Attempt(NOW_MS, 0, 5, "refused"), Attempt(NOW_MS + 1, 200, 7, "thanks"))
    past.take_delivery(AlertDelivery("x1", firing, "webhook", HOOK["to"], NOW_MS, "delivered", 2, attempts))
    shown = await api.get(one)
    transitions = (await api.get(f"{one}/transitions"))["transitions"]
    [delivery] = (await api.get(f"{one}/deliveries?limit=1"))["deliveries"]

    assert ("firing", "2023-11-14T22:13:20.000Z", 0) == (shown["phase"], shown["since"], shown["value"])
    assert ["firing"] == [each["type"] for each in transitions]
    assert ("x1", "firing", "delivered", 2) == tuple(
        delivery[name] for name in ("id", "type", "state", "tries")
    )
    assert [(0, "refused"), (200, "thanks")] == [
        (each["status"], each["answer"]) for each in delivery["attempts"]
    ]


async def test_every_channel_is_tried(api: Api) -> None:
    """A webhook gets a signed test, an address a mail, and what they answered is told."""
    got: list[tuple[bytes, dict[str, str]]] = []

    async def take(request: web.Request) -> web.Response:
        got.append((await request.read(), {name.lower(): value for name, value in request.headers.items()}))
        return web.Response(status=202, text="thanks")

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        hook = {"kind": "webhook", "to": f"http://127.0.0.1:{runner.addresses[0][1]}/hook", "secret": SECRET}
        created = await made(api, channels=[hook, HOOK, {"kind": "email", "to": "ops@example.org"}])
        answered = (await api.good("POST", f"bots/pizza/alerts/{created['id']}/test"))["channels"]
    finally:
        await runner.cleanup()

    # the clock of the site stands still, long ago, so the signature is compared, not its age
    [(body, headers)] = got
    assert "alert.test" in body.decode()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == signature(signed)
    assert [(True, 202, "thanks"), (False, 0), (True, 250, "")] == [
        (one["is_taken"], one["status"], one["answer"])[: 2 + one["is_taken"]] for one in answered
    ]
    mail = api.site.app[PARTS].mail
    assert isinstance(mail, MemoryMail)
    assert ["ops@example.org"] == [to for to, _, _ in mail.sent]


async def test_a_test_reaches_no_inner_network() -> None:
    """Unless the operator allows it: whoever makes an alert would see what is answered there."""
    async with calling() as api:
        created = await made(api, channels=[HOOK | {"to": f"{api.site.url}/healthz"}])
        [told] = (await api.good("POST", f"bots/pizza/alerts/{created['id']}/test"))["channels"]

    assert (False, 0) == (told["is_taken"], told["status"])
    assert "BOTPULSE_WEBHOOK_NETWORKS" in told["answer"]


async def test_tests_are_limited(api: Api) -> None:
    """Nobody uses us to knock at a door all day."""
    test = f"bots/pizza/alerts/{(await made(api))['id']}/test"
    await api.good("POST", test)
    await api.good("POST", test)

    assert (429, "too_many_tests", "") == await api.refused("POST", test)


async def test_readers_see_the_host_only(api: Api) -> None:
    """What follows in a webhook's address may be all that opens it, and answers repeat it; whoever may change it sees both."""
    created = await made(
        api, channels=[{"kind": "webhook", "to": "https://example.org:8443/s3cr3t?key=s3cr3t"}]
    )
    path = f"bots/pizza/alerts/{created['id']}"
    fired = told(created["id"], "firing", NOW_MS)
    said = Attempt(NOW_MS, 404, 7, "Cannot POST /s3cr3t")
    delivery = AlertDelivery(
        "d1", fired, "webhook", "https://example.org:8443/s3cr3t", NOW_MS, tries=1, attempts=(said,)
    )
    api.site.app[ALERTS].past.take_delivery(delivery)
    readers = [await api.get(path + below, key=READ_KEY) for below in ("", "/deliveries", "/history")]

    assert "s3cr3t" in str(await api.get(path))
    assert "Cannot POST /s3cr3t" in str(await api.get(f"{path}/deliveries"))
    assert ["https://example.org:8443/..."] == [one["to"] for one in readers[0]["channels"]]
    assert [(404, "")] == [(one["status"], one["answer"]) for one in readers[1]["deliveries"][0]["attempts"]]
    assert "s3cr3t" not in str(readers)


@pytest.mark.parametrize("to", ["a@[b", "a@b..c", "a b@example.org", "a@\u202eexample.org"])
async def test_odd_addresses_are_refused(api: Api, to: str) -> None:
    """By the rules for e-mail, not when a mail is to be sent."""
    wanted = WANTED | {"channels": [{"kind": "email", "to": to}]}

    assert (400, "bad_address", "channels[0].to") == await api.refused("POST", "bots/pizza/alerts", wanted)


def signature(signed: bytes) -> str:
    """Return what a receiver expects."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


async def test_nobody_to_tell(api: Api) -> None:
    """Is said, not passed over."""
    created = await made(api, channels=[])

    assert (400, "no_channels", "channels") == await api.refused(
        "POST", f"bots/pizza/alerts/{created['id']}/test"
    )


async def test_another_bots_alert_is_none_of_this_one(api: Api) -> None:
    """By no address."""
    mine = (await made(api))["id"]
    for method, below, body in (("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("GET", "/history", None), ("GET", "/transitions", None), ("GET", "/deliveries", None), ("POST", "/test", None)):  # fmt: skip
        assert 404 == (await api.refused(method, f"bots/plain/alerts/{mine}{below}", body))[0], below
