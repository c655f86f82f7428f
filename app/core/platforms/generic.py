"""
Dashbot's generic body, for platforms that have no shape of their own: a text, a user, and what else is known.

Some clients put the platform's own event beside it (`platformJson`).  Where that is one we know, it gives what the
generic fields lack: the message's id, its time, its kind.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.events import MESSAGE_KINDS, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import line_events
from app.core.platforms.building import add, add_intent, add_user, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import flats, json_text, listed, named, number, text
from app.core.platforms.platform import Platform
from app.core.platforms.twitter_messages import first_message
from app.core.times import milliseconds, parse_at

__all__ = ["GENERIC", "missing_user", "read"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read the one event of a generic body."""
    user_id = text(body.get("userId"))
    if not user_id:
        return missing_user()
    hints = _hints(named(body.get("platformJson")))
    kind = _kind(body, hints)
    direction: Direction = context.side if kind in MESSAGE_KINDS else "none"
    event = make_event(context, kind, direction, user_id, _time(body, hints), hints.message_id)
    event.text = text(body.get("text"))
    event.conversation_id = text(body.get("conversationId"))
    event.session_id = text(body.get("sessionId"))
    event.attributes = _attributes(body)
    add_intent(event, body.get("intent"), context)
    add_user(event, body.get("platformUserJson"))
    outcome = Outcome()
    add(outcome, event, "userId")

    return outcome


GENERIC: Final = Platform(
    read,
    secrets=(
        "platformJson.token",
        "platformJson.apiKey",
        "platformJson.replyToken",
        "platformJson.link.nonce",
        "platformJson.**.response_url",
    ),
)


def missing_user() -> Outcome:
    """Return the refusal of a body that names nobody."""
    why = "`userId` is missing; send the id of the person who talks with the bot, on both directions"

    return Outcome([], [Rejection(Reason.MISSING_USER, why, "userId")])


class _Hints(msgspec.Struct):
    """What a platform's own event tells."""

    kind: str = ""
    message_id: str = ""
    at: int | None = None


def _hints(own: dict[str, Any]) -> _Hints:
    if text(own.get("type")) in line_events.EVENTS:
        kind = line_events.kind_of(own)
        return _Hints(_known(kind), line_events.message_id_of(own), milliseconds(own.get("timestamp")))
    direct = first_message(own)
    if direct is not None:
        return _Hints(direct.kind, direct.message_id, direct.at)

    # of what a LINE bot sends, only the message itself is there
    return _Hints(_known(line_events.kind_of_message(own)))


def _known(kind: str) -> str:
    return "" if kind == "unknown" else kind


def _kind(body: dict[str, Any], hints: _Hints) -> str:
    if _button(body):
        return "postback"
    if hints.kind and hints.kind != "text":
        return hints.kind

    return "image" if _images(body) else "text"


def _button(body: dict[str, Any]) -> str:
    return text(named(named(body.get("postback")).get("buttonClick")).get("buttonId"))


def _images(body: dict[str, Any]) -> list[str]:
    """Return the addresses of the images, however the client wrote them: "url", {url}, {image: {url}}."""
    addresses = []
    for image in listed(body.get("images")):
        found = named(image)
        addresses.append(text(image) or text(found.get("url")) or text(named(found.get("image")).get("url")))

    return [address for address in addresses if address]


def _time(body: dict[str, Any], hints: _Hints) -> int | None:
    given = number(body.get("dashbot_timestamp"))
    at = None if given is None else parse_at(given)

    return hints.at if at is None else at


def _attributes(body: dict[str, Any]) -> dict[str, str]:
    attributes = flats(
        {
            "metadata": body.get("metadata"),
            "template": body.get("dashbotTemplateId"),
            "button_id": _button(body),
        }
    )
    images = [{"type": "image", "url": address} for address in _images(body)]
    buttons = [text(named(button).get("label")) for button in listed(body.get("buttons"))]
    if images:
        attributes["attachments"] = json_text(images)
    if any(buttons):
        attributes["buttons"] = json_text(buttons)

    return attributes
