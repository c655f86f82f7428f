"""
Botmetrics' way in: `/bots/<bot>/events` and what its SDKs call beside it, with the bot's ingest key as API key.

    POST  events             202   a platform's body, in the parameter `event`
    POST  instances          201   the bot was installed; see botmetrics_instances.py
    GET   instances/<id>     200   its state
    PATCH instances/<id>     200   its new token
    PATCH users/<user>       202   the user's time zone
    POST  messages           404   nothing is sent from here
    POST  short_links        200   see short_links.py

Parameters come as JSON, as a form or in the query, `instance[token]` or nested, as each client likes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote

import msgspec
from aiohttp import web

from app.core.bodies import mend
from app.core.dialects.botmetrics import split_event
from app.core.dialects.botmetrics_zones import zone_of
from app.core.platforms import canonical
from app.core.platforms.fields import json_text, named, text
from app.core.registry import Bot, Key
from app.web.errors import Fault, next_request_id
from app.web.ingest import botmetrics_instances
from app.web.ingest.botmetrics_call import WAY, Call, arrival, encode, keep
from app.web.ingest.botmetrics_parameters import parameters_of
from app.web.ingest.intake import Intake, Taken, plain
from app.web.ingest.reply import JSON_HEADERS, Reply
from app.web.ingest.short_links import shorten

__all__ = ["METHODS", "PATHS", "WAY", "receive", "refuse"]

METHODS: Final = frozenset({"GET", "PATCH", "POST", "PUT"})


async def receive(request: web.BaseRequest, intake: Intake) -> Reply:
    """Answer a call for a bot."""
    assert isinstance(request, web.Request)
    answers = _ANSWERS[_call_of(request)]
    if request.method not in answers:
        allowed = ", ".join(answers)
        raise Fault(405, "method_not_allowed", f"This address takes {allowed}.", {"Allow": allowed})
    bot, key = _holder(request, intake)
    parameters = parameters_of(request.query, await intake.body_of(request))

    return await answers[request.method](Call(request, parameters, bot, f"key:{key.id}", intake))


def refuse(fault: Fault) -> Reply:
    """Say no under all the names by which its calls do; a key of no use is none, a bot that is no more is not there."""
    status = 404 if fault.code == "bot_archived" else 401 if fault.status == 403 else fault.status
    answer = {
        "error": fault.message,
        "errors": [fault.message],
        "message": fault.message,
        "request_id": next_request_id(),
    }

    return Reply(encode(answer), status, JSON_HEADERS | fault.headers)


def _call_of(request: web.Request) -> str:
    return request.path.strip("/").split("/")[2] + ("/" if "id" in request.match_info else "")


def _holder(request: web.Request, intake: Intake) -> tuple[Bot, Key]:
    """Return the bot that is meant and the key, which comes bare or behind any word."""
    words = request.headers.get("Authorization", "").split()
    bot, key = intake.holder_of(unquote(words[-1]) if words else request.query.get("api_key"), "ingest")
    if request.match_info["uid"] != bot.id:
        raise Fault(404, "unknown_bot", f"This key is not one of {plain(request.match_info['uid'])}.")

    return bot, key


async def _events(call: Call) -> Reply:
    event = call.parameters.get("event")
    body = json_text(event).strip().encode("utf-8", "replace") if event is not None else b""
    found = split_event(mend(body), canonical(call.bot.platform))
    if isinstance(found, str):
        raise Fault(400, "bad_event", found)
    platform, items = found

    return _answer(await call.intake.take(arrival(call, platform, "event"), items))


async def _users(call: Call) -> Reply:
    user = call.parameters.get("user")
    if isinstance(user, str):
        user = _object(user)
    zone = zone_of(text(named(user).get("timezone")))
    if not zone:
        raise Fault(400, "bad_zone", "no valid timezone provided")
    await keep(call, "user", {"user": call.request.match_info["id"], "timezone": zone})

    return _accepted()


async def _messages(call: Call) -> Reply:
    message = named(call.parameters.get("message"))
    if not text(message.get("team_id")) or not (text(message.get("user")) or text(message.get("channel"))):
        raise Fault(400, "bad_message", "message needs team_id, and user or channel")
    if not text(message.get("text")) and not message.get("attachments"):
        raise Fault(400, "bad_message", "message needs text or attachments")
    raise Fault(
        404,
        "cannot_send",
        f"botpulse keeps no token of {call.bot.id} and sends nothing: send the message with the platform's own API",
    )


async def _short_links(call: Call) -> Reply:
    asked = call.parameters

    return await shorten(call.request, text(asked.get("user_id")), text(asked.get("url")), call.bot)


_ANSWERS: Final[dict[str, dict[str, Callable[[Call], Awaitable[Reply]]]]] = {
    "events": {"POST": _events},
    "instances": {"POST": botmetrics_instances.register},
    "instances/": {
        "GET": botmetrics_instances.show,
        "PATCH": botmetrics_instances.change,
        "PUT": botmetrics_instances.change,
    },
    "users/": {"PATCH": _users, "PUT": _users},
    "messages": {"POST": _messages},
    "short_links": {"POST": _short_links},
}

PATHS: Final = tuple(
    f"/bots/{{uid}}/{call}{end}"
    for call in ("events", "instances", "instances/{id}", "users/{id}", "messages", "short_links")
    for end in ("", "/")
)


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

    return Reply(encode(answer | ({"warnings": warnings} if warnings else {})), 202)
