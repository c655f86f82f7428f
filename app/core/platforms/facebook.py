"""
Facebook Messenger: the page's webhook body, many entries with many messagings each.

    entry[].messaging[]   what a user did, an echo of what the page sent, receipts and notices
    entry[].standby[]     the same while another app holds the conversation
    entry[].changes[]     the page's feed: no chat

What bots send is read in `facebook_send.py`.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, add_intent, add_user, identify, make_event
from app.core.platforms.context import Context
from app.core.platforms.facebook_hook import META_HOOK
from app.core.platforms.facebook_message import attachments_of, kind_of
from app.core.platforms.facebook_send import read_facebook_send
from app.core.platforms.fields import first, flat, flats, listed, named, number, scalars, text
from app.core.platforms.platform import Platform
from app.core.times import milliseconds, parse_at

__all__ = ["FACEBOOK", "read", "read_facebook"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read what an SDK reports of Messenger: the page's webhook body, or a call to the send API."""
    if "entry" in body:
        return read_facebook(body, context)
    if "json" in body:
        return read_facebook_send(body, context)
    why = "this is neither a page's webhook body (`entry`) nor a call to the send API (`json`)"

    return Outcome([], [Rejection(Reason.UNKNOWN_SHAPE, why)])


def read_facebook(body: dict[str, Any], context: Context) -> Outcome:
    """Read a page's webhook body."""
    outcome = Outcome()
    entries = body.get("entry")
    if not isinstance(entries, list):
        outcome.rejections.append(Rejection(Reason.WRONG_TYPE, "`entry` must be an array", "entry"))
        return outcome
    for number_of_entry, entry in enumerate(entries):
        _read_entry(entry, f"entry[{number_of_entry}]", body, context, outcome)

    return outcome


_TOKENS: Final = ("authorization_code", "one_time_notif_token", "notification_messages_token")
"""What lets its holder sign in as a user, or write to one."""

FACEBOOK: Final = Platform(read_facebook, read, tuple(f"**.{name}" for name in _TOKENS), META_HOOK)


def _read_entry(entry: object, path: str, body: dict[str, Any], context: Context, outcome: Outcome) -> None:
    members: dict[str, Any] = entry if isinstance(entry, dict) else {}
    is_understood = False
    for name in _LISTS:
        items = members.get(name)
        if not isinstance(items, list):
            continue
        is_understood = True
        for place, item in enumerate(items):
            where = f"{path}.{name}[{place}]"
            if not isinstance(item, dict):
                outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, "this must be an object", where))
            elif name == "changes":
                add(outcome, _change(item, members, context), where)
            else:
                add(outcome, _event(name, item, members, body, context), where)
    if not is_understood:
        why = f"an entry must be an object with an array {' or '.join(_LISTS)}"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why, path))


_LISTS: Final = ("messaging", "standby", "changes")


def _event(
    name: str, item: dict[str, Any], entry: dict[str, Any], body: dict[str, Any], context: Context
) -> BotEvent:
    event = _messaging(item, entry, context)
    # SDKs put what they add beside the message; their documents say at the root
    add_intent(event, item.get("intent") or body.get("intent") or _nlp_intent(item), context)
    add_user(event, item.get("platformUserJson") or body.get("platformUserJson"))
    if "metadata" in body:
        event.attributes |= flat("metadata", body["metadata"])
    if name == "standby":
        event.attributes["standby"] = "true"

    return event


def _change(item: dict[str, Any], entry: dict[str, Any], context: Context) -> BotEvent:
    return make_event(
        context, "system", "none", "", _entry_time(entry), attributes=flat("field", item.get("field"))
    )


def _entry_time(entry: dict[str, Any]) -> int | None:
    """An entry's time is in milliseconds with `messaging` and in seconds with `changes`."""
    time = number(entry.get("time"))

    return None if time is None else parse_at(time)


def _messaging(item: dict[str, Any], entry: dict[str, Any], context: Context) -> BotEvent:
    at = milliseconds(item.get("timestamp"))
    if at is None:
        at = _entry_time(entry)
    message = item.get("message")
    if isinstance(message, dict):
        return _message(item, message, at, context)
    if isinstance(item.get("message_edit"), dict):
        return _edit(item, item["message_edit"], at, context)
    if isinstance(item.get("postback"), dict):
        return _postback(item, item["postback"], at, context)

    return _signal(item, at, context)


def _message(item: dict[str, Any], message: dict[str, Any], at: int | None, context: Context) -> BotEvent:
    kind = kind_of(message)
    direction = _side(message, kind, context)
    user = item.get("recipient") if message.get("is_echo") else item.get("sender")
    event = make_event(context, kind, direction, text(named(user).get("id")), at, text(message.get("mid")))
    event.text = text(message.get("text"))
    event.locale = _nlp_locale(message)
    event.attributes = _attributes(item, message)

    return event


def _attributes(item: dict[str, Any], message: dict[str, Any]) -> dict[str, str]:
    attributes = scalars(message, *_OWN_COLUMNS)
    # nearly all messages are a text alone
    if "quick_reply" in message:
        attributes |= flat("payload", named(message["quick_reply"]).get("payload"))
    if "reply_to" in message:
        attributes |= flat("reply_to", named(message["reply_to"]).get("mid"))
    if "attachments" in message:
        attributes |= attachments_of(message["attachments"])
    if "referral" in message:
        attributes |= flat("referral", message["referral"])
    if "prior_message" in item:
        attributes |= flat("prior_message", item["prior_message"])

    return attributes | _guest(item)


_OWN_COLUMNS: Final = ("mid", "text", "seq", "is_echo", "is_deleted", "is_unsupported")


def _side(message: dict[str, Any], kind: str, context: Context) -> Direction:
    if message.get("is_echo"):
        return "out"
    if kind == "template" and not _is_product(message):
        # only pages send these: without the mark of an echo, the body does not say how it came back
        return context.side

    return "in"


def _is_product(message: dict[str, Any]) -> bool:
    return any("product" in named(named(part).get("payload")) for part in listed(message.get("attachments")))


def _edit(item: dict[str, Any], edit: dict[str, Any], at: int | None, context: Context) -> BotEvent:
    event = make_event(context, "edit", "in", _sender(item), at, text(edit.get("mid")))
    event.text = text(edit.get("text"))

    return event


def _postback(item: dict[str, Any], postback: dict[str, Any], at: int | None, context: Context) -> BotEvent:
    event = make_event(context, "postback", "in", _sender(item), at, text(postback.get("mid")))
    event.text = text(postback.get("title"))
    event.attributes = flats(
        {
            "payload": postback.get("payload"),
            "referral": postback.get("referral"),
        }
    ) | _guest(item)
    if at is not None:
        # older ones have no `mid`; the same button at the same instant is the same press
        identify(event, at, text(postback.get("payload")))

    return event


def _signal(item: dict[str, Any], at: int | None, context: Context) -> BotEvent:
    name = next((name for name in _SIGNALS if name in item), "")
    signal = named(item.get(name))
    event = make_event(
        context, _SIGNALS.get(name, "unknown"), "none", _sender(item), at, text(signal.get("mid"))
    )
    event.attributes = (
        scalars(signal, "mid", "seq", *_TOKENS) | flat("mids", signal.get("mids")) | _guest(item)
    )
    amount = named(signal.get("amount"))
    event.amount = number(amount.get("amount"))
    event.currency = text(amount.get("currency"))
    if at is not None:
        identify(event, at, name, text(signal.get("watermark")), text(signal.get("payload")))

    return event


_SIGNALS: Final = {
    "referral": "referral",
    "optin": "optin",
    "delivery": "delivery",
    "read": "read",
    "reaction": "reaction",
    "account_linking": "account_link",
    "pass_thread_control": "handover",
    "take_thread_control": "handover",
    "request_thread_control": "handover",
    "app_roles": "system",
    "policy-enforcement": "system",
    "policy_enforcement": "system",
    "game_play": "system",
    "payment": "payment",
    "pre_checkout": "payment",
    "checkout_update": "payment",
}


def _sender(item: dict[str, Any]) -> str:
    return text(named(item.get("sender")).get("id"))


def _guest(item: dict[str, Any]) -> dict[str, str]:
    """A plugin's guest has no id yet, only a reference: good to know, but nobody's id."""
    return flat("user_ref", named(item.get("sender")).get("user_ref"))


def _nlp_intent(item: dict[str, Any]) -> object:
    """Return the best intent of Messenger's own language understanding, which lists them in order."""
    message = item.get("message")
    if not isinstance(message, dict) or "nlp" not in message:
        return None
    intents = listed(named(message["nlp"]).get("intents"))

    return intents[0] if intents else None


def _nlp_locale(message: dict[str, Any]) -> str:
    if "nlp" not in message:
        return ""

    return first(
        named(found).get("locale") for found in listed(named(message["nlp"]).get("detected_locales"))
    )
