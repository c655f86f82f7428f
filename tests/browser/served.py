"""The pages, sign-in and a read API, mostly a fake one, on a port of their own, in a thread, so that a browser may be driven beside."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from aiohttp import web

from app.adapters.edge import Limits
from app.adapters.memory import MemoryRegistry, memory_edge
from app.config import Settings
from app.core.registry import Person, Subject
from app.web import auth, pages
from app.web.errors import errors_as_json
from app.web.parts import PARTS, SETTINGS, Parts, wall_clock
from tests.browser.clock import now_ms, tell_time
from tests.browser.fake import FakeApi
from tests.web.site import EMAIL, NOW_MS, PASSWORD_HASH, tell

__all__ = ["PERSON", "Served", "served"]

PERSON = Person(
    "p1",
    EMAIL,
    PASSWORD_HASH,
    NOW_MS,
    admin=True,
)

T = TypeVar("T")


class Area(Protocol):
    """What gives an application its routes."""

    def attach(self, app: web.Application, /) -> None:
        """Give *app* routes."""


class Served:
    """A running site. Everything of it happens on its own loop: use `do`."""

    app: web.Application

    def __init__(self, loop: asyncio.AbstractEventLoop, api: Area, settings: Settings) -> None:
        self._api = api
        self._settings = settings
        self.registry = MemoryRegistry()
        self.port = 0
        self._loop = loop
        self._runner: web.AppRunner | None = None

    @property
    def api(self) -> FakeApi:
        """What it answers with, where that is a fake."""
        assert isinstance(self._api, FakeApi)
        return self._api

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen; on the same port as before, if it did before."""
        self._wait(self._start())

    def stop(self) -> None:
        """Let go of the port and of everybody connected."""
        if isinstance(self._api, FakeApi):
            self.do(self._api.hang_up)
        self._wait(self._stop())

    def know(self, *subjects: Subject) -> None:
        """Tell the registry."""
        self._wait(tell(self.registry, *subjects))

    def do(self, work: Callable[..., T], *arguments: Any) -> T:
        """Call *work* on the site's loop."""

        async def call() -> T:
            return work(*arguments)

        return self._wait(call())

    async def _start(self) -> None:
        edge, _ = memory_edge(Limits(linger_s=0, timeout_s=1, buffer_bytes=1 << 20))
        is_fake = isinstance(self._api, FakeApi)
        app = web.Application(middlewares=[errors_as_json])
        app[SETTINGS] = self._settings
        app[PARTS] = Parts(edge, self.registry, b"k" * 32, now_ms if is_fake else wall_clock)
        if is_fake:
            app.on_response_prepare.append(tell_time)
        for attach in (auth.attach, self._api.attach, pages.attach):
            attach(app)
        self.app = app
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)


@contextmanager
def served(api: Area, *subjects: Subject, settings: Settings | None = None) -> Iterator[Served]:
    """Run a site that knows *subjects*."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="site")
    thread.start()
    site = Served(loop, api, settings or Settings())
    try:
        site.know(*subjects)
        site.start()
        yield site
    finally:
        site.stop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()
