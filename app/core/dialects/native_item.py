"""
The object of `POST /v1/events`: its fields, what they may hold, and how a refusal is worded.

Nearly every item is flat, holds known fields only, and takes one strict decode.  Any other is decoded again, loosely.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

import msgspec

from app.core.bodies import TOO_DEEP, not_json, object_of, too_deep
from app.core.events import MAX_AMOUNT
from app.core.outcome import Reason, Rejection
from app.core.platforms.building import MAX_ID
from app.core.times import ACCEPTED_TIMES, parse_at

__all__ = ["Intent", "Item", "parse_item"]

Name = Annotated[str, msgspec.Meta(max_length=MAX_ID)]
Scalar = str | int | float | bool | None
Amount = Annotated[float, msgspec.Meta(ge=-MAX_AMOUNT, le=MAX_AMOUNT)]


class Intent(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """What the user meant. `inputs` is `{name: value}` or `[{name, value}]`."""

    name: Name | None = None
    confidence: float | None = None
    inputs: dict[str, Any] | list[Any] | None = None


class Item(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """
    The fields of api.md and `locale`. Absent and null are the same.

    From `parse_item` it comes with a user, with `at` in milliseconds, and with its unknown fields among its attributes.
    """

    user: Name | None = None
    direction: Literal["in", "out"] | None = None
    type: Name | None = None
    text: str | None = None
    at: str | int | float | None = None
    id: Name | None = None
    conversation: Name | None = None
    session: Name | None = None
    intent: Name | Intent | None = None
    platform: Name | None = None
    locale: Name | None = None
    attributes: dict[str, Scalar] | None = None
    user_attributes: dict[str, Scalar] | None = None
    amount: Amount | None = None
    currency: Name | None = None
    attachments: list[dict[str, Any]] | None = None


def parse_item(raw: bytes) -> Item | Rejection:  # noqa: PLR0911  a return for each refusal
    """Return the item that *raw* holds, or why it cannot be kept."""
    try:
        item = _strict.decode(raw)
    except msgspec.ValidationError:
        loose = _parse_loosely(raw)
        if isinstance(loose, Rejection):
            return loose
        item = loose
    except RecursionError:
        return TOO_DEEP
    except ValueError as error:
        return not_json(error)
    if not item.user:
        return _MISSING_USER
    if item.at is not None:
        at = parse_at(item.at)
        if at is None:
            return _bad_time(item.at)
        item.at = at
    # only here a strict item may hold JSON of any depth; a loose one was measured
    if (item.attachments or (type(item.intent) is Intent and item.intent.inputs)) and too_deep(raw):
        return TOO_DEEP

    return item


class _LooseIntent(Intent, gc=False, forbid_unknown_fields=False):
    """An intent with more to it, which is not kept."""


class _LooseItem(Item, gc=False, forbid_unknown_fields=False):
    """What else is taken: ids that are numbers, attributes that are JSON, fields that we do not know."""

    user: Name | int | None = None  # type: ignore[assignment]
    id: Name | int | None = None  # type: ignore[assignment]
    conversation: Name | int | None = None  # type: ignore[assignment]
    session: Name | int | None = None  # type: ignore[assignment]
    intent: Name | _LooseIntent | None = None
    attributes: dict[str, Any] | None = None
    user_attributes: dict[str, Any] | None = None


_strict: Final = msgspec.json.Decoder(Item)
_loose: Final = msgspec.json.Decoder(_LooseItem)
_KNOWN: Final = frozenset(Item.__struct_fields__)
_IDS: Final = ("user", "id", "conversation", "session")


def _parse_loosely(raw: bytes) -> Item | Rejection:
    members = object_of(raw)
    if isinstance(members, Rejection):
        return members
    try:
        item = _loose.decode(raw)
    except msgspec.ValidationError as error:
        return _explain(str(error))
    for field in _IDS:
        value = getattr(item, field)
        if isinstance(value, int):
            setattr(item, field, str(value))
            if len(str(value)) > MAX_ID:
                return _refuse(Reason.BAD_VALUE, field)
    unknown = {name: value for name, value in members.items() if name not in _KNOWN}
    item.attributes = unknown | (item.attributes or {})

    return item


_NAME: Final = f"a string of at most {MAX_ID} characters"
_ID: Final = f"a string or a whole number of at most {MAX_ID} characters"
_MEMBERS: Final = "an object of names and values, whose numbers a computer can keep"

_EXPECTED: Final = {
    "user": _ID,
    "direction": '"in" (user to bot) or "out" (bot to user)',
    "type": f'"message" or the name of an event, {_NAME}',
    "text": "a string",
    "id": _ID,
    "conversation": _ID,
    "session": _ID,
    "intent": f"a name, {_NAME}, or {{name, confidence, inputs}} with a number as confidence",
    "platform": _NAME,
    "locale": _NAME,
    "attributes": _MEMBERS,
    "user_attributes": _MEMBERS,
    "amount": f"a number from {-MAX_AMOUNT} to {MAX_AMOUNT}",
    "currency": _NAME,
    "attachments": "an array of objects",
}

_MISSING_USER: Final = Rejection(
    Reason.MISSING_USER, "`user` is missing; send the id of the person who talks with the bot", "user"
)

_WRONG_VALUE: Final = re.compile(r"of length|Invalid enum|out of range|Expected `float` [<>]")


def _explain(error: str) -> Rejection:
    """Turn the words of msgspec into ours."""
    path = error.partition(" - at `$.")[2].removesuffix("`")
    field = re.split(r"[.\[]", path, maxsplit=1)[0]
    if field == "at":
        return Rejection(Reason.BAD_TIME, f"`at` is no time; send {ACCEPTED_TIMES}", path)

    return _refuse(Reason.BAD_VALUE if _WRONG_VALUE.search(error) else Reason.WRONG_TYPE, field, path)


def _refuse(reason: Reason, field: str, path: str = "") -> Rejection:
    return Rejection(reason, f"`{field}` must be {_EXPECTED[field]}", path or field)


_SHOWN: Final = 40


def _bad_time(value: str | float) -> Rejection:
    shown = str(value) if len(str(value)) <= _SHOWN else f"{str(value)[:_SHOWN]}..."

    return Rejection(Reason.BAD_TIME, f"`at` is {shown!r}; send {ACCEPTED_TIMES}", "at")
