"""
Botanalytics v2's channels of other platforms: the platform's own bodies with what the SDKs put around them.

    facebook    an entry of the page's webhook; a call to the send API with the time at which it was made
    alexa       a request envelope; an answer with the request that it answers
    microsoft   {timestamp, activity}
    rasa        an event of the tracker
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from app.core.events import BotEvent
from app.core.outcome import Outcome
from app.core.platforms import PLATFORMS
from app.core.platforms.building import scoped_id
from app.core.platforms.context import Context
from app.core.platforms.facebook_send import read_facebook_send
from app.core.platforms.fields import named
from app.core.platforms.voice import time_of
from app.core.times import settle

__all__ = ["read_alexa", "read_facebook", "read_microsoft", "read_rasa"]


def read_facebook(body: dict[str, Any], context: Context) -> Outcome:
    """Read an entry of a webhook, or a call to the send API."""
    body = _inner(body, "entry", "messaging", "standby", "changes", "recipient")
    if "entry" in body:
        return PLATFORMS["facebook"].read(body, context)
    if "recipient" not in body:
        return PLATFORMS["facebook"].read({"object": "page", "entry": [body]}, context)
    outcome = read_facebook_send({"json": body}, context)
    for event in outcome.events:
        _dated(event, body)

    return outcome


def read_alexa(body: dict[str, Any], context: Context) -> Outcome:
    """Read a request or an answer of a skill."""
    body = _inner(
        body, "request", "response", "outputSpeech", "card", "directives", "shouldEndSession", "session"
    )

    return PLATFORMS["alexa"].read(body, context)


def read_microsoft(body: dict[str, Any], context: Context) -> Outcome:
    """Read an activity, which itself often has no time when it is outgoing."""
    body = _inner(body, "activity", "type")
    activity = named(body.get("activity")) or body
    if not activity.get("timestamp") and "timestamp" in body:
        activity = activity | {"timestamp": body["timestamp"]}

    return PLATFORMS["microsoft"].read(activity, context)


def read_rasa(body: dict[str, Any], context: Context) -> Outcome:
    """Read an event of a tracker."""
    return PLATFORMS["rasa"].read(_inner(body, "event"), context)


def _inner(body: dict[str, Any], *marks: str) -> dict[str, Any]:
    """Return what a wrapper `{message: ...}` holds; a body that has one of *marks* itself is none."""
    message = body.get("message")

    return message if isinstance(message, dict) and not any(mark in body for mark in marks) else body


def _dated(event: BotEvent, body: dict[str, Any]) -> None:
    """
    Put the time on *event* at which the SDK reported a call.

    Nothing else names the call, since Facebook's answer is not reported: the same call at the same millisecond is
    a report that was sent again.
    """
    at = time_of(body.get("timestamp"))
    if at is None:
        return
    event.at, event.warnings = settle(at, event.received_at)
    digest = blake2b(msgspec.json.encode(body), digest_size=8).hexdigest()
    event.event_id = scoped_id(f"facebook:{event.direction}:{event.kind}", event.user_id, f"{at}:{digest}")
    event.repeats = True
