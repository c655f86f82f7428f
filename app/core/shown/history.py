"""Who changed what, when and why, as people are shown it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.registry import Past, State
from app.core.shown.alerts import host_only
from app.core.times import iso

__all__ = ["PastShown", "past_shown"]

_NOTHING: Final[tuple[Any, ...]] = (None, "", {}, [])
_SECRET: Final = frozenset({"sha256", "token_sha256", "sealed", "password"})


class PastShown(msgspec.Struct):
    """
    One change of one object.

    `who` is `person:<id>`, `key:<id>` or `cli:<user>`, `name` the person's e-mail or the key's name; `changed` holds each
    field that is another since, as [before, after].
    """

    at: str | None
    who: str
    name: str
    why: str
    what: str
    revision: int
    changed: dict[str, list[Any]]


def past_shown(state: State, past: list[Past]) -> list[PastShown]:
    """Return what happened to one object for people, the newest first."""
    found, before = list[PastShown](), dict[str, Any]()
    for one in past:
        after = _plain(msgspec.structs.asdict(one.fact.subject))
        changed = {
            name: [_hidden(before.get(name)), _hidden(value)]
            for name, value in after.items()
            if before.get(name) != value and (before or value not in _NOTHING)
        }
        found.append(
            PastShown(
                iso(one.when),
                one.who,
                _name(state, one.who),
                one.why,
                one.fact.type,
                one.fact.revision,
                changed,
            )
        )
        before = after
    found.reverse()

    return found


def _name(state: State, who: str) -> str:
    kind, _, id_ = who.partition(":")
    if kind == "person":
        person = state.people.get(id_)
        return person.email if person else ""
    key = state.keys.get(id_) if kind == "key" else None
    return key.name if key else ""


def _hidden(value: Any) -> Any:
    """Return *value* without the paths of webhooks, which whoever reads the bot must not know."""
    if isinstance(value, list):
        return [_hidden(one) for one in value]
    if isinstance(value, dict) and value.get("kind") == "webhook" and "to" in value:
        return value | {"to": host_only("webhook", value["to"])}
    return value


def _plain(value: Any) -> Any:
    """Return *value* as JSON has it, without what is secret."""
    if isinstance(value, msgspec.Struct):
        return _plain(msgspec.to_builtins(value))
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name not in _SECRET}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
