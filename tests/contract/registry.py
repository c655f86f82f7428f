"""What every registry promises; `test_registry_memory` and `test_registry_kafka` run it on each."""

from __future__ import annotations

from app.core.registry import Bot, Fact, State
from app.ports import Registry
from tests.broker import unique

__all__ = ["RegistryContract"]


def _fact(bot: str, name: str = "Pizza") -> Fact:
    return Fact("bot_created", 1, "test", Bot(bot, name, "generic", 1))


class RegistryContract:
    """The promises. A subclass has the fixture `registry`."""

    async def test_an_appended_fact_is_known(self, registry: Registry) -> None:
        """When append returns, the state has the fact."""
        bot = unique("bot")
        await registry.append(_fact(bot))

        assert registry.state.bots[bot].name == "Pizza"

    async def test_the_last_fact_holds(self, registry: Registry) -> None:
        """Of two facts about a bot the later one is the state."""
        bot = unique("bot")
        await registry.append(_fact(bot, "First"))
        await registry.append(_fact(bot, "Second"))

        assert registry.state.bots[bot].name == "Second"

    async def test_a_change_is_called_back(self, registry: Registry) -> None:
        """Whoever asked is given the new state, before append returns."""
        bot = unique("bot")
        states: list[State] = []
        registry.on_change(states.append)
        await registry.append(_fact(bot))

        assert any(bot in state.bots for state in states)

    async def test_states_are_not_changed_in_place(self, registry: Registry) -> None:
        """A state somebody holds stays what it was."""
        bot = unique("bot")
        before = registry.state
        await registry.append(_fact(bot))

        assert bot not in before.bots
