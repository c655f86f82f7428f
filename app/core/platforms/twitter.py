"""
Twitter: direct messages and what else happens to an account (account-activity webhook, lists of messages).

`for_user_id` is the account of the bot.  Where it is missing, a message has two sides and nobody says which is ours.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import generic
from app.core.platforms.building import add, identify, make_event
from app.core.platforms.context import Context
from app.core.platforms.facebook_send import read_facebook_send
from app.core.platforms.fields import first, flat, flats, listed, named, text
from app.core.platforms.platform import Platform
from app.core.platforms.twitter_hook import TWITTER_HOOK
from app.core.platforms.twitter_messages import read_message
from app.core.times import milliseconds, parse_at

__all__ = ["TWITTER", "read", "read_twitter"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read what an SDK reports of Twitter: a generic body, or the account's webhook body as it came."""
    if "userId" in body:
        return generic.read(body, context)
    if _lists(body):
        return read_twitter(body, context)
    if "json" in body:
        # Dashbot's page on Twitter shows a call to Messenger's send API as an answer with an intent
        return read_facebook_send(body, context)

    return generic.read(body, context)


def read_twitter(body: dict[str, Any], context: Context) -> Outcome:
    """Read an account's webhook body or a list of direct messages."""
    outcome = Outcome()
    own_id = text(body.get("for_user_id"))
    lists = _lists(body)
    revoked = named(named(body.get("user_event")).get("revoke"))
    if revoked:
        add(outcome, _revoked(revoked, context), "user_event.revoke.source.user_id")
    elif not lists:
        why = "this holds no list of events such as `direct_message_events`"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why))
    for name in lists:
        for place, entry in enumerate(listed(body[name])):
            path = f"{name}[{place}]"
            if isinstance(entry, dict):
                add(outcome, _event(name, entry, own_id, context), path)
            else:
                outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, "this must be an object", path))

    return outcome


TWITTER: Final = Platform(read_twitter, read, (), TWITTER_HOOK)


def _lists(body: dict[str, Any]) -> list[str]:
    return [name for name, value in body.items() if isinstance(value, list) and name.endswith("events")]


def _event(name: str, entry: dict[str, Any], own_id: str, context: Context) -> BotEvent:
    if "message_create" in entry:
        return _message(entry, own_id, context)
    if name in _BETWEEN_TWO:
        return _receipt(_BETWEEN_TWO[name], entry, own_id, context)

    return _notice(name, entry, context)


def _message(entry: dict[str, Any], own_id: str, context: Context) -> BotEvent:
    message = read_message(entry)
    direction: Direction = "none"
    user_id = ""
    if own_id:
        direction = "out" if message.sender_id == own_id else "in"
        user_id = message.recipient_id if direction == "out" else message.sender_id
    event = make_event(context, message.kind, direction, user_id, message.at, message.message_id)
    event.text = message.text
    event.attributes = flat("payload", message.payload)

    return event


_BETWEEN_TWO: Final = {
    "direct_message_indicate_typing_events": "typing",
    "direct_message_mark_read_events": "read",
}


def _receipt(kind: str, entry: dict[str, Any], own_id: str, context: Context) -> BotEvent:
    sender_id = text(entry.get("sender_id"))
    user_id = sender_id if sender_id != own_id else text(named(entry.get("target")).get("recipient_id"))
    at = milliseconds(entry.get("created_timestamp"))

    event = make_event(context, kind, "none", user_id, at, text(entry.get("last_read_event_id")))
    if at is not None:
        identify(event, at, sender_id)

    return event


def _notice(name: str, entry: dict[str, Any], context: Context) -> BotEvent:
    """Follows, blocks, mutes, tweets: something happened to the account, nobody talked with the bot."""
    actor = first(
        [
            named(entry.get("source")).get("id"),
            named(entry.get("user")).get("id_str"),
            named(entry.get("status")).get("user_id"),
        ]
    )
    given = first([entry.get("created_timestamp"), entry.get("timestamp_ms")])
    at = _time(given)
    event = make_event(context, _FOLLOWS.get(text(entry.get("type")), "system"), "none", actor, at)
    event.attributes = flats(
        {
            "event": name,
            "type": entry.get("type"),
        }
    )
    if at is not None:
        about = first(
            [entry.get("id_str"), named(entry.get("target")).get("id"), named(entry.get("status")).get("id")]
        )
        identify(event, at, name, text(entry.get("type")), about)

    return event


def _revoked(revoked: dict[str, Any], context: Context) -> BotEvent:
    """The user took back what the app was allowed."""
    user_id, given = text(named(revoked.get("source")).get("user_id")), text(revoked.get("date_time"))
    event = make_event(context, "uninstall", "none", user_id, _time(given))
    event.attributes = {"event": "user_event", "type": "revoke"}
    if given:
        identify(event, given, "revoke")

    return event


_FOLLOWS: Final = {"follow": "subscribe", "unfollow": "unsubscribe"}


def _time(given: str) -> int | None:
    return parse_at(given) if given else None
