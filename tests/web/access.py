"""Who may do what: every route of the application, whom it lets in, and what they get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from app.core.api_keys import hash_of
from app.core.registry import (
    Alert,
    Bot,
    Channel,
    Condition,
    Dashboard,
    HookSecret,
    Instance,
    Key,
    Note,
    Person,
    Removed,
    Scope,
    ShortLink,
    Subject,
)
from app.core.rules.language import Rule
from tests.web.site import ADMIN_KEY, EMAIL, INGEST_KEY, NOW_MS, PASSWORD, PASSWORD_HASH, READ_KEY

__all__ = ["FENCES", "KEYS", "PEOPLE", "ROLES", "ROUTES", "Entry", "address", "refusals", "subjects"]

OTHERS_KEY: Final = "bpreadOFANOTHERBOT"

KEYS: Final = {
    "ingest key": INGEST_KEY,
    "read key": READ_KEY,
    "read key of another bot": OTHERS_KEY,
    "admin key": ADMIN_KEY,
}
PEOPLE: Final = {
    "viewer": "viewer@example.org",
    "editor": "editor@example.org",
    "owner": "owner@example.org",
    "owner of another bot": "other@example.org",
    "admin": EMAIL,
}
ROLES: Final = ("nobody", *KEYS, *PEOPLE)

_STRANGERS: Final = dict.fromkeys(("nobody", "ingest key"), 401)
_READS: Final = _STRANGERS | dict.fromkeys(("read key of another bot", "owner of another bot"), 404)
_EDITS: Final = _READS | dict.fromkeys(("read key", "viewer"), 403)
_READING_KEYS: Final = ("read key", "read key of another bot")
_WITH_READING: Final = (*_READING_KEYS, "admin key", *PEOPLE)
_KEYS_REFUSED: Final = dict.fromkeys((*_READING_KEYS, "admin key"), 403)
_MANAGES: Final = _STRANGERS | dict.fromkeys(("read key", "read key of another bot", "viewer", "editor"), 403)

FENCES: Final[dict[str, Mapping[str, int]]] = {
    "all": {},
    "known": _STRANGERS,
    "signed in": _STRANGERS | _KEYS_REFUSED,
    "readers": _READS,
    "editors": _EDITS,
    "owners": _EDITS | {"editor": 403},
    "administrators": _MANAGES | dict.fromkeys(("owner", "owner of another bot"), 403),
    "owners of any bot": _MANAGES,
    "senders": dict.fromkeys(("nobody", *PEOPLE), 401) | _KEYS_REFUSED,
    "senders of vendors": dict.fromkeys((role for role in ROLES if role != "ingest key"), 401),
    "pages": dict.fromkeys(("nobody", "ingest key"), 303),
}
"""What whoever is not let in gets instead, by role; all others are let in."""


class Entry(NamedTuple):
    """
    Whom a route lets in, the status that they get, what is sent, and who gets another status than the fence says.

    `method` is for routes that take every one.
    """

    fence: str
    status: int
    body: Any = None
    but: Mapping[str, int] = {}
    query: str = ""
    method: str = "POST"


def refusals(entry: Entry) -> dict[str, int]:
    """Return the status of everybody whose status is not the entry's."""
    return {**FENCES[entry.fence], **entry.but}


def address(path: str) -> str:
    """Return the address of something that is there."""
    ids = {"/bots/{uid}/dashboards/": "d1", "/bots/{uid}/users/": "u1", "/bots/{uid}/instances/": "1"}
    names = _NAMES | {"id": next((id_ for start, id_ in ids.items() if path.startswith(start)), "p9")}
    if path in _ARCHIVED:
        names["bot"] = "shut"
    return path.format_map(names | ({"bot": "gone"} if path.endswith("/removal") else {}))


def subjects() -> list[Subject | Note]:
    """Return what there is besides what every site has: one of everything, and whoever asks."""
    people = [_person(f"p{n}", email, roles) for n, (email, roles) in enumerate(_ROLES_OF.items(), 2)]
    return [
        Bot("shut", "Shut", "generic", NOW_MS, archived_at=NOW_MS),
        Bot("gone", "Gone", "generic", NOW_MS),
        Removed("bot", "gone", NOW_MS),
        *people,
        _person("p9", "somebody@example.org", {"pizza": "viewer"}),
        _key("k8", "read", OTHERS_KEY, "plain"),
        _key("k9", "read", "bpreadTOBEREVOKED", "pizza"),
        Dashboard("d1", "pizza", "Refunds", NOW_MS, Rule(field="direction", value="in")),
        Alert(
            "a1", "pizza", "Many", "events", 3600, Condition("above", 5), NOW_MS,
            channels=(Channel("email", "ops@example.org"),),
        ),
        HookSecret("h1", "pizza", "slack", NOW_MS, "sealed"),
        Instance("i1", "pizza", "slack", "1" * 64, NOW_MS, NOW_MS),
        ShortLink("s1", "pizza", "u1", "https://example.org/", NOW_MS),
    ]  # fmt: skip


_ARCHIVED: Final = frozenset({"/data/v1/bots/{bot}/restore"})
_NAMES: Final = {
    "bot": "pizza", "uid": "pizza", "key": "k9", "hook": "h1", "instance": "i1", "dashboard": "d1", "alert": "a1", "user": "u1",
    "conversation": "c1", "platform": "line", "slug": "s1", "version": "0", "name": "no.css", "path": "messages/generic/",
}  # fmt: skip
_ROLES_OF: Final[dict[str, dict[str, Any]]] = {
    "viewer@example.org": {"pizza": "viewer", "shut": "viewer"},
    "editor@example.org": {"pizza": "editor", "shut": "editor"},
    "owner@example.org": {"pizza": "owner", "shut": "owner"},
    "other@example.org": {"plain": "owner"},
}


def _person(id: str, email: str, roles: Any) -> Person:
    return Person(id, email, PASSWORD_HASH, NOW_MS, roles=roles)


def _key(id: str, scope: Scope, text: str, bot: str) -> Key:
    return Key(id, scope, hash_of(text), NOW_MS, bot)


_BOT: Final = "/data/v1/bots/{bot}"
_DASHBOARDS: Final = f"{_BOT}/dashboards"
_DASHBOARD: Final = f"{_DASHBOARDS}/{{dashboard}}"
_ALERTS: Final = f"{_BOT}/alerts"
_ALERT: Final = f"{_ALERTS}/{{alert}}"
_PERSON: Final = "/data/v1/people/{id}"
_ROLE: Final = f"{_BOT}/people/{{id}}"
_AWAY: Final = 503
"""Without ClickHouse and broker: whoever gets it was let in."""

_RULE: Final = {"text": "direction = in"}
_ALERT_WANTED: Final = {"name": "New", "measure": "events", "condition": {"op": "above", "threshold": 1}}
_PASSWORDS: Final = {"present": PASSWORD, "password": "another horse altogether"}
_MESSAGE: Final = {"user": "ada", "text": "hello"}
_INVITED: Final = {"email": "new@example.org", "roles": {"pizza": "viewer"}}
_NOT_THEIRS: Final = {"owner of another bot": 404}

ROUTES: Final[dict[str, Entry]] = {
    "GET /healthz": Entry("all", 200),
    "GET /readyz": Entry("all", _AWAY),
    "GET /metrics": Entry("all", 200),
    "GET /openapi.json": Entry("all", 200),
    "GET /docs": Entry("all", 200),
    "GET /static/{version}/{name}": Entry("all", 404),
    # ways in: whose key it is decides, not who has signed in
    "* /v1/events": Entry("senders", 200, _MESSAGE),
    "* /track": Entry("all", 400, _MESSAGE),
    "* /v1/{path}": Entry("senders of vendors", 400, _MESSAGE),
    "* /api/v1/{path}": Entry("senders of vendors", 400, _MESSAGE),
    "* /v2/messages": Entry("all", 401, _MESSAGE),
    "* /messages": Entry("all", 401, _MESSAGE),
    "* /bots/{uid}/events": Entry("senders of vendors", 400, _MESSAGE),
    "* /bots/{uid}/instances": Entry("senders of vendors", 201, {"instance": {"token": "t"}}),
    "* /bots/{uid}/instances/{id}": Entry("senders of vendors", 404, method="GET"),
    "* /bots/{uid}/users/{id}": Entry("senders of vendors", 400, {"user": {}}, method="PATCH"),
    "* /bots/{uid}/messages": Entry("senders of vendors", 400, _MESSAGE),
    "* /bots/{uid}/short_links": Entry("senders of vendors", 400, _MESSAGE),
    "* /to/{slug}": Entry("all", 302, method="GET"),
    "* /hooks/{platform}/{bot}": Entry("all", 401, _MESSAGE),
    "* /hooks/{platform}/{bot}/{key}": Entry("all", 401, _MESSAGE),
    # signing in, and what works without
    "POST /login": Entry("all", 200, {"email": EMAIL, "password": PASSWORD}),
    "POST /logout": Entry("all", 200),
    "POST /data/v1/reset": Entry("all", 200, {"email": EMAIL}),
    "POST /data/v1/set-password": Entry("all", 400, {"link": "no", "password": "another horse altogether"}),
    "GET /data/v1/me": Entry("signed in", 200),
    "PATCH /data/v1/me": Entry("signed in", 200, {"name": "Me"}),
    "POST /data/v1/me/password": Entry("signed in", 200, _PASSWORDS),
    "POST /data/v1/me/sign-out-everywhere": Entry("signed in", 200),
    # bots
    "GET /data/v1/bots": Entry("known", 200),
    "POST /data/v1/bots": Entry("administrators", 201, {"name": "New"}),
    f"GET {_BOT}": Entry("readers", 200),
    f"PATCH {_BOT}": Entry("owners", 200, {"name": "Other"}),
    f"DELETE {_BOT}": Entry("owners", 409, query="?confirm=pizza"),
    f"GET {_BOT}/removal": Entry("administrators", 200),
    f"POST {_BOT}/archive": Entry("owners", 200),
    f"POST {_BOT}/restore": Entry("owners", 200, but={"read key": 404}),
    f"GET {_BOT}/history": Entry("readers", 200),
    f"GET {_BOT}/instances": Entry("readers", 200),
    f"GET {_BOT}/instances/{{instance}}/history": Entry("readers", 200),
    # keys and webhooks
    f"GET {_BOT}/keys": Entry("owners", 200),
    f"POST {_BOT}/keys": Entry("owners", 201, {"scope": "read"}),
    f"POST {_BOT}/keys/{{key}}/rotate": Entry("owners", 201),
    f"DELETE {_BOT}/keys/{{key}}": Entry("owners", 200),
    f"GET {_BOT}/keys/{{key}}/history": Entry("owners", 200),
    "GET /data/v1/keys": Entry("administrators", 200),
    "POST /data/v1/keys": Entry("administrators", 201, {"scope": "admin"}),
    "POST /data/v1/keys/{key}/rotate": Entry("administrators", 201),
    "DELETE /data/v1/keys/{key}": Entry("administrators", 200),
    "GET /data/v1/keys/{key}/history": Entry("administrators", 200),
    f"GET {_BOT}/hooks": Entry("owners", 200),
    f"POST {_BOT}/hooks": Entry("owners", 201, {"platform": "slack", "secret": "abc"}),
    f"DELETE {_BOT}/hooks/{{hook}}": Entry("owners", 200),
    f"GET {_BOT}/hooks/{{hook}}/history": Entry("owners", 200),
    # dashboards
    f"GET {_DASHBOARDS}": Entry("readers", 200),
    f"POST {_DASHBOARDS}": Entry("editors", 201, {"name": "New", **_RULE}),
    f"GET {_DASHBOARD}": Entry("readers", 200),
    f"PATCH {_DASHBOARD}": Entry("editors", 200, {"name": "Other"}),
    f"DELETE {_DASHBOARD}": Entry("editors", 200),
    f"GET {_DASHBOARD}/history": Entry("readers", 200),
    f"POST {_DASHBOARDS}/preview": Entry("readers", _AWAY, _RULE),
    f"GET {_DASHBOARD}/backfill": Entry("readers", 200),
    f"POST {_DASHBOARD}/backfill": Entry("editors", _AWAY),
    f"GET {_DASHBOARD}/users": Entry("readers", _AWAY),
    f"GET {_DASHBOARD}/events": Entry("readers", _AWAY),
    "GET /data/v1/rules/schema": Entry("known", 200),
    "GET /bots/{uid}/dashboards/{id}/load_async.json": Entry("readers", _AWAY),
    # alerts
    f"GET {_ALERTS}": Entry("readers", 200),
    f"POST {_ALERTS}": Entry("editors", 201, _ALERT_WANTED),
    f"GET {_ALERT}": Entry("readers", 200),
    f"PATCH {_ALERT}": Entry("editors", 200, {"name": "Other"}),
    f"DELETE {_ALERT}": Entry("editors", 200),
    f"GET {_ALERT}/history": Entry("readers", 200),
    f"GET {_ALERT}/transitions": Entry("readers", 200),
    f"GET {_ALERT}/deliveries": Entry("readers", 200),
    f"POST {_ALERT}/test": Entry("editors", 200),
    # people
    "GET /data/v1/people": Entry("owners of any bot", 200),
    "POST /data/v1/people": Entry("owners of any bot", 201, _INVITED, but={"owner of another bot": 403}),
    f"GET {_PERSON}": Entry("readers", 200, but={"viewer": 404, "editor": 404, "read key": 404}),
    f"PATCH {_PERSON}": Entry("administrators", 200, {"name": "Other"}),
    f"DELETE {_PERSON}": Entry("administrators", 200),
    f"POST {_PERSON}/link": Entry("owners of any bot", 200, but=_NOT_THEIRS),
    f"GET {_PERSON}/history": Entry("administrators", 200),
    f"GET {_BOT}/people": Entry("owners", 200),
    f"PUT {_ROLE}": Entry("owners", 200, {"role": "editor"}),
    f"DELETE {_ROLE}": Entry("owners", 200),
    # reading
    f"GET {_BOT}/series": Entry("readers", _AWAY, query="?measure=events"),
    f"GET {_BOT}/retention": Entry("readers", _AWAY),
    f"GET {_BOT}/events": Entry("readers", _AWAY),
    f"GET {_BOT}/users": Entry("readers", _AWAY),
    f"GET {_BOT}/users/{{user}}": Entry("readers", _AWAY),
    f"GET {_BOT}/conversations/{{conversation}}": Entry("readers", _AWAY),
    f"GET {_BOT}/live": Entry("readers", 200),
    "POST /data/v1/sql": Entry("known", _AWAY, {"query": "SELECT 1"}),
    "POST /data/v1/explain": Entry("known", 200, _MESSAGE, query="?way=native"),
    "GET /data/v1/pipeline": Entry("known", 200),
    "GET /data/v1/registry": Entry("administrators", 200),
    # pages
    "GET /login": Entry("all", 200, but=dict.fromkeys(_WITH_READING, 303)),
    "GET /reset": Entry("all", 200),
    "GET /set-password": Entry("all", 400),
    "GET /account": Entry("pages", 200, but=_KEYS_REFUSED),
    "GET /people": Entry("pages", 200, but={role: status for role, status in _MANAGES.items() if status == 403}),
    "GET /": Entry("pages", 200, but=dict.fromkeys((*_READING_KEYS, "owner of another bot"), 303)),
    "GET /bots": Entry("pages", 200),
    "GET /bots/{bot}": Entry("pages", 200, but=dict.fromkeys(("read key of another bot", "owner of another bot"), 404)),
}  # fmt: skip
