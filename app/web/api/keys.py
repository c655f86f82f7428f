"""
API keys. A key's text is told once, when it is made.

    GET, POST  /data/v1/bots/{bot}/keys                 owners of the bot
    POST       /data/v1/bots/{bot}/keys/{key}/rotate    DELETE /data/v1/bots/{bot}/keys/{key}    GET .../history
    GET, POST  /data/v1/keys                            administrators: keys of every bot, and those for all of them
    POST       /data/v1/keys/{key}/rotate               DELETE /data/v1/keys/{key}               GET .../history
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

import msgspec
from aiohttp import web

from app.adapters.ids import new_id
from app.core.api_keys import made_key
from app.core.commands.keys import create_key, revoke_key, rotate_key
from app.core.registry import Key, Scope, State
from app.core.shown import KeyShown, key_shown
from app.core.times import END_MS
from app.web.api.asking import admin_of, answer, bot_of, parameters
from app.web.api.bodies import body_of
from app.web.api.changing import change, created, history_of, now_ms, state_of, why_of
from app.web.errors import Fault

__all__ = ["KeyList", "KeyMade", "KeyRotation", "KeyWanted", "KeyWantedAnywhere", "attach"]


class KeyWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A key to be. `channel` is for scope botanalytics-v2: what its SDK sends."""

    scope: Scope
    channel: str = ""
    name: str = ""
    expires_at: datetime | None = None
    why: str = ""


class KeyWantedAnywhere(KeyWanted):
    """A key to be; without a bot it is for all of them."""

    bot: str | None = None


class KeyRotation(msgspec.Struct, forbid_unknown_fields=True):
    """How long the old key goes on, at most 30 days."""

    grace_s: int = 0
    why: str = ""


class KeyMade(KeyShown):
    """A key with its text, which is told only now."""

    key: str


class KeyList(msgspec.Struct):
    """Keys, the oldest first."""

    keys: list[KeyShown]


def attach(app: web.Application) -> None:
    """Give *app* keys."""
    for base in ("/data/v1/bots/{bot}/keys", "/data/v1/keys"):
        app.router.add_get(base, _list)
        app.router.add_post(base, _create)
        app.router.add_post(f"{base}/{{key}}/rotate", _rotate)
        app.router.add_delete(f"{base}/{{key}}", _revoke)
        app.router.add_get(f"{base}/{{key}}/history", _history)


async def _list(request: web.Request) -> web.Response:
    bot = _bot_of(request)
    parameters(request, ())
    state = state_of(request)
    found = [key for key in state.keys.values() if bot is None or key.bot == bot]
    return answer(KeyList([key_shown(state, key) for key in _by_age(found)]))


async def _create(request: web.Request) -> web.Response:
    bot = _bot_of(request)
    parameters(request, ())
    asked = await body_of(request, KeyWanted if bot else KeyWantedAnywhere)
    if isinstance(asked, KeyWantedAnywhere):
        bot = asked.bot
    when = now_ms(request)
    key, text = made_key(new_id("k"), asked.scope, secrets.randbits(256), when, bot, asked.channel)
    key = msgspec.structs.replace(key, name=asked.name, expires_at=_ms_of(asked.expires_at))
    after = await change(request, lambda state: create_key(state, key), asked.why)
    return created(_made(after, key.id, text))


async def _rotate(request: web.Request) -> web.Response:
    old = _key_of(request)
    parameters(request, ())
    asked = await body_of(request, KeyRotation) if request.can_read_body else KeyRotation()
    when = now_ms(request)
    new, text = made_key(new_id("k"), old.scope, secrets.randbits(256), when, old.bot, old.channel)
    after = await change(
        request, lambda state: rotate_key(state, old.id, new, when, asked.grace_s), asked.why
    )
    return created(_made(after, new.id, text))


async def _revoke(request: web.Request) -> web.Response:
    key, why, when = _key_of(request), why_of(request), now_ms(request)
    after = await change(request, lambda state: revoke_key(state, key.id, when), why)
    return answer(key_shown(after, after.keys[key.id]))


async def _history(request: web.Request) -> web.Response:
    return await history_of(request, "key", _key_of(request).id)


def _bot_of(request: web.Request) -> str | None:
    """Return the bot of the address, None for all, if the caller may give out keys there."""
    if "bot" in request.match_info:
        return bot_of(request, "owner").id
    admin_of(request)
    return None


def _key_of(request: web.Request) -> Key:
    bot, id_ = _bot_of(request), request.match_info["key"]
    key = state_of(request).keys.get(id_)
    if key is None or (bot is not None and key.bot != bot):
        raise Fault(404, "unknown_key", f"There is no key {id_[:60]!r} here.", field="key")
    return key


def _made(state: State, key: str, text: str) -> KeyMade:
    return KeyMade(**msgspec.structs.asdict(key_shown(state, state.keys[key])), key=text)


def _ms_of(instant: datetime | None) -> int | None:
    if instant is None:
        return None
    at = int(instant.timestamp() * 1000) if instant.tzinfo else -1
    if not 0 <= at < END_MS:
        message = "`expires_at` is an instant until 2100 with its zone, such as 2030-01-31T12:00:00Z."
        raise Fault(400, "bad_expiry", message, field="expires_at")
    return at


def _by_age(keys: Iterable[Key]) -> list[Key]:
    """Return the oldest first; those of one instant in the order of the log."""
    return sorted(keys, key=lambda key: key.created_at)
