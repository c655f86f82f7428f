"""What every book of links promises; run on each by `test_memory` and `test_kafka`."""

from __future__ import annotations

from app.ports import Links
from tests.broker import unique

__all__ = ["LinksContract"]


class LinksContract:
    """The promises. A subclass has the fixture `links`."""

    async def test_what_was_learnt_is_found_at_once(self, links: Links) -> None:
        """Those of the asked names that are known come back."""
        bot = unique("bot")
        links.learn(bot, {"channel:c1": "ada", "channel:c|2": "zoë"})

        assert {"channel:c1": "ada", "channel:c|2": "zoë"} == links.find(
            bot, ["channel:c1", "channel:c|2", "no"]
        )

    async def test_the_last_value_holds(self, links: Links) -> None:
        """A name that is told again means the new value, however often it changes."""
        bot = unique("bot")
        for value in ("ada", "bob", "ada", "cid"):
            links.learn(bot, {"channel:c1": value})

        assert {"channel:c1": "cid"} == links.find(bot, ["channel:c1"])

    async def test_bots_do_not_know_each_other(self, links: Links) -> None:
        """What one bot's messages told is nothing to another's."""
        bot, other = unique("bot"), unique("bot")
        links.learn(bot, {"channel:c1": "ada"})

        assert {} == links.find(other, ["channel:c1"])
