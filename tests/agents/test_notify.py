"""Deliveries on a real broker, to a real receiver: signed, tried again, never lost, whatever is killed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from app.adapters.seal import seal_of
from app.adapters.webhooks_out import new_secret
from app.core.registry import Channel
from tests.agents.alert_rig import AlertRig, alert_rig, much
from tests.broker import own_broker
from tests.waiting import until

pytestmark = pytest.mark.kafka

SECRET = new_secret()


class Receiver:
    """A server in a thread of its own; `status` is what it answers."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str]] = []
        self.status = 200
        self._loop = asyncio.new_event_loop()
        self._runner = self._loop.run_until_complete(self._listening())
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/hook"

    @property
    def ids(self) -> list[str]:
        """Ids of everything that came, repeats included."""
        return [name for name, _ in self.came]

    def stop(self) -> None:
        """Stop listening."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listening(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    async def _take(self, request: web.Request) -> web.Response:
        body = Webhook(SECRET).verify(await request.read(), dict(request.headers))
        self.came.append((request.headers["webhook-id"], body["type"]))
        return web.Response(status=self.status, text="noted")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who is told."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlertRig]:
    """A rig on a broker of its own; receivers are on this machine."""
    monkeypatch.setenv("BOTPULSE_WEBHOOK_NETWORKS", "127.0.0.0/8")
    folder = tmp_path_factory.mktemp("notify")
    with own_broker(folder / "kafka") as bootstrap, alert_rig(bootstrap, folder / "home") as own:
        yield own


def hooked(rig: AlertRig, receiver: Receiver) -> tuple[Channel, ...]:
    """Return the channel to the receiver, its secret sealed as the registry has it."""
    return (Channel("webhook", receiver.url, seal_of(rig.settings).seal(SECRET)),)


def states(rig: AlertRig) -> list[str]:
    """Return what became of each delivery."""
    return sorted(one.state for one in rig.deliveries().values())


def test_firing_and_resolving_are_delivered(rig: AlertRig, receiver: Receiver) -> None:
    """Both come, signed, and the answers are in the log."""
    rig.define(much(channels=hooked(rig, receiver)))
    rig.start("alert")
    rig.await_ready()
    rig.count(6)
    until(lambda: receiver.came, 60, what="the firing")
    rig.count(3)
    until(lambda: states(rig) == ["delivered", "delivered"], 60, what="both to be noted")
    answers = [
        (attempt.status, attempt.answer) for one in rig.deliveries().values() for attempt in one.attempts
    ]

    assert ["alert.firing", "alert.resolved"] == [kind for _, kind in receiver.came]
    assert [(200, "noted")] * 2 == answers


def test_a_refusal_is_tried_again_after_a_restart_too(rig: AlertRig, receiver: Receiver) -> None:
    """While the receiver refuses, tries are noted; killed and started again, it goes on, with the same id."""
    receiver.status = 503
    rig.define(much(channels=hooked(rig, receiver)))
    rig.start("alert")
    rig.await_ready()
    rig.count(6)
    until(lambda: [2] <= [one.tries for one in rig.deliveries().values()], 60, what="two tries")
    rig.kill("alert")
    receiver.status = 200
    before = len(receiver.came)
    rig.start("alert")
    until(lambda: states(rig) == ["delivered"], 60, what="the delivery")

    assert 1 == len(set(receiver.ids))
    assert len(receiver.came) > before


def test_no_delivery_is_lost_to_kills(rig: AlertRig, receiver: Receiver) -> None:
    """SIGKILL right after each event: everything that was told is delivered, under the ids that were noted."""
    rig.define(much(channels=hooked(rig, receiver)))
    rig.start("alert")
    for n in range(4):
        rig.await_ready()
        rig.count(9 if n % 2 == 0 else 0)
        until(lambda n=n: len(rig.ids()) > n, 60, 0.01, "the transition")
        rig.kill("alert")
        rig.start("alert")
    until(lambda: states(rig) == ["delivered"] * 4, 90, what="four deliveries")

    assert set(rig.deliveries()) == set(receiver.ids)


def test_what_cannot_be_sent_is_given_up_and_says_why(rig: AlertRig) -> None:
    """Without a mail server a mail is given up, and the log says what to do."""
    rig.define(much(channels=(Channel("email", "ann@example.com"),)))
    rig.start("alert")
    rig.await_ready()
    rig.count(6)
    until(lambda: states(rig) == ["given_up"], 60, what="the end of it")
    [delivery] = rig.deliveries().values()

    assert "BOTPULSE_SMTP" in delivery.attempts[-1].answer
