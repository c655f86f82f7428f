"""
The description of every address for machines: one literal table, and the OpenAPI 3.1 document made of it.

    GET /openapi.json    the document        GET /docs    the same for people

A test walks the application's routes and fails on any that is missing here.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any, Final

import msgspec
from aiohttp import web

from app.core.dialects import DIALECTS
from app.core.dialects.botanalytics_v1_routes import PREFIXES
from app.core.dialects.native_item import Item
from app.core.measures import MEASURES
from app.core.periods import WINDOWS
from app.core.retention import MODES
from app.core.series import DASHBOARD_MEASURE
from app.core.tabular import FORMATS
from app.web.api import shapes
from app.web.api.explain import Explanation
from app.web.api.people_routes import PEOPLE_ROUTES
from app.web.api.registry_routes import REGISTRY_ROUTES
from app.web.api.routes import Parameter, Route
from app.web.api.sql import SqlRequest
from app.web.api.standing import Standing
from app.web.docs_page import docs_page

__all__ = ["ROUTES", "attach", "document"]


_BOT: Final = "/data/v1/bots/{bot}"
_FROM: Final = Parameter("from", "Date or ISO 8601 time; local to the bot's zone where it names no offset.")
_TO: Final = Parameter("to", "The same, exclusive; now if left out.")
_PAGE: Final = (
    Parameter("limit", "Most items, up to 1000.", default="50"),
    Parameter("cursor", "`next_cursor` of the page before."),
)

ROUTES: Final = (
    Route(
        "POST", "/v1/events", "ingest", "Send events: one object, an array, or NDJSON; gzip, zstd and br are read.",
        shapes.Taken, "ingest", body=Item | list[Item],
    ),
    Route(
        "POST", "/track", "ingest", "Send events as Dashbot's clients do.", shapes.Taken,
        parameters=(
            Parameter("apiKey", "The bot's ingest key.", required=True),
            Parameter("type", "What the body is.", ("incoming", "outgoing", "event", "connect", "all", "outgoingResponse"), required=True),
            Parameter("platform", "Where it was said: generic, facebook, twitter, ...; the bot's own if left out."),
            Parameter("v", "Version of the client."),
        ),
        body=dict[str, Any], refusal=shapes.TrackRefused,
    ),
    Route(
        "POST", "/hooks/{platform}/{bot}", "ingest",
        "A platform's own webhook, signed as the platform does; GET answers its handshake.",
        "*/*", body=dict[str, Any], statuses=(401, 403, 404),
    ),
    Route(
        "POST", "/hooks/{platform}/{bot}/{key}", "ingest",
        "The webhook of a platform that signs nothing; `key` is the bot's ingest key.",
        "*/*", body=dict[str, Any], statuses=(401, 403, 404),
    ),
    *(
        Route(
            "POST", f"{prefix}{{path}}", "ingest",
            "Send messages and profiles as clients of Botanalytics v1 do; also with PATCH and PUT. `path` is messages/X, "
            "X/messages or X/users for a platform X, platform/users, bots/me, and more: docs/sdks/botanalytics.md.",
            shapes.V1Taken, "ingest", body=dict[str, Any], refusal=shapes.V1Refused,
        )
        for prefix in PREFIXES
    ),
    *(
        Route(
            "POST", path, "ingest", "Send messages as clients of Botanalytics v2 do; the key says of which channel they are.",
            shapes.V1Taken, "ingest", body=dict[str, Any] | list[dict[str, Any]], refusal=shapes.V2Refused,
        )
        for path in ("/v2/messages", "/messages")
    ),
    Route(
        "POST", "/bots/{uid}/events", "ingest", "Send a platform's body as Botmetrics' clients do.", shapes.V1Taken, "ingest",
        body=shapes.Tracked, refusal=shapes.BotmetricsRefused, status=202,
    ),
    Route(
        "POST", "/bots/{uid}/instances", "ingest", "Register an installation; of its token only a hash is kept.", shapes.Instance, "ingest",
        body=shapes.Installed, refusal=shapes.BotmetricsRefused, status=201,
    ),
    Route(
        "GET", "/bots/{uid}/instances/{id}", "ingest", "The state of an installation.", shapes.InstanceState, "ingest",
        refusal=shapes.BotmetricsRefused,
    ),
    Route(
        "PATCH", "/bots/{uid}/instances/{id}", "ingest", "Give an installation a new token; also with PUT.", shapes.InstanceChanged,
        "ingest", body=shapes.Installed, refusal=shapes.BotmetricsRefused,
    ),
    Route(
        "PATCH", "/bots/{uid}/users/{id}", "ingest", "Tell the time zone of a user; also with PUT.", shapes.V1Taken, "ingest",
        body=dict[str, Any], refusal=shapes.BotmetricsRefused, status=202,
    ),
    Route(
        "POST", "/bots/{uid}/messages", "ingest", "Refused with 404: nothing is sent to users from here.", shapes.BotmetricsRefused,
        "ingest", body=dict[str, Any], refusal=shapes.BotmetricsRefused, status=404,
    ),
    Route(
        "POST", "/bots/{uid}/short_links", "ingest", "Make a link that tells when its user follows it.", shapes.ShortLinkMade,
        "ingest", body=shapes.ShortLinkWanted, refusal=shapes.BotmetricsRefused,
    ),
    Route(
        "GET", "/bots/{uid}/dashboards/{id}/load_async.json", "read", "A dashboard's numbers as Botmetrics answers them.",
        shapes.DashboardNumbers, "read",
        (Parameter("group_by", "Which periods.", ("hour", "today", "this-week", "this-month", "all-time"), "today"),),
        refusal=shapes.BotmetricsRefused, statuses=(404,),
    ),
    Route("GET", "/to/{slug}", "ingest", "Follow a short link.", "*/*", statuses=(404,), status=302),
    *REGISTRY_ROUTES,
    *PEOPLE_ROUTES,
    Route(
        "GET", f"{_BOT}/series", "read", "A number over time, zero-filled; with `by` one series for each key.",
        shapes.Series, "read",
        (
            Parameter("measure", "Which number; also `dashboard:<id>`, `dashboard_users:<id>`.", tuple(MEASURES), required=True, pattern=DASHBOARD_MEASURE),
            Parameter("window", "Length of a period.", WINDOWS, "day"),
            _FROM, _TO,
            Parameter("by", "Dimension: platform, kind, direction, locale, event, intent or currency, where the measure has it."),
            Parameter("filter", "Only events of which all of it is true: platform=facebook,kind=text; dimensions platform, kind, direction, locale, intent, event. May be repeated."),
        ),
    ),
    Route(
        "GET", f"{_BOT}/retention", "read", "Who came back.", shapes.Retention, "read",
        (
            Parameter("period", "Length of cohorts and periods.", ("day", "week", "month"), "day"),
            Parameter("mode", "What counts as coming back.", MODES, "on"),
            _FROM, _TO,
            Parameter("periods", "How many periods after each cohort.", default="30"),
            Parameter("weeks", "Calendar weeks, or weeks since each user's own first day.", ("calendar", "relative"), "calendar"),
        ),
    ),
    Route(
        "GET", f"{_BOT}/events", "read", "Events, newest first.", shapes.EventPage, "read",
        (
            _FROM, _TO, Parameter("user", "Only of this user."), Parameter("kind", "Only of this kind."),
            Parameter("direction", "Only in this direction.", ("in", "out", "none")),
            Parameter("q", "Only with this in their text, in upper or lower case."), *_PAGE,
        ),
    ),
    Route("GET", f"{_BOT}/users", "read", "Users, seen last first.", shapes.UserPage, "read", _PAGE),
    Route("GET", f"{_BOT}/users/{{user}}", "read", "A user and the newest events.", shapes.UserWithEvents, "read", _PAGE[:1]),
    Route("GET", f"{_BOT}/conversations/{{conversation}}", "read", "A conversation, newest first.", shapes.Conversation, "read", _PAGE),
    Route(
        "GET", f"{_BOT}/live", "read",
        "Server-Sent Events: `counters` (LiveCells) as numbers change, `alert` (TransitionShown) as alerts do, `recounting` (RecountShown, "
        "or null when it is over) while numbers are counted anew, `event` (LiveLine) for lines of conversations. `Last-Event-ID` resumes.",
        "text/event-stream", "read",
    ),
    Route(
        "POST", "/data/v1/sql", "read", f"One SELECT over the caller's bots; formats: {', '.join(FORMATS)}.",
        shapes.Table, "read", body=SqlRequest,
    ),
    Route(
        "POST", "/data/v1/explain", "read", "What would be read from a body, without storing it.",
        Explanation, "read",
        (
            Parameter("way", "How the body comes.", tuple(DIALECTS), required=True),
            Parameter("platform", "Where it was said: facebook, slack, ...", default="generic"),
            Parameter("type", "What the caller says of it: incoming, outgoing, event, ..."),
            Parameter("path", "Where it is sent, for ways whose path says what it is."),
        ),
        body=dict[str, Any],
    ),
    Route("GET", "/data/v1/pipeline", "operate", "How far every stage is.", Standing, "read"),
    Route("GET", "/healthz", "operate", "200 while the process lives.", dict[str, bool]),
    Route("GET", "/readyz", "operate", "200 when every stage consumes, else 503.", shapes.Ready, refusal=shapes.Ready),
    Route("GET", "/metrics", "operate", "For Prometheus.", "text/plain"),
    Route("GET", "/openapi.json", "operate", "This document.", dict[str, Any]),
    Route("GET", "/docs", "operate", "This document for people.", "text/html"),
    Route("POST", "/login", "sign in", "Sign in; the answer sets a cookie.", shapes.Success, body=shapes.Login, statuses=(401, 403, 429)),
    Route("POST", "/logout", "sign in", "Sign out.", shapes.Success, statuses=(403,)),
)  # fmt: skip

_MORE: Final = (shapes.LiveCells, shapes.LiveLine)
_OF_BODIES: Final = (408, 413, 415)
_KEYS: Final[dict[str, tuple[dict[str, list[str]], ...]]] = {
    "ingest": ({"ingestKey": []},),
    "read": ({"readKey": []}, {"session": []}),
    "session": ({"session": []},),
}
_REFUSALS: Final = {
    400: "What was asked for makes no sense",
    401: "No key, or not one for this; a wrong password",
    404: "Nothing there that the caller may read",
    503: "Something is away for now; Retry-After says when to try again",
}
_MORE_REFUSALS: Final = {
    403: "Not for this bot or this role, or not known to be genuine",
    409: "Not as things stand: taken, archived, revoked, or somebody else was faster",
    408: "The body did not come in time",
    413: "More bytes than are taken",
    415: "Not of this type, or encoded in a way that is not read here",
    429: "Too many tries; Retry-After says when to go on",
}
_TOO_MANY: Final = {429: "More events than the bot may send; Retry-After says when to go on"}


def attach(app: web.Application) -> None:
    """Give *app* the document and its page."""
    content = msgspec.json.encode(document())
    page = docs_page(document())

    async def as_json(_request: web.Request) -> web.Response:
        return web.Response(body=content, content_type="application/json")

    async def as_page(_request: web.Request) -> web.Response:
        return web.Response(
            text=page,
            content_type="text/html",
            headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
        )

    app.router.add_get("/openapi.json", as_json)
    app.router.add_get("/docs", as_page)


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    types = [one for route in ROUTES for one in (route.answer, route.body, route.refusal) if _is_type(one)]
    schemas, components = msgspec.json.schema_components(
        [*types, *_MORE], ref_template="#/components/schemas/{name}"
    )
    of_type = dict(zip(map(repr, types), schemas, strict=False))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, of_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "botpulse",
            "version": version("botpulse"),
            "description": "Self-hosted analytics for chat and voice bots.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "ingestKey": {"type": "http", "scheme": "bearer", "description": "A bot's ingest key."},
                "readKey": {"type": "http", "scheme": "bearer", "description": "A read or admin key."},
                "session": {"type": "apiKey", "in": "cookie", "name": "botpulse_session"},
            },
        },
    }


def _operation(route: Route, of_type: dict[str, Any]) -> dict[str, Any]:
    in_path = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    operation: dict[str, Any] = {
        "operationId": _name(route),
        "tags": [route.area],
        "summary": route.about,
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in in_path
            ),
            *map(_parameter, route.parameters),
        ],
        "responses": {str(route.status): {"description": "OK", "content": _content(route.answer, of_type)}},
    }
    for status, words in _refusals(route).items():
        refused = {"description": words, "content": _content(route.refusal, of_type)}
        operation["responses"][str(status)] = refused
    if route.body:
        content = _content(route.body, of_type)
        operation["requestBody"] = {"required": route.is_body_needed, "content": content}
    if route.key:
        operation["security"] = list(_KEYS[route.key])
    return operation


def _refusals(route: Route) -> dict[int, str]:
    """Return what *route* may answer instead, in words by status."""
    if route.refusal is shapes.Ready:
        usual = {503}
    elif route.key:
        usual = set(_REFUSALS)
    else:
        usual = {400, 503} if route.body else set()
    statuses = usual | set(_OF_BODIES if route.body else ()) | set(route.statuses)
    told = {status: (_REFUSALS | _MORE_REFUSALS)[status] for status in sorted(statuses)}
    return told | _TOO_MANY if route.area == "ingest" and route.body else told


def _parameter(one: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if one.choices and one.pattern:
        schema = {"anyOf": [schema | {"enum": list(one.choices)}, schema | {"pattern": one.pattern}]}
    elif one.choices:
        schema["enum"] = list(one.choices)
    if one.default:
        schema["default"] = one.default
    return {
        "name": one.name,
        "in": "query",
        "description": one.about,
        "required": one.required,
        "schema": schema,
    }


def _content(what: Any, of_type: dict[str, Any]) -> dict[str, Any]:
    if not _is_type(what):
        return {what: {"schema": {"type": "string"}}}
    return {"application/json": {"schema": of_type[repr(what)]}}


def _is_type(what: Any) -> bool:
    return what is not None and not isinstance(what, str)


def _name(route: Route) -> str:
    words = [
        word.strip("{}.")
        for word in route.path.replace("/{bot}/", "/").replace(".", "/").split("/")
        if word not in ("", "data", "v1")
    ]
    return "_".join([route.method.lower(), *words])
