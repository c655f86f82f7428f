"""
Installs of a bot: register, change. What is kept of a token is its hash, unless somebody wants it sealed.

Of Messenger and Kik a bot has one install, of Slack one in each team; elsewhere installs are told apart by their tokens.
Nobody asks a vendor's cloud here: an install works as soon as it is registered, and `state` says what we were told since.
"""

from __future__ import annotations

import hashlib
from itertools import count
from typing import Any, Final

import msgspec

from app.core.commands.bots import no_bot
from app.core.refusal import Refusal
from app.core.registry import Fact, Instance, State
from app.core.registry.judging import place_of

__all__ = [
    "MOST_INSTANCES",
    "add_instance",
    "change_instance",
    "instance_number",
    "instance_of",
    "instance_with",
]

MOST_INSTANCES: Final = 10_000
"""Of one bot: every process keeps all of them in memory."""

_STATES: Final = ("pending", "enabled", "disabled")
_LONGEST: Final = 500
_MOST_ATTRIBUTES: Final = 50
_CHANGEABLE: Final = ("state", "uid", "attributes", "installed_at")


def add_instance(state: State, instance: Instance) -> list[Fact] | Refusal:
    """
    Return the facts that *instance* is there, with its token.

    Where the bot can have no second one, or this is the same install again, what is there takes over what *instance* says
    and keeps its id.  Its own id counts only where it is new, and gives way where another install has it.
    """
    if instance.bot not in state.bots:
        return no_bot(instance.bot)
    fault = _fault_of(instance)
    if fault:
        return fault
    own = [one for one in state.instances.values() if one.bot == instance.bot]
    before = next((one for one in own if _is_same(one, instance)), None)
    if before is None:
        if len(own) >= MOST_INSTANCES:
            return Refusal("too_many", f"A bot has at most {MOST_INSTANCES} installs.")
        return [state.fact("instance_added", _with_free_id(state, instance))]
    after = _merged(before, instance)

    return [] if after == before else [state.fact("instance_changed", after)]


def change_instance(
    state: State, bot: str, id: str, changes: dict[str, Any], token_sha256: str = "", sealed: str = ""
) -> list[Fact] | Refusal:
    """Return the fact that an install has new values for state, uid, attributes or installed_at, or another token."""
    before = instance_of(state, bot, id)
    if isinstance(before, Refusal):
        return before
    if changes.get("state", before.state) not in _STATES:
        return Refusal("bad_state", f"An install is {', '.join(_STATES)}.", "state")
    after = msgspec.structs.replace(
        before, **{name: changes[name] for name in _CHANGEABLE if name in changes}
    )
    if token_sha256:
        after = msgspec.structs.replace(after, token_sha256=token_sha256, sealed=sealed)
    fault = _fault_of(after)
    if fault or after == before:
        return fault or []

    return [state.fact("instance_changed", after)]


def instance_of(state: State, bot: str, id: str) -> Instance | Refusal:
    """Return the install *id* of *bot*."""
    found = state.instances.get(id)
    if found is None or found.bot != bot:
        return Refusal("unknown_instance", f"There is no install {id[:60]!r} of this bot.", "instance")
    return found


def instance_with(state: State, token_sha256: str) -> Instance | None:
    """Return the install that has a token."""
    return state.instances.get(state.taken.get(f"token:{token_sha256}", "").partition(":")[2])


def instance_number(token_sha256: str, again: int = 0) -> str:
    """Return the number by which Botmetrics' clients know an install: of its token, which it does not tell."""
    digest = (
        hashlib.sha256(f"{token_sha256}{again}".encode()).digest() if again else bytes.fromhex(token_sha256)
    )

    return str(int.from_bytes(digest[:6], "big"))


def _with_free_id(state: State, instance: Instance) -> Instance:
    """An install that has another token by now keeps the id of its first one."""
    if instance.id not in state.instances:
        return instance
    ids = (instance_number(instance.token_sha256, again) for again in count(1))

    return msgspec.structs.replace(instance, id=next(id_ for id_ in ids if id_ not in state.instances))


def _is_same(one: Instance, other: Instance) -> bool:
    if one.token_sha256 == other.token_sha256:
        return True
    place = place_of(other)

    return bool(place) and place_of(one) == place


def _merged(before: Instance, new: Instance) -> Instance:
    """Return *before* with what *new* knows; a second registration without a date leaves the date alone."""
    return msgspec.structs.replace(
        before,
        token_sha256=new.token_sha256,
        sealed=new.sealed or (before.sealed if new.token_sha256 == before.token_sha256 else ""),
        state=new.state,
        uid=new.uid or before.uid,
        attributes={**before.attributes, **new.attributes},
        installed_at=before.installed_at if new.installed_at == new.created_at else new.installed_at,
    )


def _fault_of(instance: Instance) -> Refusal | None:
    texts = (instance.uid, *instance.attributes, *instance.attributes.values())
    if any(len(text) > _LONGEST for text in texts) or len(instance.attributes) > _MOST_ATTRIBUTES:
        return Refusal(
            "bad_instance",
            f"An install's uid and attributes have at most {_LONGEST} characters each, and there are at most "
            f"{_MOST_ATTRIBUTES} attributes.",
            "uid" if len(instance.uid) > _LONGEST else "attributes",
        )
    if instance.installed_at < 0:
        return Refusal("bad_time", "An install lies after 1970.", "installed_at")
    return None
