"""
Messenger's send API as SDKs report it: the request a bot made, with Facebook's answer beside it.

    {url | uri, qs, method, json: {recipient, message | sender_action}, responseBody, intent?, metadata?, ...}

Nothing in it says when it was sent.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.events import BotEvent
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, add_intent, add_user, make_event
from app.core.platforms.context import Context
from app.core.platforms.facebook_message import attachments_of, kind_of, said_in
from app.core.platforms.fields import first, flat, flats, listed, named, text

__all__ = ["read_facebook_send"]


def read_facebook_send(body: dict[str, Any], context: Context) -> Outcome:
    """Read a call to the send API and its answer."""
    call = _object(body.get("json"))
    answer = _object(body.get("responseBody"))
    recipient = named(call.get("recipient"))
    if not recipient and not answer.get("recipient_id"):
        why = "`json.recipient.id` is missing; send the id of the person to whom the bot wrote"
        return Outcome([], [Rejection(Reason.MISSING_USER, why, "json.recipient")])
    # recipients may also be named by phone number or reference, which are nobody's id
    user_id = first([recipient.get("id"), answer.get("recipient_id")])
    event = _sent(call, answer, user_id, context)
    event.attributes |= flats(
        {
            "template": call.get("dashbotTemplateId"),
            "metadata": body.get("metadata"),
        }
    )
    add_intent(event, body.get("intent"), context)
    add_user(event, body.get("platformUserJson"))
    outcome = Outcome()
    add(outcome, event, "json.recipient.id")

    return outcome


def _sent(call: dict[str, Any], answer: dict[str, Any], user_id: str, context: Context) -> BotEvent:
    message = call.get("message")
    if not isinstance(message, dict):
        action = text(call.get("sender_action"))
        event = make_event(context, _ACTIONS.get(action, "unknown"), "none", user_id, None)
        event.attributes = flat("sender_action", action)
        return event
    if answer.get("error"):
        event = make_event(context, "failure", "none", user_id, None)
        event.attributes = _error(answer["error"])
    else:
        # of a message that is only sent, quick replies are its buttons
        event = make_event(context, kind_of(message), "out", user_id, None, text(answer.get("message_id")))
    event.text = said_in(message)
    event.attributes |= attachments_of(listed(message.get("attachments")) or _one(message.get("attachment")))

    return event


_ACTIONS: Final = {"typing_on": "typing", "typing_off": "typing", "mark_seen": "read"}


def _one(attachment: object) -> list[object]:
    return [attachment] if isinstance(attachment, dict) else []


def _error(error: object) -> dict[str, str]:
    if not isinstance(error, dict):
        return flat("error", error)

    return flats(
        {
            "error.code": error.get("code"),
            "error.message": error.get("message"),
        }
    )


def _object(value: object) -> dict[str, Any]:
    """Return an object, also one that some clients leave as the JSON text they received."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (ValueError, RecursionError):
            return {}

    return named(value)
