"""The Bot Framework's activity: which side it is, what it says, and what it tells of the bot's account."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.core.events import BotEvent, is_message
from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context
from app.core.platforms.microsoft import read_activity, read_deprecated
from app.core.redact import clean

AT = 1_085_659_200_123
CONTEXT = Context("bot", AT + 1000, "webhook", "microsoft")


def _activity(**parts: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "id": "a1",
        "timestamp": "2004-05-27T12:00:00.1239999Z",
        "channelId": "directline",
        "from": {"id": "U", "name": "Ada"},
        "recipient": {"id": "B"},
        "conversation": {"id": "C"},
        "text": "hi",
    } | parts


def _outcome(body: dict[str, Any], side: Any = "none", **links: str) -> Outcome:
    outcome = read_activity(body, msgspec.structs.replace(CONTEXT, side=side, links=links))
    assert outcome.rejections == []

    return outcome


def _event(body: dict[str, Any], side: Any = "none", **links: str) -> BotEvent:
    (event,) = _outcome(body, side, **links).events

    return event


FROM_BOT: dict[str, Any] = {"from": {"id": "B"}, "recipient": {"id": "U"}}


@pytest.mark.parametrize(
    ("parts", "links", "direction", "user_id"),
    [
        pytest.param({}, {}, "in", "U", id="nothing said"),
        pytest.param({"from": {"id": "B", "role": "bot"}, "recipient": {"id": "U"}}, {}, "out", "U", id="from a bot"),
        pytest.param({"from": {"id": "B"}, "recipient": {"id": "U", "role": "user"}}, {}, "out", "U", id="to a user"),
        pytest.param({"from": {"id": "U", "role": "user"}, "replyToId": "a0"}, {}, "in", "U", id="the press of a card's button"),
        pytest.param(FROM_BOT | {"replyToId": "a0"}, {}, "out", "U", id="reply"),
        pytest.param(FROM_BOT, {"bot:microsoft:B": "bot"}, "out", "U", id="from a known bot"),
        pytest.param({"replyToId": "a0"}, {"bot:microsoft:B": "bot"}, "in", "U", id="reply to a known bot"),
        pytest.param({"from": {"id": "28:B"}, "recipient": {"id": "29:U"}}, {}, "out", "29:U", id="prefixes of Teams"),
        pytest.param({"from": {"id": "B", "role": "bot"}, "recipient": None}, {"channel:microsoft:C": "U"}, "out", "U", id="to nobody named"),
        pytest.param({"from": {"id": "X"}, "recipient": {"id": "X"}}, {}, "none", "X", id="both the same"),
    ],
)  # fmt: skip
def test_sides(parts: dict[str, Any], links: dict[str, str], direction: str, user_id: str) -> None:
    """Roles say it, else the prefix, else what is known, else what it replies to."""
    event = _event(_activity(**parts), **links)

    assert (direction, user_id) == (event.direction, event.user_id)


@pytest.mark.parametrize(("side", "user_id"), [("in", "U"), ("out", "B")])
def test_the_caller_says_the_side(side: str, user_id: str) -> None:
    """Where the activity does not, the caller does, whatever else it looks like."""
    event = _event(_activity(replyToId="a0"), side)

    assert (side, user_id) == (event.direction, event.user_id)


def test_incoming_tells_the_bots_account() -> None:
    """What a connector delivered names the bot as recipient and the user of the conversation."""
    told = _outcome(_activity()).learned

    assert {"bot:microsoft:B": "bot", "channel:microsoft:C": "U"} == told
    assert "out" == _event(_activity(**FROM_BOT), **told).direction


@pytest.mark.parametrize("missing", ["id", "timestamp"])
def test_what_is_about_to_be_sent_tells_nothing(missing: str) -> None:
    """An activity that no connector has delivered may be the bot's own: its recipient is not taken for the bot."""
    assert {} == _outcome(_activity(**{missing: None})).learned


@pytest.mark.parametrize(
    ("parts", "kind", "text"),
    [
        pytest.param({"attachments": [{"contentType": "image/png"}]}, "image", "hi", id="image"),
        pytest.param({"attachments": [{"contentType": "text/html", "content": "<p>hi"}]}, "text", "hi", id="Teams' copy as HTML"),
        pytest.param({"text": "", "attachments": [{"contentType": "application/vnd.microsoft.card.hero", "content": {"title": "Pick"}}]}, "template", "Pick", id="card"),
        pytest.param({"attachments": [{"contentType": "application/vnd.microsoft.card.video"}]}, "video", "hi", id="video card"),
        pytest.param({"attachments": [{"contentType": "application/vnd.microsoft.teams.file.download.info"}]}, "file", "hi", id="file"),
        pytest.param({"text": None, "value": {"a": 1}}, "postback", "", id="a card's button"),
        pytest.param({"text": "", "entities": [{"type": "Place"}]}, "location", "", id="place"),
        pytest.param({"text": None, "speak": "hello"}, "text", "hello", id="spoken"),
        pytest.param({"text": None}, "text", "", id="nothing"),
    ],
)  # fmt: skip
def test_kinds_of_messages(parts: dict[str, Any], kind: str, text: str) -> None:
    """The first attachment names the kind; a value without a text is a pressed button."""
    event = _event(_activity(**parts))

    assert (kind, text) == (event.kind, event.text)


@pytest.mark.parametrize(
    ("parts", "kind", "direction"),
    [
        pytest.param({"type": "messageUpdate"}, "edit", "in", id="edit"),
        pytest.param({"type": "messageDelete"}, "delete", "none", id="delete"),
        pytest.param({"type": "messageReaction", "replyToId": "a0"}, "reaction", "none", id="reaction"),
        pytest.param({"type": "typing"}, "typing", "none", id="typing"),
        pytest.param({"type": "endOfConversation"}, "session_end", "none", id="end"),
        pytest.param({"type": "contactRelationUpdate", "action": "remove"}, "unsubscribe", "none", id="contact"),
        pytest.param({"type": "installationUpdate", "action": "remove"}, "uninstall", "none", id="uninstalled"),
        pytest.param({"type": "invoke", "name": "signin/verifyState"}, "system", "none", id="a client's own call"),
        pytest.param({"type": "invoke", "name": "adaptiveCard/action", "value": 1}, "postback", "in", id="a user's call"),
        pytest.param({"type": "event", "name": "x"}, "system", "none", id="event"),
        pytest.param({"type": "conversationUpdate", "topicName": "x"}, "system", "none", id="topic"),
        pytest.param({"type": "hologram"}, "unknown", "none", id="new"),
    ],
)  # fmt: skip
def test_other_activities(parts: dict[str, Any], kind: str, direction: str) -> None:
    """What is not a message is a signal, unless a user pressed something."""
    event = _event(_activity(**parts))

    assert (kind, direction, kind == "postback") == (event.kind, event.direction, is_message(event))


def test_members() -> None:
    """Everybody who comes or goes is an event; the bot is not."""
    body = _activity(
        type="conversationUpdate",
        membersAdded=[{"id": "B"}, {"id": "U"}, {"id": "V"}],
        membersRemoved=[{"id": "W"}],
    )
    found = [(event.kind, event.user_id) for event in _outcome(body).events]

    assert [("join", "U"), ("join", "V"), ("leave", "W")] == found


@pytest.mark.parametrize(
    ("given", "at"),
    [
        pytest.param("2004-05-27T12:00:00.123Z", AT, id="3 digits"),
        pytest.param("2004-05-27T12:00:00.123999Z", AT, id="6 digits"),
        pytest.param("2004-05-27T12:00:00.1239999Z", AT, id="7 digits"),
        pytest.param("2004-05-27T12:00:00.123999999Z", AT, id="9 digits"),
        pytest.param("2004-05-27T14:00:00.1239999+02:00", AT, id="another zone"),
    ],
)
def test_times(given: str, at: int) -> None:
    """Times are ISO 8601 with any number of digits, cut to milliseconds."""
    assert at == _event(_activity(timestamp=given)).at


@pytest.mark.parametrize("given", [None, "soon", True, {}, -1])
def test_no_time(given: object) -> None:
    """What is no time leaves the time of receipt."""
    assert ["no_time"] == _event(_activity(timestamp=given)).warnings


@pytest.mark.parametrize(
    ("results", "intent", "confidence"),
    [
        pytest.param({"intents": {"None": {"score": 0.1}, "Greet": {"score": 0.9}}}, "Greet", 0.9, id="by score"),
        pytest.param({"topScoringIntent": {"intent": "Greet", "score": "0.9"}}, "Greet", 0.9, id="named"),
        pytest.param({"intents": {"Greet": 5}}, "Greet", 0.0, id="without a score"),
        pytest.param({"intents": {}}, "", None, id="none"),
    ],
)  # fmt: skip
def test_luis(results: dict[str, Any], intent: str, confidence: float | None) -> None:
    """Of what LUIS found the best intent is read."""
    event = _event(_activity(luisResults=results))

    assert (intent, confidence) == (event.intent, event.intent_confidence)


def test_the_repeat_with_luis_is_the_same_event() -> None:
    """SDKs report an activity once plain and once with what LUIS found."""
    plain, enriched = _event(_activity()), _event(_activity(luisResults={"intents": {"Greet": {"score": 1}}}))

    assert (plain.event_id, True) == (enriched.event_id, plain.repeats)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"conversation": {"id": "D"}}, id="another conversation"),
        pytest.param({"type": "messageUpdate"}, id="edited"),
        pytest.param({"id": "a2"}, id="another id"),
    ],
)
def test_event_ids(parts: dict[str, Any]) -> None:
    """Some channels number activities within each conversation: the id alone makes no two events one."""
    assert _event(_activity()).event_id != _event(_activity(**parts)).event_id


def test_what_is_beside_it() -> None:
    """An SDK's intent, metadata and user attributes, the channel and what is replied to are kept."""
    body = _activity(
        intent={"name": "NotHandled"}, metadata={"m": 1}, platformUserJson={"locale": "en_GB"}, replyToId="a0"
    )
    event = _event(body, "in")

    assert ("NotHandled", True, "en_GB") == (event.intent, event.not_handled, event.locale)
    assert {"channel": "directline", "reply_to": "a0", "metadata.m": "1"} == event.attributes


def test_no_activity() -> None:
    """What has no type is no activity."""
    (refused,) = read_activity({"text": "x"}, CONTEXT).rejections

    assert (Reason.UNKNOWN_SHAPE, "type") == (refused.reason, refused.path)


@pytest.mark.parametrize(
    "session",
    [
        pytest.param({"text": "hi", "user": {"id": "U"}}, id="message"),
        pytest.param({"text": "hi", "address": {"user": {"id": "U"}}}, id="user in the address"),
        pytest.param({"user": {"id": "U"}, "message": {"text": "hi", "address": {"id": "m"}}}, id="session"),
    ],
)
def test_deprecated(session: dict[str, Any]) -> None:
    """Sessions of botbuilder 3 name user and text in several places; the side is the caller's."""
    context = msgspec.structs.replace(CONTEXT, side="out")
    (event,) = read_deprecated({"json": session, "dashbot_timestamp": AT}, context).events

    assert ("U", "hi", "out", AT) == (event.user_id, event.text, event.direction, event.at)


@pytest.mark.parametrize("session", [None, 5, {}, {"text": "hi"}])
def test_deprecated_refusals(session: object) -> None:
    """Without a session of somebody there is nothing to read."""
    (refused,) = read_deprecated({"json": session}, CONTEXT).rejections

    assert (Reason.UNKNOWN_SHAPE, "json") == (refused.reason, refused.path)


def test_secrets() -> None:
    """Tokens of a sign-in and addresses that open a file, for reading or for writing, are cut out."""
    body = _activity(
        value={"token": "s3cr3t", "uploadInfo": {"uploadUrl": "http://s3cr3t"}},
        attachments=[{"content": {"downloadUrl": "http://s3cr3t"}}],
    )
    item, removed = clean("webhook", "microsoft", msgspec.json.encode(body))

    assert {
        "value.token",
        "value.uploadInfo.uploadUrl",
        "attachments[0].content.downloadUrl",
    } == set(removed)
    assert b"s3cr3t" not in item
