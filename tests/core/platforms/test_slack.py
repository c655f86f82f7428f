"""Slack: what the real payloads leave open, what SDKs report, and who is who in a channel."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.core.bodies import object_of
from app.core.events import BotEvent, is_message
from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context
from app.core.platforms.slack import SLACK, read_connect, read_flat, read_reported, read_slack
from app.core.redact import clean

AT = 1_085_659_200_123
TS = "1085659200.123456"
CONTEXT = Context("bot", AT + 1000, "webhook", "slack")


def _event(body: dict[str, Any], links: dict[str, str] | None = None) -> BotEvent:
    outcome = read_slack(body, msgspec.structs.replace(CONTEXT, links=links or {}))
    assert outcome.rejections == []
    (event,) = outcome.events

    return event


def _message(**parts: Any) -> dict[str, Any]:
    return {"type": "message", "channel": "C", "user": "U", "text": "hi", "ts": TS} | parts


def _callback(event: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return (
        {"type": "event_callback", "team_id": "T", "event_id": "E1", "event_time": 1085659200}
        | {"event": event}
        | parts
    )


def _pressed(*actions: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": "T"},
        "user": {"id": "U"},
        "channel": {"id": "C"},
        "trigger_id": "t1",
        "container": {"message_ts": "1.1"},
        "actions": list(actions),
    } | parts


def _reported(type: str, body: dict[str, Any], links: dict[str, str] | None = None) -> Outcome:
    side: Any = {"incoming": "in", "outgoing": "out"}.get(type, "none")

    return read_reported(
        body, msgspec.structs.replace(CONTEXT, dialect="dashbot", type=type, side=side, links=links or {})
    )


def _flat(links: dict[str, str] | None = None, **parts: Any) -> BotEvent:
    outcome = Outcome()
    read_flat(_message(**parts), msgspec.structs.replace(CONTEXT, links=links or {}), outcome)
    (event,) = outcome.events

    return event


@pytest.mark.parametrize(
    ("ts", "at"),
    [
        pytest.param("1085659200.123999", AT, id="cut, not rounded"),
        pytest.param("1085659200", 1_085_659_200_000, id="whole seconds"),
        pytest.param("1085659200.1", 1_085_659_200_100, id="a tenth"),
        pytest.param(f"{AT}.625", AT, id="milliseconds with a fraction"),
        pytest.param(1085659200, 1_085_659_200_000, id="a number"),
        pytest.param(1085659200.123456, AT, id="a fraction"),
        pytest.param("111.222", 111_222, id="small"),
    ],
)
def test_times(ts: object, at: int) -> None:
    """Times are seconds with a fraction, or milliseconds as one client makes them."""
    assert at == _event(_message(ts=ts)).at


@pytest.mark.parametrize("ts", ["soon", "", "-5", "²", "9" * 5000, True, None, {}])
def test_no_time(ts: object) -> None:
    """What is no time leaves the time of receipt, and says so."""
    event = _event(_message(ts=ts))

    assert (CONTEXT.received_at, ["no_time"]) == (event.at, event.warnings)


@pytest.mark.parametrize(
    ("parts", "kind", "text"),
    [
        pytest.param({"files": [{"mimetype": "video/mp4"}]}, "video", "hi", id="video"),
        pytest.param({"files": [{"mimetype": "application/pdf"}]}, "file", "hi", id="document"),
        pytest.param({"files": [{}]}, "file", "hi", id="a file that is not described"),
        pytest.param({"text": "", "attachments": [{"fallback": "Pick"}, {"text": "one"}]}, "template", "Pick\none", id="attachments only"),
        pytest.param({"text": "", "blocks": [{"type": "image"}]}, "template", "", id="blocks only"),
        pytest.param({"blocks": [{"type": "rich_text"}]}, "text", "hi", id="blocks beside a text"),
        pytest.param({"subtype": "channel_leave"}, "leave", "hi", id="leave"),
        pytest.param({"subtype": "bot_add"}, "system", "hi", id="notice"),
    ],
)  # fmt: skip
def test_kinds_of_messages(parts: dict[str, Any], kind: str, text: str) -> None:
    """Files name the kind; what has no text is read from its attachments."""
    event = _event(_message(**parts))

    assert (kind, text) == (event.kind, event.text)


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        pytest.param({"type": "pong"}, "control", id="pong"),
        pytest.param({"type": "reconnect_url", "url": "wss://s"}, "control", id="reconnect url"),
        pytest.param({"type": "star_added", "user": "U"}, "system", id="star"),
        pytest.param({"type": "hologram"}, "unknown", id="new"),
    ],
)
def test_frames_that_are_no_message(frame: dict[str, Any], kind: str) -> None:
    """RTM's own frames are kept and count as no message."""
    event = _event(frame)

    assert (kind, False) == (event.kind, is_message(event))


def test_a_new_event_is_slacks_own_affair() -> None:
    """An event nobody knows, in Slack's own envelope, is a notice with Slack's id."""
    event = _event(_callback({"type": "hologram_shown", "user": "U"}))

    assert ("system", "U", True) == (event.kind, event.user_id, event.repeats)


def test_mention_and_message_are_one() -> None:
    """Slack tells a mention twice: as a message and as a mention."""
    mention, message = _event(_callback(_message(type="app_mention"))), _event(_callback(_message()))

    assert mention.event_id == message.event_id


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(_callback(_message()), _callback(_message(), event_id="E2"), True, id="delivered twice"),
        pytest.param(_message(), _message(channel="D"), False, id="another channel"),
        pytest.param(_message(), _message(ts="1085659200.123457"), False, id="a microsecond later"),
        pytest.param(_message(), _message(subtype="message_deleted", deleted_ts=TS, previous_message={"user": "U"}), False, id="deleted"),
        pytest.param(_pressed({"value": "a"}), _pressed({"value": "a"}), True, id="pressed once"),
        pytest.param(_pressed({"value": "a"}), _pressed({"value": "b"}, trigger_id="t2"), False, id="another button of the message"),
        pytest.param({"type": "reaction_added", "user": "U", "item": {"ts": TS}, "event_ts": TS}, {"type": "reaction_removed", "user": "U", "item": {"ts": TS}, "event_ts": TS}, False, id="taken back"),
    ],
)  # fmt: skip
def test_event_ids(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    """What comes again is the same event; what merely looks alike is not."""
    first, second = _event(one), _event(other)

    assert (same, True, True) == (first.event_id == second.event_id, first.repeats, second.repeats)


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        pytest.param({"value": "v"}, "v", id="button"),
        pytest.param({"selected_option": {"value": "v"}}, "v", id="menu"),
        pytest.param({"selected_options": [{"value": "v"}, {"value": "w"}]}, '["v","w"]', id="several"),
        pytest.param({"selected_date": "2004-05-27"}, "2004-05-27", id="date"),
        pytest.param({"selected_users": ["U1", "U2"]}, '["U1","U2"]', id="users"),
    ],
)
def test_what_buttons_send(action: dict[str, Any], payload: str) -> None:
    """Whatever a control is, what it sends is the payload."""
    event = _event(_pressed(action | {"action_ts": TS, "action_id": "a"}))

    assert ("postback", "in", payload, "a", AT) == (
        event.kind,
        event.direction,
        event.attributes["payload"],
        event.attributes["action_id"],
        event.at,
    )


def test_every_action_is_an_event() -> None:
    """A payload with two actions holds two events, with ids of their own."""
    events = read_slack(_pressed({"value": "a"}, {"value": "b"}), CONTEXT).events

    assert ["a", "b"] == [event.attributes["payload"] for event in events]
    assert 2 == len({event.event_id for event in events})


def test_the_first_buttons_had_no_type() -> None:
    """A payload of the first buttons is known by what it holds."""
    body = {
        "actions": [{"name": "n", "value": "v"}],
        "callback_id": "c",
        "user": {"id": "U"},
        "message_ts": TS,
    }
    event = _event(body)

    assert ("postback", "U", TS) == (event.kind, event.user_id, event.message_id)


def test_form() -> None:
    """What was filled into a view is kept by the ids of block and field."""
    values = {
        "b": {"f": {"type": "plain_text_input", "value": "Ada"}, "g": {"selected_option": {"value": "x"}}}
    }
    event = _event({"type": "view_submission", "user": {"id": "U"}, "view": {"state": {"values": values}}})

    assert ("form", "in") == (event.kind, event.direction)
    assert {"form.b.f": "Ada", "form.b.g": "x", "payload_type": "view_submission"} == event.attributes


def test_answer_goes_to_who_spoke_last() -> None:
    """A bot's message names nobody: its user is the last one who spoke in the channel of that team."""
    told = read_slack(_callback(_message()), CONTEXT).learned
    answer = _callback({"type": "message", "subtype": "bot_message", "bot_id": "B", "channel": "C", "ts": TS})

    assert ("U", "out") == (_event(answer, told).user_id, _event(answer, told).direction)
    assert "" == _event(answer).user_id
    assert "" == _event(answer | {"team_id": "T2"}, told).user_id


def test_a_frame_without_a_team_is_looked_up_without() -> None:
    """RTM leaves the team out of a bot's message; the channel alone is enough then."""
    told = read_slack(_message(team="T"), CONTEXT).learned

    assert "U" == _event(_message(user=None, bot_id="B", ts="1085659201.0"), told).user_id


def test_what_is_needed_is_told() -> None:
    """Reading an answer says which link it needs, so that the link can travel with it."""
    answer = {"type": "message", "bot_id": "B", "channel": "C", "ts": TS}

    assert ["channel:slack:T:C"] == read_slack(_callback(answer), CONTEXT).wanted


def test_known_accounts_of_the_bot() -> None:
    """A message without any mark of a bot is outgoing, if its account is known to be the bot's."""
    told = read_connect({"self": {"id": "UB"}, "ims": []}, CONTEXT).learned

    assert "out" == _event(_message(user="UB"), told).direction
    assert "in" == _event(_message(), told).direction


def test_bots_of_a_connect() -> None:
    """Of all bots of a team, only the one that connects is its own."""
    body = {
        "self": {"id": "UB"},
        "team": {"id": "T"},
        "users": [{"id": "UB", "profile": {"bot_id": "B1"}}, {"id": "UC", "profile": {"bot_id": "B2"}}],
        "bots": [{"id": "B2"}],
        "ims": [{"id": "D", "user": "U"}, 5, {"id": "E"}],
    }
    expected = {
        "bot:slack:UB": "bot",
        "bot:slack:B1": "bot",
        "channel:slack:T:D": "U",
        "channel:slack::D": "U",
    }

    assert expected == read_connect(body, CONTEXT).learned


def test_reported_incoming() -> None:
    """An SDK's wrapper: the frame in it, its team, and what is beside it."""
    body = {"team": {"id": "T"}, "bot": {"id": "B"}, "message": _message(), "intent": {"name": "greet"}}
    outcome = _reported("incoming", body)
    (event,) = outcome.events

    assert ("U", "in", "hi", AT, TS, "greet") == (
        event.user_id,
        event.direction,
        event.text,
        event.at,
        event.message_id,
        event.intent,
    )
    assert "U" == outcome.learned["channel:slack:T:C"]
    assert "bot" == outcome.learned["bot:slack:B"]


def test_reported_outgoing() -> None:
    """An answer has neither user nor time, often no type: its user is the channel's."""
    told = _reported("incoming", {"team": {"id": "T"}, "message": _message()}).learned
    message = {"text": "yo", "channel": "C", "dashbotTemplateId": "t1"}
    body = {"team": {"id": "T"}, "bot": {"id": "B"}, "message": message, "metadata": {"m": 1}}
    (event,) = _reported("outgoing", body, told).events

    assert ("U", "out", "yo", ["no_time"]) == (event.user_id, event.direction, event.text, event.warnings)
    assert {"template": "t1", "metadata.m": "1"} == event.attributes


@pytest.mark.parametrize("type", ["hello", "presence_change", "user_typing", "pong", "reconnect_url"])
def test_reported_frames_count_as_no_message(type: str) -> None:
    """SDKs report every frame; only messages count."""
    (event,) = _reported("incoming", {"message": {"type": type, "user": "U"}}).events

    assert not is_message(event)


def test_reported_botkit() -> None:
    """Botkit names kinds of messages itself."""
    body = {"team": {"id": "T", "bot": {"id": "B"}}, "message": _message(type="direct_message")}
    (event,) = _reported("incoming", body).events

    assert ("text", "in", "U") == (event.kind, event.direction, event.user_id)


def test_reported_button_in_a_wrapper() -> None:
    """An interactive payload in an SDK's wrapper is read as one."""
    (event,) = _reported("incoming", {"team": {"id": "T"}, "message": _pressed({"value": "v"})}).events

    assert ("postback", "U", "v") == (event.kind, event.user_id, event.attributes["payload"])


def test_reported_without_a_wrapper() -> None:
    """Slack's own body instead of the wrapper is read too, also where it holds a `message` itself."""
    (shortcut,) = _reported(
        "incoming", {"type": "message_action", "user": {"id": "U"}, "message": {"text": "x", "user": "V"}}
    ).events
    (message,) = _reported("incoming", _callback(_message())).events

    assert ("shortcut", "U") == (shortcut.kind, shortcut.user_id)
    assert ("text", "U") == (message.kind, message.user_id)


@pytest.mark.parametrize(
    ("parts", "links", "direction", "user_id"),
    [
        pytest.param({"is_bot": False}, {}, "in", "U", id="user"),
        pytest.param({"is_bot": True, "user": "UB", "team": "T"}, {"channel:slack:T:C": "U"}, "out", "U", id="bot"),
        pytest.param({"is_bot": True, "user": "UB"}, {}, "out", "", id="bot in a channel nobody knows"),
        pytest.param({"user": "UB", "team": "T"}, {"bot:slack:UB": "bot", "channel:slack:T:C": "U"}, "out", "U", id="bot without a mark"),
        pytest.param({"is_bot": False, "bot_id": "B"}, {}, "in", "U", id="the mark is believed"),
    ],
)  # fmt: skip
def test_flat(parts: dict[str, Any], links: dict[str, str], direction: str, user_id: str) -> None:
    """The flat shape says its side, or the account does; the user of an answer is the channel's."""
    event = _flat(links, **parts)

    assert (direction, user_id) == (event.direction, event.user_id)


def test_flat_typing_of_the_bot() -> None:
    """The bot itself is never a user."""
    event = _flat(type="typing", is_bot=True, user="UB")

    assert ("typing", "") == (event.kind, event.user_id)


@pytest.mark.parametrize("body", [{}, {"type": ""}, {"message": "yo3"}, {"ok": True}])
def test_refusals(body: dict[str, Any]) -> None:
    """What is nothing of Slack's is refused with what is missing."""
    (refused,) = read_slack(body, CONTEXT).rejections

    assert (Reason.UNKNOWN_SHAPE, "type") == (refused.reason, refused.path)


def test_secrets() -> None:
    """Tokens and addresses that let their holder act are cut out before anything is kept."""
    secret = "s3cr3t"
    body = _pressed(
        {"value": "v"},
        token=secret,
        response_url=f"https://hooks/{secret}",
        response_urls=[{"response_url": secret}],
        event={"bot_access_token": secret, "files": [{"permalink_public": secret}]},
        message={"url": f"wss://{secret}"},
        url=f"wss://{secret}",
    )
    item, removed = clean("webhook", "slack", msgspec.json.encode(body))

    assert secret.encode() not in item
    assert 7 == len(removed)
    assert isinstance(object_of(item), dict)
    assert "v" == _event(msgspec.json.decode(item)).attributes["payload"]


def test_slack_has_a_hook() -> None:
    """Slack signs what it sends."""
    assert SLACK.hook is not None
    assert SLACK.hook.verify is not None
