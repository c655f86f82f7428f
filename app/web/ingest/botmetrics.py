"""
Botmetrics' way in: `/bots/<bot>/events` and what its SDKs call beside it, with the bot's ingest key as API key.

    POST  events             202   a platform's body, in the parameter `event`
    POST  instances          201   the bot was installed; its token is not kept
    GET   instances/<id>     200
    PATCH users/<user>       202   the user's time zone
    POST  messages           404   nothing is sent from here
    POST  short_links        200   see short_links.py

Parameters come as JSON, as a form or in the query, `instance[token]` or nested, as each client likes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from aiohttp import web

from app.core.bodies import mend
from app.core.dialects.botmetrics import split_event
from app.core.dialects.botmetrics_zones import zone_of
from app.core.platforms import canonical
from app.core.platforms.fields import json_text, named, text
from app.core.registry import Bot
from app.web.errors import Fault, next_request_id
from app.web.ingest.botmetrics_parameters import parameters_of
from app.web.ingest.intake import Arrival, Intake, Taken, plain
from app.web.ingest.reply import JSON_HEADERS, Reply
from app.web.ingest.short_links import instance_id, shorten

__all__ = ["METHODS", "PATHS", "WAY", "receive", "refuse"]

WAY: Final = "botmetrics"
METHODS: Final = frozenset({"GET", "PATCH", "POST", "PUT"})

_encode = msgspec.json.Encoder().encode


async def receive(request: web.BaseRequest, intake: Intake) -> Reply:
    """Answer a call for a bot."""
    assert isinstance(request, web.Request)
    methods, answer = _CALLS[_call_of(request)]
    if request.method not in methods:
        raise Fault(
            405, "method_not_allowed", f"This address takes {methods[0]}.", {"Allow": ", ".join(methods)}
        )
    bot = _bot(request, intake)
    parameters = parameters_of(request.query, await intake.body_of(request))

    return await answer(request, parameters, bot, intake)


def refuse(fault: Fault) -> Reply:
    """Say no under all the names by which its calls do; a key of no use is none, a bot that is no more is not there."""
    status = 404 if fault.code == "bot_archived" else 401 if fault.status == 403 else fault.status
    answer = {
        "error": fault.message,
        "errors": [fault.message],
        "message": fault.message,
        "request_id": next_request_id(),
    }

    return Reply(_encode(answer), status, JSON_HEADERS | fault.headers)


def _call_of(request: web.Request) -> str:
    return request.path.strip("/").split("/")[2] + ("/" if "id" in request.match_info else "")


def _bot(request: web.Request, intake: Intake) -> Bot:
    """Return the bot that is meant; the key comes bare or behind any word."""
    words = request.headers.get("Authorization", "").split()
    bot = intake.bot_of(unquote(words[-1]) if words else request.query.get("api_key"))
    if request.match_info["uid"] != bot.id:
        raise Fault(404, "unknown_bot", f"This key is not one of {plain(request.match_info['uid'])}.")

    return bot


async def _events(request: web.Request, parameters: Mapping[str, object], bot: Bot, intake: Intake) -> Reply:
    event = parameters.get("event")
    body = json_text(event).strip().encode("utf-8", "replace") if event is not None else b""
    found = split_event(mend(body), canonical(bot.platform))
    if isinstance(found, str):
        raise Fault(400, "bad_event", found)
    platform, items = found

    return _answer(await intake.take(_arrival(request, bot, platform, "event"), items))


async def _instances(
    request: web.Request, parameters: Mapping[str, object], bot: Bot, intake: Intake
) -> Reply:
    instance = named(parameters.get("instance"))
    token = text(instance.get("token"))
    if not token:
        raise Fault(400, "no_token", "instance[token] is missing: send the token of the installation")
    number = instance_id(token)
    item = {"id": number, "uid": text(instance.get("uid")), "created_at": instance.get("created_at")}
    await _take(request, bot, "instance", item, intake)

    return Reply(_encode({"id": number}), 201)


async def _instance(
    _request: web.Request, _parameters: Mapping[str, object], _bot: Bot, _intake: Intake
) -> Reply:
    # an instance needs nothing set up here, so whoever may ask has one that works
    return Reply(_encode({"state": "enabled"}))


async def _users(request: web.Request, parameters: Mapping[str, object], bot: Bot, intake: Intake) -> Reply:
    user = parameters.get("user")
    if isinstance(user, str):
        user = _object(user)
    zone = zone_of(text(named(user).get("timezone")))
    if not zone:
        raise Fault(400, "bad_zone", "no valid timezone provided")
    await _take(request, bot, "user", {"user": request.match_info["id"], "timezone": zone}, intake)

    return _accepted()


async def _messages(
    _request: web.Request, parameters: Mapping[str, object], bot: Bot, _intake: Intake
) -> Reply:
    message = named(parameters.get("message"))
    if not text(message.get("team_id")) or not (text(message.get("user")) or text(message.get("channel"))):
        raise Fault(400, "bad_message", "message needs team_id, and user or channel")
    if not text(message.get("text")) and not message.get("attachments"):
        raise Fault(400, "bad_message", "message needs text or attachments")
    raise Fault(
        404,
        "cannot_send",
        f"botpulse keeps no token of {bot.id} and sends nothing: send the message with the platform's own API",
    )


async def _short_links(
    request: web.Request, parameters: Mapping[str, object], bot: Bot, _intake: Intake
) -> Reply:
    return await shorten(request, text(parameters.get("user_id")), text(parameters.get("url")), bot)


Call = Callable[[web.Request, Mapping[str, object], Bot, Intake], Awaitable[Reply]]

_CALLS: Final[dict[str, tuple[tuple[str, ...], Call]]] = {
    "events": (("POST",), _events),
    "instances": (("POST",), _instances),
    "instances/": (("GET",), _instance),
    "users/": (("PATCH", "PUT"), _users),
    "messages": (("POST",), _messages),
    "short_links": (("POST",), _short_links),
}

PATHS: Final = tuple(
    f"/bots/{{uid}}/{call}{end}"
    for call in ("events", "instances", "instances/{id}", "users/{id}", "messages", "short_links")
    for end in ("", "/")
)


def _arrival(request: web.Request, bot: Bot, platform: str, type: str) -> Arrival:
    return Arrival(
        bot, WAY, platform, type, f"botmetrics {plain(request.headers.get('User-Agent', ''))}".strip()
    )


async def _take(request: web.Request, bot: Bot, type: str, item: dict[str, Any], intake: Intake) -> None:
    arrival = _arrival(request, bot, canonical(bot.platform), type)
    taken = await intake.take(arrival, [_encode(item)])
    if taken.rejected:
        raise Fault(400, "bad_value", taken.rejected[0][1].message)


def _object(json: str) -> object:
    try:
        return msgspec.json.decode(mend(json.encode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return None


def _answer(taken: Taken) -> Reply:
    messages = [one.message for _, one in taken.rejected]
    if messages and not taken.accepted:
        raise Fault(413 if taken.is_too_large else 400, "rejected", messages[0])

    return _accepted(messages)


def _accepted(warnings: list[str] | None = None) -> Reply:
    answer: dict[str, object] = {"success": True, "request_id": next_request_id()}

    return Reply(_encode(answer | ({"warnings": warnings} if warnings else {})), 202)
