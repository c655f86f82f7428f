"""People at a running site: each with a browser of their own, the clock, the post, and links."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from app.adapters.memory import MemoryMail
from app.core.commands.people import person_by_email
from app.core.registry import Person
from app.web.auth.links import new_link
from app.web.auth.sessions import COOKIE, mark_of, serializer
from tests.web.site import ADMIN_KEY, NOW_MS, PASSWORD, PASSWORD_HASH, SESSION_KEY, Site, running, tell

__all__ = ["CHOSEN", "EVE", "OLGA", "VERA", "Visitor", "World", "world"]

CHOSEN = "a new one for me"
OLGA = Person("olga", "olga@example.org", PASSWORD_HASH, NOW_MS, roles={"pizza": "owner"})
VERA = Person("vera", "vera@example.org", PASSWORD_HASH, NOW_MS, roles={"pizza": "viewer", "plain": "editor"})
EVE = Person("eve", "eve@example.org", "", NOW_MS, roles={"pizza": "editor"})


@dataclass
class Visitor:
    """A browser, or a program with a key."""

    url: str
    client: aiohttp.ClientSession

    async def ask(
        self, method: str, path: str, content: object = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Ask for something under /data/v1; return status and answer."""
        body = None if content is None else msgspec.json.encode(content)
        async with self.client.request(
            method, f"{self.url}/data/v1/{path}", data=body, headers=headers
        ) as answer:
            return answer.status, await answer.json()

    async def sign_in(self, email: str, password: str = PASSWORD) -> int:
        """Sign in; return the status."""
        async with self.client.post(
            f"{self.url}/login", json={"email": email, "password": password}
        ) as answer:
            return answer.status


@dataclass
class World:
    """A site with an administrator, an owner, a viewer and somebody invited."""

    site: Site
    mail: MemoryMail
    stack: AsyncExitStack
    now_ms: int = NOW_MS
    admin: Visitor = field(init=False)

    def clock(self) -> int:
        """Return the time of the site."""
        return self.now_ms

    async def stranger(self, **headers: str) -> Visitor:
        """Return a fresh browser."""
        jar = aiohttp.CookieJar(unsafe=True)
        client = await self.stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar, headers=headers))
        return Visitor(self.site.url, client)

    async def signed_in(self, email: str) -> Visitor:
        """Return the browser of somebody who has signed in: it holds the cookie, which is quicker than the form."""
        person = person_by_email(self.site.registry.state, email)
        assert person
        content = [person.id, person.epoch, mark_of(person), self.now_ms + 14 * 24 * 3600 * 1000]
        visitor = await self.stranger()
        visitor.client.cookie_jar.update_cookies(
            {COOKIE: serializer(SESSION_KEY, "session").dumps(content)}, URL(self.site.url)
        )
        return visitor

    def person(self, id_: str) -> Person:
        """Return somebody as they are now."""
        return self.site.registry.state.people[id_]

    def link(self, id_: str) -> str:
        """Return a link of somebody as they are now."""
        return new_link(SESSION_KEY, self.person(id_), self.now_ms).text


@asynccontextmanager
async def world(*, is_mail_set: bool = False, **settings: Any) -> AsyncIterator[World]:
    """Run a site; the administrator asks with a key."""
    mail = MemoryMail(is_set=is_mail_set)
    made: list[World] = []
    async with (
        AsyncExitStack() as stack,
        running(lambda: made[0].now_ms if made else NOW_MS, mail=mail, **settings) as site,
    ):
        await tell(site.registry, OLGA, VERA, EVE)
        made.append(World(site, mail, stack))
        made[0].admin = await made[0].stranger(Authorization=f"Bearer {ADMIN_KEY}")
        yield made[0]
