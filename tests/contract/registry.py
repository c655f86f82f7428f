"""What every registry promises; `test_memory` and `test_kafka` run it on each."""

from __future__ import annotations

import asyncio
from functools import partial
from hashlib import sha256

import msgspec
import pytest

from app.core.commands.bots import change_bot, create_bot
from app.core.commands.instances import add_instance
from app.core.refusal import Refusal
from app.core.registry import Bot, Fact, Import, Instance, Person, Removed, State
from app.ports import Refused, Registry
from tests.broker import unique
from tests.facts import saying

__all__ = ["RegistryContract"]


def _bot(id: str, name: str = "Pizza") -> Bot:
    return Bot(id, name, "generic", 1)


class RegistryContract:
    """The promises. A subclass has the fixture `registry`."""

    async def test_a_change_is_known(self, registry: Registry) -> None:
        """When a change returns, the state that it returns, and that of the registry, has it."""
        bot = _bot(unique("bot"))
        state = await registry.change(saying(bot), "test")

        assert (bot, bot) == (state.bots[bot.id], registry.state.bots[bot.id])

    async def test_the_last_fact_holds(self, registry: Registry) -> None:
        """Of two facts about a bot the later one is the state."""
        bot = unique("bot")
        await registry.change(saying(_bot(bot, "First")), "test")
        await registry.change(saying(_bot(bot, "Second")), "test")

        assert "Second" == registry.state.bots[bot].name

    async def test_a_refusal_changes_nothing(self, registry: Registry) -> None:
        """What a command refuses is refused with its code and field, and is no change."""
        bot = _bot(unique("bot"))
        await registry.change(saying(bot), "test")
        before = registry.state
        with pytest.raises(Refused) as refused:
            await registry.change(lambda state: create_bot(state, bot), "test")

        assert ("id_taken", "id") == (refused.value.refusal.code, refused.value.refusal.field)
        assert before is registry.state

    async def test_what_is_taken_is_refused(self, registry: Registry) -> None:
        """A command that does not look who has an e-mail is refused all the same, all of it."""
        one, other, bot = (
            Person(unique("p"), (email := f"{unique('ada')}@example.org"), "hash", 1),
            Person(unique("p"), email.upper(), "hash", 1),
            _bot(unique("bot")),
        )
        await registry.change(saying(one), "test")
        with pytest.raises(Refused) as refused:
            await registry.change(saying(bot, other), "test")

        assert "email_taken" == refused.value.refusal.code
        assert (False, False) == (bot.id in registry.state.bots, other.id in registry.state.people)

    async def test_commands_given_at_once_are_decided_one_after_the_other(self, registry: Registry) -> None:
        """Of some that each register the only install of a bot the first makes it, and the others change it."""
        bot = unique("bot")
        await registry.change(saying(_bot(bot)), "test")
        installs = [
            Instance(unique("i"), bot, "kik", sha256(f"{bot}{n}".encode()).hexdigest(), 1, 1)
            for n in range(4)
        ]
        adding = [partial(add_instance, instance=one) for one in installs]
        await asyncio.gather(*(registry.change(decide, "test") for decide in adding))
        [kept] = [one for one in registry.state.instances.values() if one.bot == bot]
        facts = await registry.past("instance", kept.id)

        assert kept.token_sha256 in {one.token_sha256 for one in installs}
        assert ["instance_added", *["instance_changed"] * 3] == [one.fact.type for one in facts]

    async def test_what_nobody_could_read_is_refused(self, registry: Registry) -> None:
        """A change that would be skipped by everybody is not made."""
        with pytest.raises(Refused) as refused:
            await registry.change(saying(_bot("NO ID")), "test")

        assert "unreadable" == refused.value.refusal.code

    async def test_nothing_to_do(self, registry: Registry) -> None:
        """A command without facts returns the state as it is."""
        assert registry.state is await registry.change(lambda _state: [], "test")

    async def test_a_note_is_known(self, registry: Registry) -> None:
        """When a note returns, the state has it; of two the later one counts."""
        bot = _bot(unique("bot"))
        await registry.change(saying(bot), "test")
        for rows in (1, 2):
            await registry.note(Import("f00d", bot.id, rows))

        assert Import("f00d", bot.id, 2) == registry.state.imports[f"{bot.id}:f00d"]

    async def test_a_change_is_called_back(self, registry: Registry) -> None:
        """Whoever asked is given the new state, before the change returns."""
        bot = unique("bot")
        states: list[State] = []
        registry.on_change(states.append)
        await registry.change(saying(_bot(bot)), "test")

        assert any(bot in state.bots for state in states)

    async def test_states_are_not_changed_in_place(self, registry: Registry) -> None:
        """A state somebody holds stays what it was."""
        bot = unique("bot")
        before = registry.state
        await registry.change(saying(_bot(bot)), "test")

        assert bot not in before.bots

    async def test_the_past(self, registry: Registry) -> None:
        """Who made which change of a subject, and why, can be asked; what was refused is not in it."""
        bot = unique("bot")
        await registry.change(saying(_bot(bot)), "person:ada", "a new shop")
        await registry.change(lambda state: change_bot(state, bot, {"name": "Pasta"}), "person:bob")
        with pytest.raises(Refused):
            await registry.change(lambda state: change_bot(state, bot, {"name": " "}), "person:cyd")
        past = await registry.past("bot", bot)

        assert [("person:ada", "a new shop", "told"), ("person:bob", "", "bot_changed")] == [
            (one.who, one.why, one.fact.type) for one in past
        ]
        assert sorted(one.when for one in past) == [one.when for one in past]

    async def test_a_deleted_bot_is_forgotten(self, registry: Registry) -> None:
        """What was said of a deleted bot may leave the log; what there is stays the same."""
        bot = unique("bot")
        await registry.change(saying(_bot(bot)), "test")
        await registry.change(saying(Removed("bot", bot, 2)), "test")
        before = msgspec.structs.replace(registry.state)

        assert await registry.forget() >= 1
        assert 0 == await registry.forget()
        assert before == msgspec.structs.replace(registry.state, read_to=before.read_to)

    async def test_a_command_is_asked_with_the_present_state(self, registry: Registry) -> None:
        """Changes one after the other all count, as each is decided by what the one before left."""
        bot = unique("bot")
        await registry.change(saying(_bot(bot, "0")), "test")

        def more(state: State) -> list[Fact] | Refusal:
            return change_bot(state, bot, {"name": str(int(state.bots[bot].name) + 1)})

        for _ in range(5):
            await registry.change(more, "test")

        assert "5" == registry.state.bots[bot].name
