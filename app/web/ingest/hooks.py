"""
The platforms' own webhooks: `GET` and `POST /hooks/{platform}/{bot}`, and `/hooks/{platform}/{bot}/{key}`.

    handshake           answered as the platform asks, from the bot's secrets
    signed platforms    the raw bytes are checked with any active secret of this bot and platform
    unsigned platforms  the last part of the address is the bot's ingest key

What is not known to be genuine is refused, counted and not kept.  What is genuine is stored as it came, one item a
request; what no reader understands becomes a dead letter later, since a platform that is refused sends no more.
"""

from __future__ import annotations

from typing import Final

import structlog
from aiohttp import web

from app.core.commands.hook_secrets import hooked
from app.core.outcome import Rejection
from app.core.platforms import Platform, canonical
from app.core.platforms.platform import Answer, Hook, Request
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE
from app.core.refusal import Refusal
from app.core.registry import Bot, hook_of
from app.errors import BotpulseError
from app.observe import EVENTS_REJECTED, HOOKS_REFUSED
from app.web.errors import Fault, error_body, next_request_id
from app.web.ingest.body import read_body
from app.web.ingest.intake import Arrival, Intake, Taken, plain
from app.web.ingest.reply import JSON_HEADERS, Reply
from app.web.parts import PARTS, SETTINGS, Parts

__all__ = ["METHODS", "PATHS", "WAY", "receive", "refuse"]

WAY: Final = "webhook"
PATHS: Final = (
    "/hooks/{platform}/{bot}",
    "/hooks/{platform}/{bot}/",
    "/hooks/{platform}/{bot}/{key}",
    "/hooks/{platform}/{bot}/{key}/",
)
METHODS: Final = frozenset({"GET", "POST"})

_LABELS: Final = {NOT_SET: "not_set", NO_SIGNATURE: "no_signature", WRONG_SIGNATURE: "wrong_signature"}

_log = structlog.get_logger(__name__)


async def receive(request: web.BaseRequest, intake: Intake) -> Reply:
    """Answer a platform."""
    assert isinstance(request, web.Request)
    name = canonical(request.match_info["platform"])
    platform = _platform(name)
    assert platform.hook is not None
    bot = _bot(request, name)
    _check_key(request, platform.hook, name, bot, intake)
    asked = await _asked(request)
    secrets = _secrets(request.app[PARTS], bot, name, platform.hook)
    answer = platform.hook.handshake(asked, secrets)
    if answer is not None:
        return _shaken(answer, name)
    if request.method == "GET":
        raise _refused(
            name, "no_handshake", 403, "This is no handshake that the bot's active secrets answer."
        )
    await _verify(asked, secrets, platform.hook, name, request.app[PARTS])
    body = platform.hook.decrypt(asked, secrets) if platform.hook.decrypt else asked.body
    return await _take(body, platform.hook, Arrival(bot, WAY, name, sdk=_client(request)), intake)


def refuse(fault: Fault) -> Reply:
    """Say no in our shape."""
    body = error_body(fault.code, fault.message, next_request_id())
    return Reply(body, fault.status, JSON_HEADERS | fault.headers)


def _platform(name: str) -> Platform:
    platform = hooked(name)
    if isinstance(platform, Refusal):
        raise _refused("unknown", platform.code, 404, platform.message)
    return platform


def _bot(request: web.Request, platform: str) -> Bot:
    name = request.match_info["bot"]
    bot = request.app[PARTS].registry.state.bots.get(name)
    if bot is None:
        raise _refused(platform, "unknown_bot", 404, f"There is no bot {plain(name)!r}; look at the address.")
    if bot.archived_at is not None:
        message = f"The bot {bot.id} is archived and takes no events any more."
        raise _refused(platform, "bot_archived", 403, message)
    return bot


def _check_key(request: web.Request, hook: Hook, platform: str, bot: Bot, intake: Intake) -> None:
    """Ask for the bot's ingest key where nothing is signed."""
    if hook.verify is not None:
        return
    key = request.match_info.get("key")
    if not key:
        message = f"{platform} signs nothing, so the address ends in the bot's ingest key: /hooks/{platform}/{bot.id}/KEY."
        raise _refused(platform, "no_key", 401, message)
    try:
        owner = intake.bot_of(key)
    except Fault as fault:
        raise _refused(platform, fault.code, fault.status, fault.message) from fault
    if owner.id != bot.id:
        raise _refused(platform, "wrong_bot", 403, "This is the key of another bot.")


async def _asked(request: web.Request) -> Request:
    settings = request.app[SETTINGS]
    body = await read_body(request, settings.max_request_bytes) if request.method == "POST" else b""
    path = request.raw_path if request.raw_path.startswith("/") else request.rel_url.raw_path_qs
    root = settings.public_url.rstrip("/") or f"{request.scheme}://{request.host}"
    return Request(
        method=request.method,
        url=root + path,
        query=dict(request.query),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        now_ms=request.app[PARTS].clock(),
    )


def _secrets(parts: Parts, bot: Bot, platform: str, hook: Hook) -> list[str]:
    secrets = []
    for sealed in hook_of(parts.registry.state, bot.id, platform):
        try:
            secrets.append(parts.seal.unseal(sealed))
        except BotpulseError as error:
            _log.error("hook_secret_not_opened", bot=bot.id, platform=platform, why=error.message)
    if hook.verify is not None and not secrets:
        raise _refused(platform, "not_set", 401, f"{NOT_SET}.")
    return secrets


def _shaken(answer: Answer, platform: str) -> Reply:
    if answer.status >= 400:
        raise _refused(platform, "handshake_refused", answer.status, answer.body.decode(errors="replace"))
    return _reply(answer)


async def _verify(asked: Request, secrets: list[str], hook: Hook, platform: str, parts: Parts) -> None:
    if hook.verify is None:
        return
    document = b""
    if hook.document is not None:
        url = hook.document(asked)
        document = await parts.documents.fetch(url, hook.document_hosts) if url else b""
        if not document:
            message = (
                "The request does not name a document of the platform that its signature can be checked with."
            )
            raise _refused(platform, "no_document", 401, message)
    why = hook.verify(asked, secrets, document)
    if why:
        raise _refused(platform, _LABELS.get(why, "refused"), 401, f"{why[:1].upper()}{why[1:]}.")


async def _take(body: bytes | Rejection, hook: Hook, arrival: Arrival, intake: Intake) -> Reply:
    item = body if isinstance(body, Rejection) else hook.unpack(body)
    if isinstance(item, Rejection):
        EVENTS_REJECTED.labels(WAY, item.reason).inc()
        taken = Taken(0, [(0, item)])
    else:
        taken = await intake.take(arrival, [item])
    if taken.rejected:
        why = taken.rejected[0][1]
        raise Fault(
            413 if taken.is_too_large else 400,
            why.reason,
            f"{why.message[:1].upper()}{why.message[1:].rstrip('.')}.",
        )
    return _reply(hook.answer)


def _client(request: web.Request) -> str:
    return plain(request.headers.get("User-Agent", ""))


def _reply(answer: Answer) -> Reply:
    # what is echoed must not be taken for a page of ours
    headers = {"Content-Type": answer.content_type, "X-Content-Type-Options": "nosniff"}
    return Reply(answer.body, answer.status, headers)


def _refused(platform: str, reason: str, status: int, message: str) -> Fault:
    HOOKS_REFUSED.labels(platform, reason).inc()
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 and reason == "no_key" else None
    return Fault(status, reason, message, headers)
