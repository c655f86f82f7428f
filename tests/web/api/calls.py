"""A site whose API is called as programs call it: `await api.post(path, name="Pizza")` -> status and answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jsonschema

from tests.web.site import ADMIN_KEY, Site, running
from tests.web.test_openapi import described

__all__ = ["Api", "calling"]


class Api:
    """Calls with the administrators' key, or another one; every good answer is held against its description."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def get(self, path: str, key: str = ADMIN_KEY) -> Any:
        """Return the answer to a good question."""
        return await self.good("GET", path, None, key)

    async def good(self, method: str, path: str, body: Any = None, key: str = ADMIN_KEY) -> Any:
        """Return a good answer."""
        status, answer = await self.call(method, path, body, key)
        assert status < 300, answer
        return answer

    async def refused(
        self, method: str, path: str, body: Any = None, key: str = ADMIN_KEY
    ) -> tuple[int, str, str]:
        """Return status, code and field of a refusal."""
        status, answer = await self.call(method, path, body, key)
        assert status >= 400, answer
        return status, answer["error"]["code"], answer["error"].get("field", "")

    async def call(self, method: str, path: str, body: Any = None, key: str = ADMIN_KEY) -> tuple[int, Any]:
        """Return status and answer, which are as the OpenAPI document has them."""
        headers = {"Authorization": f"Bearer {key}"}
        async with self.site.client.request(
            method, f"{self.site.url}/data/v1/{path}", json=body, headers=headers
        ) as answer:
            content = await answer.json()
            resource = self._described_as(method, f"/data/v1/{path.partition('?')[0]}")
            jsonschema.validate(content, described(resource, method.lower(), str(answer.status)))
            return answer.status, content

    def _described_as(self, method: str, path: str) -> str:
        """Return the route that takes *path*; a name in it counts less than a word."""
        routes = (
            route for route in self.site.app.router.routes() if route.method == method and route.resource
        )
        found = [
            route.resource.canonical
            for route in routes
            if route.resource and route.resource._match(path) is not None  # type: ignore[attr-defined]
        ]
        return min(found, key=lambda one: one.count("{"))


@asynccontextmanager
async def calling(**settings: Any) -> AsyncIterator[Api]:
    """Run a site and give its API."""
    async with running(**settings) as site:
        yield Api(site)
