"""
WhatsApp's Cloud API: the business account's webhook body, and the call by which bots send.

    {object, entry: [{id, changes: [{field, value: {metadata, contacts, messages, statuses}}]}]}
    {messaging_product, to, type, text: {body}, ...}   a message that is sent, with its answer's `messages[].id`

Times are seconds, as text.  What the business writes on its own phone comes as `message_echoes`.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import generic
from app.core.platforms.building import add, identify, make_event
from app.core.platforms.context import Context
from app.core.platforms.facebook_hook import META_HOOK
from app.core.platforms.fields import first, flat, flats, head, listed, named, number, text
from app.core.platforms.platform import Platform
from app.core.platforms.whatsapp_message import attributes_of, kind_of, said_in
from app.core.times import parse_at

__all__ = ["WHATSAPP", "read"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read a webhook body or a call that sends."""
    outcome = Outcome()
    if isinstance(body.get("entry"), list):
        for place, entry in enumerate(body["entry"]):
            _read_entry(entry, f"entry[{place}]", context, outcome)
    elif "to" in body or body.get("status") == "read":
        add(outcome, _sent(body, context), "to")
    elif any(isinstance(body.get(name), list) for name in _LISTS):
        _read_value(body, "", None, context, outcome)
    else:
        why = "this is neither a webhook body (`entry`) nor a call that sends (`to`, `type`)"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why))

    return outcome


WHATSAPP: Final = Platform(read, generic.read, (), META_HOOK)

_LISTS: Final = ("messages", "message_echoes", "statuses", "user_preferences")


def _read_entry(entry: object, path: str, context: Context, outcome: Outcome) -> None:
    changes = named(entry).get("changes")
    if not isinstance(changes, list):
        why = "an entry must be an object with an array `changes`"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why, path))
        return
    at = _seconds(named(entry).get("time"))
    for place, change in enumerate(changes):
        where = f"{path}.changes[{place}]"
        value = named(change).get("value")
        if not isinstance(value, dict):
            why = "a change must be an object with an object `value`"
            outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why, where))
        elif any(isinstance(value.get(name), list) for name in _LISTS):
            _read_value(value, f"{where}.value.", at, context, outcome)
        else:
            add(outcome, _notice(named(change), at, context), where)


def _read_value(value: dict[str, Any], path: str, at: int | None, context: Context, outcome: Outcome) -> None:
    people = {_id_of(contact): contact for contact in map(named, listed(value.get("contacts")))}
    for name in _LISTS:
        for place, item in enumerate(listed(value.get(name))):
            where = f"{path}{name}[{place}]"
            if not isinstance(item, dict):
                outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, "this must be an object", where))
                continue
            if name == "statuses":
                event = _status(item, context)
            elif name == "user_preferences":
                event = _preference(item, at, context)
            else:
                event = _message(item, name == "message_echoes", context)
            event.attributes |= flat("phone_number_id", named(value.get("metadata")).get("phone_number_id"))
            _add_profile(event, people.get(event.user_id, {}))
            add(outcome, event, where)


def _id_of(contact: dict[str, object]) -> str:
    return first([contact.get("wa_id"), contact.get("user_id")])


def _add_profile(event: BotEvent, contact: dict[str, object]) -> None:
    profile = named(contact.get("profile"))
    event.user_attributes = flats(
        {
            "name": profile.get("name"),
            "username": profile.get("username"),
        }
    )


def _message(message: dict[str, Any], is_echo: bool, context: Context) -> BotEvent:
    kind = kind_of(message)
    user_id = first(message.get(name) for name in (_TO if is_echo else _FROM))
    is_signal = kind in _SIGNALS
    direction: Direction = "none" if is_signal else "out" if is_echo else "in"
    about = named(message.get(text(message.get("type"))))
    message_id = first([about.get("message_id"), about.get("original_message_id"), message.get("id")])
    at = _seconds(message.get("timestamp"))
    event = make_event(context, kind, direction, user_id, at, message_id)
    event.text = said_in(message)
    event.conversation_id = text(message.get("group_id"))
    event.attributes = attributes_of(message)

    return event


_FROM: Final = ("from", "from_user_id")
_TO: Final = ("to", "to_user_id")
_SIGNALS: Final = ("reaction", "delete", "system", "session_start")


def _status(status: dict[str, Any], context: Context) -> BotEvent:
    name = text(status.get("status"))
    kind = _STATUSES.get(name, "system")
    user_id = first([status.get("recipient_id"), status.get("recipient_user_id")])
    at = _seconds(status.get("timestamp"))
    event = make_event(context, kind, "none", user_id, at, text(status.get("id")))
    error = head(status.get("errors"))
    event.attributes = flats(
        {
            "status": name,
            "category": named(status.get("pricing")).get("category"),
            "error.code": error.get("code"),
            "error.message": first([named(error.get("error_data")).get("details"), error.get("title")]),
            "callback_data": status.get("biz_opaque_callback_data"),
        }
    )

    return event


_STATUSES: Final = {
    "delivered": "delivery",
    "read": "read",
    "played": "read",
    "failed": "failure",
    "deleted": "delete",
}


def _preference(item: dict[str, Any], at: int | None, context: Context) -> BotEvent:
    """A user who wants marketing messages no more, or again."""
    kind = "unsubscribe" if item.get("value") == "stop" else "subscribe"
    given = _seconds(item.get("timestamp"))
    at = at if given is None else given
    event = make_event(context, kind, "none", _id_of(item), at)
    event.attributes = flats(
        {
            "category": item.get("category"),
            "detail": item.get("detail"),
        }
    )
    if at is not None:
        identify(event, at, text(item.get("category")))

    return event


def _notice(change: dict[str, object], at: int | None, context: Context) -> BotEvent:
    """What happens to the account, its templates, its phone numbers: nobody talks."""
    event = make_event(context, "system", "none", "", at)
    value = named(change.get("value"))
    event.attributes = flats(
        {
            "field": change.get("field"),
            "event": value.get("event"),
        }
    )

    return event


def _seconds(value: object) -> int | None:
    given = number(value)

    return None if given is None else parse_at(given)


def _sent(call: dict[str, Any], context: Context) -> BotEvent:
    user_id = text(call.get("to"))
    if call.get("status") == "read":
        return make_event(context, "read", "none", user_id, None, text(call.get("message_id")))
    sent = head(call.get("messages"))
    event = make_event(
        context, kind_of(call), "out", user_id, _seconds(call.get("timestamp")), text(sent.get("id"))
    )
    event.text = said_in(call)
    event.attributes = attributes_of(call)

    return event
