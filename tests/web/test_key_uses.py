"""When a key was last used: noted now and then, by reading and by sending, and no request waits for it or fails by it."""

from __future__ import annotations

import asyncio
from typing import Any

from app.adapters.memory import MemoryRegistry
from app.core.registry import Bot, Key, KeyUse, Note
from app.ports import Unavailable
from app.web.key_uses import EVERY_MS, KEY_USES, KeyUses
from tests.facts import tell
from tests.waiting import eventually
from tests.web.site import ADMIN_KEY, NOW_MS, READ_KEY, running


class Slow(MemoryRegistry):
    """A registry whose broker is away, until it is there again."""

    is_away = True
    tries = 0

    async def note(self, note: Note) -> None:
        """Refuse, or keep it."""
        self.tries += 1
        if self.is_away:
            raise Unavailable("The broker is away.")
        await super().note(note)


async def test_reading_and_sending_are_noted() -> None:
    """Each key with the time of its use; one that opens nothing is not used."""
    async with running() as site:
        await site.post("/v1/events", b'{"user": "ada"}')
        for key in (READ_KEY, ADMIN_KEY, "bpreadNOSUCHKEY"):
            async with site.client.get(
                f"{site.url}/data/v1/bots", headers={"Authorization": f"Bearer {key}"}
            ):
                pass
        await eventually(lambda: len(site.registry.state.key_uses) == 3)

        assert {"k1", "k2", "k3"} == set(site.registry.state.key_uses)
        assert {NOW_MS} == {use.at for use in site.registry.state.key_uses.values()}


async def test_reading_at_botmetrics_address_is_noted() -> None:
    """A read key sent to `load_async.json` is used, whatever comes of it."""
    async with running() as site:
        address = f"{site.url}/bots/pizza/dashboards/none/load_async.json"
        async with site.client.get(address, headers={"Authorization": f"Bearer {READ_KEY}"}) as answer:
            assert 404 == answer.status
        await eventually(lambda: bool(site.registry.state.key_uses))

        assert [NOW_MS] == [use.at for use in site.registry.state.key_uses.values()]


async def test_a_busy_key_is_noted_now_and_then() -> None:
    """A thousand uses within some minutes are one note, the next one later another."""
    registry = await known()
    uses = KeyUses(registry)
    async with asyncio.timeout(10):
        task = asyncio.create_task(uses.run())
        for second in range(200):
            uses.touch("k1", NOW_MS + second * 1000)
        await eventually(lambda: "k1" in registry.state.key_uses)
        uses.touch("k1", NOW_MS + EVERY_MS)
        await eventually(lambda: registry.state.key_uses["k1"].at == NOW_MS + EVERY_MS)
        task.cancel()

    assert 2 == len([key for key, _ in registry.records if key.startswith(b"key_use:")])


async def test_another_process_may_have_noted_it() -> None:
    """Then it is left at that."""
    registry = await known()
    await registry.note(KeyUse("k1", NOW_MS - 1000))
    uses = KeyUses(registry)
    uses.touch("k1", NOW_MS)
    await uses.write()

    assert NOW_MS - 1000 == registry.state.key_uses["k1"].at


async def test_a_broker_that_is_away_fails_no_request() -> None:
    """What could not be written is written after the next use."""
    registry = await known(Slow())
    assert isinstance(registry, Slow)
    uses = KeyUses(registry)
    uses.touch("k1", NOW_MS)
    await uses.write()
    registry.is_away = False
    uses.touch("k1", NOW_MS + 1)
    await uses.write()

    assert (2, NOW_MS + 1) == (registry.tries, registry.state.key_uses["k1"].at)


async def test_the_process_notes_what_it_is_told() -> None:
    """The application has one for all of its areas."""
    async with running() as site:
        site.app[KEY_USES].touch("k5", NOW_MS)
        await eventually(lambda: "k5" in site.registry.state.key_uses)


async def known(registry: Any = None) -> MemoryRegistry:
    """Return a registry with a key."""
    found: MemoryRegistry = registry or MemoryRegistry()
    await tell(found, Bot("pizza", "Pizza", "generic", NOW_MS), Key("k1", "read", "a" * 64, NOW_MS, "pizza"))
    return found
