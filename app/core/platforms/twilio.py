"""
Twilio: messages by SMS, WhatsApp, Messenger and RCS as forms, receipts of what was sent, and its REST resources.

    MessageSid, From, To, Body, NumMedia, MediaUrl0, ...   a message that came
    MessageSid, MessageStatus, From, To, ErrorCode         what became of one that was sent
    sid, from, to, body, direction, date_created, ...      a message as the REST interface gives it

Users go by their address, which names the channel where it is not a phone's (`whatsapp:+15550001`).  Forms have no
time.  Who calls and speaks is read as far as Twilio understood it (`SpeechResult`, `Digits`).
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import generic
from app.core.platforms.building import add, identify, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, json_text, text
from app.core.platforms.platform import Platform
from app.core.platforms.twilio_hook import TWILIO_HOOK
from app.core.times import parse_at

__all__ = ["TWILIO", "read"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read a form of Twilio's, or a message's REST resource."""
    outcome = Outcome()
    if text(body.get("CallSid")):
        add(outcome, _call(body, context), "From")
    elif not (_either(body, "From", "from") or _either(body, "To", "to")):
        why = "this is no message of Twilio's: it names neither `From` nor `To`"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why))
    elif _is_receipt(body):
        add(outcome, _receipt(body, context), "To")
    else:
        add(outcome, _message(body, context), "From")

    return outcome


TWILIO: Final = Platform(read, generic.read, (), TWILIO_HOOK)


def _either(body: dict[str, Any], *names: str) -> str:
    for name in names:
        found = text(body.get(name))
        if found:
            return found

    return ""


def _message_id(body: dict[str, Any]) -> str:
    return _either(body, "MessageSid", "sid", "SmsMessageSid", "SmsSid")


def _is_receipt(body: dict[str, Any]) -> bool:
    """A callback tells a status and no content; what comes in says that it is received."""
    status = _either(body, "MessageStatus", "SmsStatus").lower()

    return bool(status) and status not in ("received", "receiving") and "Body" not in body


def _receipt(body: dict[str, Any], context: Context) -> BotEvent:
    status = first([body.get("EventType"), body.get("MessageStatus"), body.get("SmsStatus")]).lower()
    kind = _RECEIPTS.get(status, "system")
    event = make_event(context, kind, "none", _either(body, "To", "to"), None, _message_id(body))
    # each comes once for a message, so that no time is needed to tell them apart
    identify(event, event.message_id, status)
    event.attributes = _attributes(body) | flat("status", status)

    return event


_RECEIPTS: Final = {
    "delivered": "delivery",
    "read": "read",
    "failed": "failure",
    "undelivered": "failure",
    "canceled": "failure",
}


def _message(body: dict[str, Any], context: Context) -> BotEvent:
    direction = _direction(body, context)
    user_id = _either(body, "To", "to") if direction == "out" else _either(body, "From", "from")
    kind = _kind(body)
    failed = direction == "out" and text(body.get("status")).lower() in ("failed", "undelivered", "canceled")
    if failed:
        kind, direction = "failure", "none"
    event = make_event(context, kind, direction, user_id, _time(body), _message_id(body))
    event.text = _either(body, "Body", "body") or text(body.get("ButtonText"))
    event.conversation_id = _either(body, "ConversationSid", "conversation_sid")
    event.attributes = _attributes(body) | _media(body)
    event.user_attributes = {
        _OF_THE_USER[field]: text(value)
        for field, value in body.items()
        if field in _OF_THE_USER and text(value)
    }

    return event


def _direction(body: dict[str, Any], context: Context) -> Direction:
    said = text(body.get("direction")) or text(body.get("Direction"))
    if said:
        return "in" if said == "inbound" else "out"
    if text(body.get("SmsStatus")) == "received":
        return "in"

    return "out" if context.side == "out" else "in"


def _kind(body: dict[str, Any]) -> str:
    if _either(body, "ButtonPayload", "ButtonText", "ListId"):
        return "quick_reply"
    if text(body.get("FlowData")) or text(body.get("InteractiveData")):
        return "form"
    if text(body.get("Latitude")):
        return "location"
    named_type = _TYPES.get(text(body.get("MessageType")).lower(), "")
    if not _count(body):
        return named_type or "text"
    main, _, sub = text(body.get("MediaContentType0")).lower().partition("/")
    if sub in ("vcard", "x-vcard"):
        return "contact"

    return named_type or _MEDIA.get(main, "file")


_MEDIA: Final = {"image": "image", "video": "video", "audio": "audio"}

_TYPES: Final = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "document": "file",
    "sticker": "sticker",
    "location": "location",
    "contacts": "contact",
    "button": "quick_reply",
    "interactive": "quick_reply",
    "order": "form",
}


def _media(body: dict[str, Any]) -> dict[str, str]:
    count = _count(body)
    media = [
        {"type": text(body.get(f"MediaContentType{place}")), "url": text(body.get(f"MediaUrl{place}"))}
        for place in range(count)
    ]

    return {"attachments": json_text(media)} if any(one["url"] for one in media) else {}


def _count(body: dict[str, Any]) -> int:
    given = _either(body, "NumMedia", "num_media")

    return (
        min(int(given), _MOST_MEDIA) if given.isascii() and given.isdigit() and len(given) <= _DIGITS else 0
    )


_MOST_MEDIA: Final = 10
_DIGITS: Final = 4


def _attributes(body: dict[str, Any]) -> dict[str, str]:
    channel, colon, _ = _either(body, "From", "from").partition(":")
    kept = {_KEPT[field]: text(value) for field, value in body.items() if field in _KEPT and text(value)}

    return kept | flat("channel", channel if colon else "")


_KEPT: Final = {
    "ButtonPayload": "payload",
    "ListId": "payload",
    "ListTitle": "title",
    "FlowData": "form",
    "InteractiveData": "form",
    "Latitude": "latitude",
    "Longitude": "longitude",
    "Address": "address",
    "Label": "label",
    "OriginalRepliedMessageSid": "reply_to",
    "ReferralSourceId": "referral.source_id",
    "ReferralSourceUrl": "referral.source_url",
    "ErrorCode": "error.code",
    "error_code": "error.code",
    "ErrorMessage": "error.message",
    "error_message": "error.message",
    "ChannelStatusMessage": "error.message",
    "OptOutType": "opt_out",
    "CallStatus": "status",
    "Digits": "digits",
}

_OF_THE_USER: Final = {
    "ProfileName": "name",
    "WaId": "wa_id",
    "FromCity": "city",
    "FromState": "state",
    "FromZip": "zip",
    "FromCountry": "country",
}


def _time(body: dict[str, Any]) -> int | None:
    """Return the time of a REST resource, in the form that e-mail uses."""
    given = _either(body, "date_sent", "date_created", "DateCreated")
    at = parse_at(given) if given else None
    if given and at is None:
        try:
            at = parse_at(parsedate_to_datetime(given).isoformat())
        except ValueError:
            return None

    return at


def _call(body: dict[str, Any], context: Context) -> BotEvent:
    """A call: what the caller said or keyed in is a message, how the call goes is not."""
    outbound = text(body.get("Direction")).startswith("outbound")
    user_id = _either(body, "To") if outbound else _either(body, "From", "Caller")
    said = _either(body, "SpeechResult", "Digits")
    event = make_event(context, "text" if said else "system", "in" if said else "none", user_id, None)
    event.text = said
    event.conversation_id = text(body.get("CallSid"))
    event.attributes = _attributes(body) | flat("confidence", body.get("Confidence"))

    return event
