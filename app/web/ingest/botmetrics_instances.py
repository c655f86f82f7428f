"""
Installs, as Botmetrics' clients register them: the registry keeps them, and the stream has a `bot-installed` of each.

A client polls the state until it is `enabled`.  Nothing is asked of the platform's own servers, so it is at once, and stays
so until somebody says otherwise.  Of a token only the SHA-256 is kept.
"""

from __future__ import annotations

from app.core.api_keys import hash_of
from app.core.commands.instances import (
    add_instance,
    change_instance,
    instance_number,
    instance_of,
    instance_with,
)
from app.core.platforms import canonical
from app.core.platforms.fields import named, text
from app.core.platforms.voice import time_of
from app.core.refusal import Refusal
from app.core.registry import Instance, State
from app.ports import Decide, Refused
from app.web.errors import Fault
from app.web.ingest.botmetrics_call import Call, encode, keep
from app.web.ingest.reply import Reply
from app.web.parts import PARTS

__all__ = ["change", "register", "show"]


async def register(call: Call) -> Reply:
    """Answer 201 with the number of the install, when it is known and its event is durable."""
    told = named(call.parameters.get("instance"))
    token = text(told.get("token"))
    if not token:
        raise Fault(400, "no_token", "instance[token] is missing: send the token of the installation")
    now_ms = call.request.app[PARTS].clock()
    sha256 = hash_of(token)
    instance = Instance(
        instance_number(sha256),
        call.bot.id,
        canonical(call.bot.platform),
        sha256,
        now_ms,
        time_of(told.get("created_at")) or now_ms,
        "enabled",
        text(told.get("uid")),
    )
    state = await _change(call, lambda state: add_instance(state, instance))
    known = instance_with(state, sha256) or instance
    await keep(
        call, "instance", {"id": _number(known), "uid": known.uid, "created_at": told.get("created_at")}
    )

    return Reply(encode({"id": _number(known)}), 201)


async def show(call: Call) -> Reply:
    """Answer with the state of an install."""
    return Reply(encode({"state": _known(call).state}))


async def change(call: Call) -> Reply:
    """Give an install a new token; with it, it works again."""
    before = _known(call)
    told = named(call.parameters.get("instance"))
    token = text(told.get("token"))
    if not token:
        raise Fault(400, "no_token", "instance[token] is missing: send the new token of the installation")
    if before.platform == "slack":
        raise Fault(
            400, "no_change", "A team of Slack is registered anew, with POST: it has a token of its own"
        )
    changes = {"state": "enabled"} | ({"uid": text(told["uid"])} if text(told.get("uid")) else {})
    state = await _change(
        call, lambda state: change_instance(state, call.bot.id, before.id, changes, hash_of(token))
    )

    return Reply(encode({"id": _number(before), "state": state.instances[before.id].state}))


def _known(call: Call) -> Instance:
    found = instance_of(call.request.app[PARTS].registry.state, call.bot.id, call.request.match_info["id"])
    if isinstance(found, Refusal):
        raise Fault(404, found.code, found.message)

    return found


def _number(instance: Instance) -> int | str:
    """One that was registered elsewhere may have a name."""
    return int(instance.id) if instance.id.isdecimal() else instance.id


async def _change(call: Call, decide: Decide) -> State:
    try:
        return await call.request.app[PARTS].registry.change(decide, call.who)
    except Refused as error:
        raise Fault(400, error.refusal.code, error.refusal.message) from error
