"""
Secrets of platforms' own webhooks: they come in, are used, and are told by nothing.

    GET, POST  /data/v1/bots/{bot}/hooks           owners
    DELETE     /data/v1/bots/{bot}/hooks/{hook}    GET .../history
"""

from __future__ import annotations

from typing import Final

import msgspec
from aiohttp import web

from app.adapters.ids import new_id
from app.core.commands.hook_secrets import add_hook_secret, hooked, revoke_hook_secret
from app.core.platforms import canonical
from app.core.refusal import Refusal
from app.core.registry import HookSecret
from app.core.shown import HookShown, hook_shown
from app.web.api.asking import answer, bot_of, or_fault, parameters
from app.web.api.bodies import body_of
from app.web.api.changing import change, created, history_of, now_ms, state_of, why_of
from app.web.errors import Fault
from app.web.parts import PARTS, SETTINGS

__all__ = ["HookList", "HookWanted", "attach"]

_LONGEST: Final = 4096


class HookWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A secret that a platform signs with, as the platform shows it; none for a platform that signs nothing."""

    platform: str
    secret: str = ""
    why: str = ""


class HookList(msgspec.Struct):
    """Secrets of webhooks, the oldest first."""

    hooks: list[HookShown]


def attach(app: web.Application) -> None:
    """Give *app* the secrets of webhooks."""
    base = "/data/v1/bots/{bot}/hooks"
    app.router.add_get(base, _list)
    app.router.add_post(base, _add)
    app.router.add_delete(f"{base}/{{hook}}", _revoke)
    app.router.add_get(f"{base}/{{hook}}/history", _history)


async def _list(request: web.Request) -> web.Response:
    bot = bot_of(request, "owner")
    parameters(request, ())
    found = [one for one in state_of(request).hook_secrets.values() if one.bot == bot.id]
    found.sort(key=lambda one: (one.created_at, one.id))
    return answer(HookList([hook_shown(one, _base_url(request)) for one in found]))


async def _add(request: web.Request) -> web.Response:
    bot = bot_of(request, "owner")
    parameters(request, ())
    asked = await body_of(request, HookWanted)
    name = canonical(asked.platform)
    hook = _hook_of(name)
    shown = hook_shown(HookSecret("", bot.id, name, now_ms(request)), _base_url(request))
    if hook is None:
        if asked.secret:
            message = f"{name} signs nothing: leave `secret` out, the address ends in the ingest key."
            raise Fault(400, "no_secret", message, field="secret")
        return created(
            msgspec.structs.replace(shown, id=None, url=f"{shown.url}/INGEST_KEY", created_at=None)
        )
    secret = asked.secret.strip()
    if not secret or len(secret.encode()) > _LONGEST or "\n" in secret:
        message = f"`secret` is one line of 1 to {_LONGEST} bytes, as the platform shows it."
        raise Fault(400, "bad_secret", message, field="secret")
    sealed = request.app[PARTS].seal.seal(secret)
    kept = HookSecret(new_id("h"), bot.id, name, now_ms(request), sealed)
    await change(request, lambda state: add_hook_secret(state, kept), asked.why)
    return created(hook_shown(kept, _base_url(request)))


async def _revoke(request: web.Request) -> web.Response:
    id_, why, when = _secret_of(request), why_of(request), now_ms(request)
    after = await change(request, lambda state: revoke_hook_secret(state, id_, when), why)
    return answer(hook_shown(after.hook_secrets[id_], _base_url(request)))


async def _history(request: web.Request) -> web.Response:
    return await history_of(request, "hook_secret", _secret_of(request))


def _secret_of(request: web.Request) -> str:
    """Return the id of the secret in the address, if the caller may change it."""
    bot, id_ = bot_of(request, "owner"), request.match_info["hook"]
    found = state_of(request).hook_secrets.get(id_)
    if found is None or found.bot != bot.id:
        raise Fault(404, "unknown_secret", f"There is no secret {id_[:60]!r} in this bot.", field="hook")
    return id_


def _hook_of(platform: str) -> object | None:
    """Return how *platform* signs, None where it does not; refuse one that has no webhook."""
    found = hooked(platform)
    if isinstance(found, Refusal):
        raise Fault(400, "no_hook", found.message, field="platform")
    hook = or_fault(found).hook
    return hook.verify if hook is not None else None


def _base_url(request: web.Request) -> str:
    return request.app[SETTINGS].public_url or f"{request.scheme}://{request.host}"
