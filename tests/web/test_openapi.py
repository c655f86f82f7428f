"""The OpenAPI document: complete, sound, and true of real answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import jsonschema
import pytest

from app.adapters.clickhouse import connect
from app.adapters.memory import MemoryRegistry, memory_edge
from app.config import Settings
from app.core.events import Reporting
from app.web.openapi import ROUTES, document
from app.web.parts import Parts
from app.web.server import build
from tests.core.test_shard import BASE, DAY
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.web.api.brute import BOT, SIMULATED
from tests.web.api.stock import Reading, reading, stock
from tests.web.site import ADMIN_KEY, READ_KEY, running


def test_every_route_is_in_the_document() -> None:
    """Pages apart: whoever adds an address describes it."""
    app = build(Settings(), Parts(memory_edge()[0], MemoryRegistry(), b"k" * 32))
    there = {
        (route.method, route.resource.canonical.rstrip("/"))
        for route in app.router.routes()
        if route.method != "HEAD"
        and route.resource
        and not route.handler.__module__.startswith("app.web.pages")
    }

    described = {(route.method, route.path) for route in ROUTES}
    # ways in take every method at each of their addresses, and refuse by themselves
    of_ways = {path for method, path in there if method == "*"}

    assert {one for one in there if one[0] != "*"} == {one for one in described if one[1] not in of_ways}
    assert of_ways <= {path for _, path in described}


def test_it_is_openapi() -> None:
    """Every schema is one, every reference leads somewhere, and no operation has the name of another."""
    whole = document()
    schemas = whole["components"]["schemas"]
    operations = [one for ways in whole["paths"].values() for one in ways.values()]

    assert "3.1.0" == whole["openapi"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert {reference.rpartition("/")[2] for reference in references(whole)} <= set(schemas)
    assert len(operations) == len({one["operationId"] for one in operations})
    for route in ROUTES:
        assert str(route.status) in whole["paths"][route.path][route.method.lower()]["responses"]
    for one in operations:
        assert all(parameter["schema"] for parameter in one["parameters"])


def test_every_type_has_words() -> None:
    """A type without a description is half a description."""
    assert not [
        name for name, schema in document()["components"]["schemas"].items() if not schema.get("description")
    ]


async def test_the_pages_are_served() -> None:
    """The document for machines, and the same for people without any script or foreign asset."""
    async with running() as site:
        async with site.client.get(site.url + "/openapi.json") as answer:
            assert document() == await answer.json()
        async with site.client.get(site.url + "/docs") as answer:
            page = await answer.text()

    assert all(route.path in page for route in ROUTES)
    assert "<script" not in page
    assert "://" not in page


@pytest.fixture(scope="module")
def stored(engine: EngineServer) -> Settings:
    """Some events of a bot."""
    settings = fresh_database(engine)
    with connect(settings) as client:
        stock(client, SIMULATED)
    return settings


@pytest.fixture
async def api(stored: Settings) -> AsyncIterator[Reading]:
    """A web process over them."""
    async with reading(stored, Reporting(), BASE + 60 * DAY, BOT) as api:
        yield api


REAL = [
    ("/data/v1/bots", "/data/v1/bots", {}),
    ("/data/v1/bots/{bot}/series", "series", {"measure": "stickiness"}),
    ("/data/v1/bots/{bot}/series", "series", {"measure": "events", "by": "kind", "window": "week"}),
    ("/data/v1/bots/{bot}/retention", "retention", {}),
    ("/data/v1/bots/{bot}/events", "events", {"limit": "5"}),
    ("/data/v1/bots/{bot}/users", "users", {"limit": "5"}),
    ("/data/v1/bots/{bot}/users/{user}", "users/u1", {}),
    ("/data/v1/bots/{bot}/conversations/{conversation}", "conversations/none", {}),
    ("/data/v1/pipeline", "/data/v1/pipeline", {}),
    ("/healthz", "/healthz", {}),
]


@pytest.mark.clickhouse
@pytest.mark.parametrize(
    ("path", "address", "asked"), REAL, ids=[f"{address} {asked}" for _, address, asked in REAL]
)
async def test_real_answers_are_as_described(
    api: Reading, path: str, address: str, asked: dict[str, str]
) -> None:
    """Also with nothing more than described."""
    target = address if address.startswith("/") else f"/data/v1/bots/{BOT}/{address}"
    status, answer = await api.get(target, **asked)

    assert 200 == status, answer
    jsonschema.validate(answer, described(path, "get", "200"))


@pytest.mark.clickhouse
async def test_real_rows_are_as_described(api: Reading) -> None:
    """Of SQL."""
    headers = {"Authorization": f"Bearer {READ_KEY}"}
    async with api.site.client.post(
        api.site.url + "/data/v1/sql", json={"query": "SELECT 1 AS a"}, headers=headers
    ) as answer:
        jsonschema.validate(await answer.json(), described("/data/v1/sql", "post", "200"))


async def test_real_refusals_are_as_described() -> None:
    """Of reading, of both ways in, and of a process that is not ready."""
    async with running() as site:
        for method, path, status, described_path in (
            ("get", "/data/v1/bots", "401", "/data/v1/bots"),
            ("post", "/v1/events", "400", "/v1/events"),
            ("post", "/track?apiKey=x", "400", "/track"),
            ("post", "/v1/messages/generic/", "401", "/v1/{path}"),
            ("post", "/api/v1/nothing", "404", "/api/v1/{path}"),
            ("get", "/readyz", "503", "/readyz"),
        ):
            async with site.client.request(method, site.url + path) as answer:
                jsonschema.validate(await answer.json(), described(described_path, method, status))


@pytest.mark.parametrize(
    ("expected", "measure"),
    [
        pytest.param(True, "active_users", id="measure"),
        pytest.param(True, "dashboard:da1df8b776128", id="hits of a dashboard"),
        pytest.param(True, "dashboard_users:refunds-2", id="users of a dashboard"),
        pytest.param(False, "nonsense", id="no measure"),
        pytest.param(False, "dashboard:", id="no dashboard"),
    ],
)
def test_measures_that_can_be_asked_for(expected: bool, measure: str) -> None:
    """A client that checks what it sends can ask for dashboards, too."""
    parameters = document()["paths"]["/data/v1/bots/{bot}/series"]["get"]["parameters"]
    [schema] = [one["schema"] for one in parameters if one["name"] == "measure"]

    assert expected is jsonschema.Draft202012Validator(schema).is_valid(measure)


def test_a_rotation_needs_no_body() -> None:
    """As the server takes it without one; a key to be does need one."""
    paths = document()["paths"]
    needed = [
        paths[f"/data/v1/keys{end}"]["post"]["requestBody"]["required"] for end in ("", "/{key}/rotate")
    ]

    assert [True, False] == needed


FOREIGN = {"Sec-Fetch-Site": "cross-site"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("status", "path", "headers", "body"),
    [
        pytest.param(
            401, "/login", JSON, b'{"email": "no@example.org", "password": "x"}', id="wrong password"
        ),
        pytest.param(403, "/login", FOREIGN, b"{}", id="sign-in of another site"),
        pytest.param(403, "/logout", FOREIGN, b"", id="sign-out of another site"),
        pytest.param(413, "/login", JSON, b" " * 5000, id="a large sign-in"),
        pytest.param(415, "/login", {"Content-Type": "text/plain"}, b"{}", id="a sign-in of another type"),
        pytest.param(413, "/data/v1/sql", JSON, b" " * 200_000, id="a large query"),
        pytest.param(415, "/data/v1/sql", {"Content-Encoding": "gzip"}, b"{}", id="a query that is packed"),
        pytest.param(415, "/data/v1/keys", {"Content-Encoding": "gzip"}, b"{}", id="a change that is packed"),
    ],
)
async def test_refusals_are_named(status: int, path: str, headers: dict[str, str], body: bytes) -> None:
    """What the server answers stands in the document, with this shape."""
    with_key = {"Authorization": f"Bearer {ADMIN_KEY}"} | headers
    async with (
        running() as site,
        site.client.post(site.url + path, data=body, headers=with_key) as answer,
    ):
        assert status == answer.status
        jsonschema.validate(await answer.json(), described(path, "post", str(status)))


def described(path: str, method: str, status: str) -> dict[str, Any]:
    """Return the schema of an answer, closed: nothing may be there that is not described."""
    whole = document()
    schema = whole["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"]
    return {
        **schema,
        "components": {
            "schemas": {name: closed(one) for name, one in whole["components"]["schemas"].items()}
        },
    }


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return *schema* without room for more."""
    return {**schema, "additionalProperties": False} if "properties" in schema else schema


def references(part: Any) -> list[str]:
    """Return every $ref below *part*."""
    if isinstance(part, list):
        return [one for item in part for one in references(item)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [one for item in part.values() for one in references(item)]
