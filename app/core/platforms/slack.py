"""
Slack: the Events API, interactive payloads, slash commands, RTM frames, and what SDKs make of them.

    event_callback            one event (`slack_message.py`, `slack_events.py`)
    block_actions, ...        what a user did (`slack_interactive.py`)
    command                   a slash command, as form fields
    message, hello, ...       an RTM frame

SDKs wrap a frame: `{team, bot, message, intent?}`.  Answers name no user: see `slack_frame.py`.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent
from app.core.links import bot_link, learn
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, add_intent, add_user, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import flat, named, text
from app.core.platforms.platform import Platform
from app.core.platforms.slack_events import is_frame, read_envelope, read_frame
from app.core.platforms.slack_frame import id_of, read_connect
from app.core.platforms.slack_hook import HOOK
from app.core.platforms.slack_interactive import is_command, is_interactive, read_command, read_interactive

__all__ = ["SLACK", "read_connect", "read_flat", "read_reported", "read_slack"]


def read_slack(body: dict[str, Any], context: Context) -> Outcome:
    """Read what Slack sends."""
    outcome = Outcome()
    _read(body, "", context, outcome)

    return outcome


def read_reported(body: dict[str, Any], context: Context) -> Outcome:
    """Read what Dashbot's SDKs report: a frame in its wrapper, the answer to `rtm.start`, or Slack's own body."""
    if context.type == "connect":
        return read_connect(body, context)
    outcome = Outcome()
    message = body.get("message")
    if not isinstance(message, dict) or is_frame(text(body.get("type"))) or is_interactive(body):
        _read(body, "", context, outcome)
    else:
        _learn_bots(body, outcome)
        _read(_typed(message), id_of(body.get("team")), context, outcome)
    for event in outcome.events:
        _enrich(event, body, context)

    return outcome


def read_flat(message: dict[str, Any], context: Context, outcome: Outcome) -> None:
    """Add a message with everything at its root, as Botanalytics' SDKs make it; times in seconds or milliseconds."""
    _read(_typed(message), text(message.get("team")), context, outcome)


SLACK: Final = Platform(
    read_slack,
    read_reported,
    (
        "**.token",
        "**.bot_access_token",
        "**.response_url",
        "**.permalink_public",
        "**.reconnect_url",
        # where to connect: whoever has the address reads the workspace
        "url",
        "message.url",
    ),
    HOOK,
)


def _read(body: dict[str, Any], team: str, context: Context, outcome: Outcome) -> None:
    name = text(body.get("type"))
    if name == "event_callback":
        add(outcome, read_envelope(body, context, outcome), "event.user")
    elif is_interactive(body):
        read_interactive(body, team, context, outcome)
    elif is_frame(name):
        add(outcome, read_frame(body, team, context, outcome), "user")
    elif is_command(body):
        read_command(body, team, context, outcome)
    elif name:
        add(outcome, make_event(context, "unknown", "none", "", None, attributes=flat("type", name)))
    else:
        why = "this is no Slack event, interactive payload or slash command: `type` is missing"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why, "type"))


def _typed(message: dict[str, Any]) -> dict[str, Any]:
    """Return *message* with a type: answers are often sent without."""
    if text(message.get("type")) or is_interactive(message) or is_command(message):
        return message

    return message | {"type": "message"}


def _learn_bots(body: dict[str, Any], outcome: Outcome) -> None:
    for bot in (body.get("bot"), named(body.get("team")).get("bot")):
        account = id_of(bot)
        if account:
            learn(outcome, bot_link("slack", account), "bot")


def _enrich(event: BotEvent, body: dict[str, Any], context: Context) -> None:
    add_intent(event, body.get("intent"), context)
    if isinstance(body.get("platformUserJson"), dict):
        add_user(event, body["platformUserJson"])
    event.attributes |= flat("metadata", body.get("metadata"))
