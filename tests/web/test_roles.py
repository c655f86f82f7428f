"""Nobody sees or changes what they have no role for: every route, walked by everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from app.core.registry.changes import CHANGE
from app.web.api.registry_routes import REGISTRY_ROUTES
from tests.web.access import FENCES, KEYS, PEOPLE, ROLES, ROUTES, Entry, address, refusals, subjects
from tests.web.site import NOW_MS, PASSWORD, Site, running, tell

STEP_MS = 600_000
"""Between requests, so that nobody is held back for asking too often."""


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A site with one of everything, whose clock goes on with each look at it."""
    now_ms = iter(range(NOW_MS, NOW_MS + 10**12, STEP_MS))
    async with running(clock=lambda: next(now_ms)) as site:
        await tell(site.registry, *subjects())
        yield site


def routes_of(site: Site) -> Iterator[str]:
    """Yield every route of the application once; of two that differ by a slash at the end the one without."""
    for route in site.app.router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        if route.method != "HEAD" and (path == "/" or not path.endswith("/")):
            yield f"{route.method} {path}"


async def headers_of(site: Site, role: str) -> dict[str, str]:
    """Return how somebody says who they are."""
    if role in KEYS:
        return {"Authorization": f"Bearer {KEYS[role]}"}
    if role not in PEOPLE:
        return {}
    login = {"email": PEOPLE[role], "password": PASSWORD}
    async with site.client.post(f"{site.url}/login", json=login) as answer:
        assert 200 == answer.status, await answer.text()
        return {"Cookie": "; ".join(f"{name}={one.value}" for name, one in answer.cookies.items())}


async def status_of(site: Site, route: str, entry: Entry, headers: dict[str, str]) -> int:
    """Return what a request is answered, the body as far as it matters unread."""
    method, _, path = route.partition(" ")
    site.client.cookie_jar.clear()
    async with site.client.request(
        entry.method if method == "*" else method,
        site.url + address(path) + entry.query,
        json=entry.body,
        headers=headers,
        allow_redirects=False,
    ) as answer:
        return answer.status


def changes_in(site: Site) -> list[bytes]:
    """Return the changes that were written; that a key was used is noted of whoever comes."""
    return [key for key, _ in site.registry.records if key.startswith(CHANGE)]


def test_the_table_is_whole(site: Site) -> None:
    """Whoever adds a route says here who may use it."""
    assert set(routes_of(site)) == set(ROUTES)


@pytest.mark.parametrize("role", ROLES)
async def test_every_route(site: Site, role: str) -> None:
    """Each route lets in whom the table says, and tells everybody else what the table says."""
    headers = await headers_of(site, role)
    state, records = site.registry.state, list(site.registry.records)
    expected = {route: refusals(entry).get(role, entry.status) for route, entry in ROUTES.items()}
    found = {}
    for route, entry in ROUTES.items():
        site.registry.state, site.registry.records = state, list(records)
        found[route] = await status_of(site, route, entry, headers)

    assert expected == found


@pytest.mark.parametrize(
    "role", [role for role in ROLES if refusals(ROUTES["GET /data/v1/bots/{bot}"]).get(role)]
)
async def test_who_has_no_role_changes_nothing(site: Site, role: str) -> None:
    """After a walk over every route that is about one bot, nothing is written and nothing is taken in."""
    headers = await headers_of(site, role)
    before = changes_in(site)
    for route, entry in ROUTES.items():
        if "/data/v1/bots/{bot}" in route:
            await status_of(site, route, entry, headers)

    assert (before, []) == (changes_in(site), site.items)


def test_fences_refuse_strangers() -> None:
    """Of the addresses that change what is configured none is open to all."""
    open_to = {entry.fence for route, entry in ROUTES.items() if any(route == f"{one.method} {one.path}" for one in REGISTRY_ROUTES)}  # fmt: skip

    assert open_to
    assert all(FENCES[fence].get("nobody") == 401 for fence in open_to)
