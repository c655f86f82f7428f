"""
What users do in Slack besides talking: buttons and menus, shortcuts, dialogs, views, slash commands.

A payload names its user as `{id}`, Botkit as a string.  Nothing in it is Slack's id of the act, but `action_ts` and
`trigger_id` are its own: one message may have many buttons, each pressed many times.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome
from app.core.platforms.building import add, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, json_text, listed, named, text
from app.core.platforms.slack_frame import id_of, identify, instant, learn_user

__all__ = ["is_command", "is_interactive", "read_command", "read_interactive"]


def is_interactive(body: dict[str, Any]) -> bool:
    """Tell whether *body* is an interactive payload."""
    return _type(body) in _KINDS


def is_command(body: dict[str, Any]) -> bool:
    """Tell whether *body* holds the fields of a slash command."""
    return text(body.get("command")).startswith("/")


def read_interactive(body: dict[str, Any], team: str, context: Context, outcome: Outcome) -> None:
    """Add what an interactive payload holds: each of its actions, or itself."""
    team = id_of(body.get("team")) or text(body.get("team_id")) or team
    for place, action in enumerate(listed(body.get("actions")) or [None]):
        event = _acted(body, named(action), context)
        _finish(event, body, team, outcome, f"actions[{place}]", place)


def read_command(body: dict[str, Any], team: str, context: Context, outcome: Outcome) -> None:
    """Add a slash command; nothing in it says when."""
    user_id = text(body.get("user_id")) or id_of(body.get("user"))
    event = make_event(context, "command", "in", user_id, None)
    event.text = text(body.get("text"))
    event.conversation_id = text(body.get("channel_id")) or id_of(body.get("channel"))
    event.attributes = flat("command", body.get("command"))
    event.user_attributes = flat("name", body.get("user_name"))
    _finish(event, body, text(body.get("team_id")) or team, outcome)


_KINDS: Final[dict[str, tuple[str, Direction]]] = {
    "block_actions": ("postback", "in"),
    "interactive_message": ("postback", "in"),
    "interactive_message_callback": ("postback", "in"),
    "shortcut": ("shortcut", "in"),
    "message_action": ("shortcut", "in"),
    "dialog_submission": ("form", "in"),
    "view_submission": ("form", "in"),
    "dialog_cancellation": ("system", "none"),
    "view_closed": ("system", "none"),
    "dialog_suggestion": ("system", "none"),
    "block_suggestion": ("system", "none"),
    "workflow_step_edit": ("system", "none"),
}


def _type(body: dict[str, Any]) -> str:
    given = text(body.get("type"))
    if given or not ("actions" in body and "callback_id" in body):
        return given

    # the first buttons that Slack had, which older clients still send along
    return "interactive_message"


def _acted(body: dict[str, Any], action: dict[str, Any], context: Context) -> BotEvent:
    kind, direction = _KINDS[_type(body)]
    container, user = named(body.get("container")), named(body.get("user"))
    at = instant(first([action.get("action_ts"), body.get("action_ts")]))
    message_id = first([container.get("message_ts"), body.get("message_ts")]) if kind == "postback" else ""
    event = make_event(context, kind, direction, id_of(body.get("user")), at, message_id)
    event.conversation_id = id_of(body.get("channel")) or text(container.get("channel_id"))
    event.attributes = _attributes(body, action)
    event.user_attributes = flat("name", first([user.get("name"), user.get("username")]))

    return event


def _attributes(body: dict[str, Any], action: dict[str, Any]) -> dict[str, str]:
    view = named(body.get("view"))
    found = {
        "payload": _value(action),
        "label": named(action.get("text")).get("text"),
        "action_id": action.get("action_id") or action.get("name"),
        "block_id": action.get("block_id"),
        "callback_id": body.get("callback_id") or view.get("callback_id"),
        "payload_type": _type(body),
    }
    attributes = {name: json_text(value) for name, value in found.items() if value}
    if view or "submission" in body:
        attributes |= flat("form", named(body.get("submission")) or _inputs(view))

    return attributes


def _value(action: dict[str, Any]) -> object:
    """Return what a button or menu sends: a value, a choice, several."""
    for name in _CHOICES:
        chosen = action.get(name)
        if chosen:
            return chosen
    options = [action.get("selected_option"), *listed(action.get("selected_options"))]
    values = [found for found in (text(named(option).get("value")) for option in options) if found]

    return values[0] if len(values) == 1 else values or None


_CHOICES: Final = (
    "value", "selected_user", "selected_users", "selected_channel", "selected_channels", "selected_conversation",
    "selected_conversations", "selected_date", "selected_time", "selected_date_time",
)  # fmt: skip


def _inputs(view: dict[str, Any]) -> dict[str, object]:
    """Return what was filled in, by the ids of the fields."""
    blocks = named(named(view.get("state")).get("values"))
    fields = [
        (f"{block}.{name}", named(field))
        for block, members in blocks.items()
        for name, field in named(members).items()
    ]

    return {name: value for name, field in fields if (value := _value(field)) is not None}


def _finish(
    event: BotEvent, body: dict[str, Any], team: str, outcome: Outcome, path: str = "", place: int = 0
) -> None:
    if event.direction == "in":
        learn_user(outcome, team, event.conversation_id, event.user_id)
    event.event_id, event.repeats = "", False
    identify(event, event.user_id, first([body.get("trigger_id"), body.get("action_ts")]), str(place))
    add(outcome, event, path)
