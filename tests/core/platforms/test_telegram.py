"""Telegram's updates: what the real payloads leave open, and the token of its webhook."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.core.events import BotEvent, is_message
from app.core.outcome import Reason
from app.core.platforms.context import Context
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE
from app.core.platforms.telegram import TELEGRAM, read_telegram
from app.core.redact import clean
from tests.core.platforms.asking import asked

AT = 1_085_659_200_000
CONTEXT = Context("bot", AT + 1000, "webhook", "telegram")
USER = {"id": 7, "is_bot": False, "first_name": "Ada", "language_code": "en"}
BOT = {"id": 9, "is_bot": True}
PRIVATE, GROUP = {"id": 7, "type": "private"}, {"id": -5, "type": "group"}


def _event(body: dict[str, Any], **links: str) -> BotEvent:
    outcome = read_telegram(body, msgspec.structs.replace(CONTEXT, links=links))
    assert outcome.rejections == []
    (event,) = outcome.events

    return event


def _message(**parts: Any) -> dict[str, Any]:
    return {"message_id": 3, "from": USER, "chat": PRIVATE, "date": AT // 1000} | parts


def _update(name: str = "message", **part: Any) -> dict[str, Any]:
    return {"update_id": 1, name: part}


def _said(**parts: Any) -> BotEvent:
    return _event(_update(**_message(**parts)))


@pytest.mark.parametrize(
    ("parts", "kind", "text"),
    [
        pytest.param({"text": "/start x", "entities": [{"type": "bot_command", "offset": 0}]}, "command", "/start x", id="command"),
        pytest.param({"text": "see /start", "entities": [{"type": "bot_command", "offset": 4}]}, "text", "see /start", id="a command within"),
        pytest.param({"photo": [{}], "caption": "look"}, "image", "look", id="photo with a caption"),
        pytest.param({"animation": {}, "document": {}}, "video", "", id="animation"),
        pytest.param({"voice": {}}, "audio", "", id="voice"),
        pytest.param({"document": {}}, "file", "", id="document"),
        pytest.param({"sticker": {"emoji": "x"}}, "sticker", "", id="sticker"),
        pytest.param({"venue": {"title": "Inn"}, "location": {}}, "location", "Inn", id="venue"),
        pytest.param({"contact": {"user_id": 8}}, "contact", "", id="contact"),
        pytest.param({"poll": {"question": "Why?"}}, "template", "Why?", id="poll"),
        pytest.param({"web_app_data": {"button_text": "Send", "data": "d"}}, "form", "Send", id="web app"),
        pytest.param({"new_chat_members": [USER], "text": "x"}, "join", "", id="join"),
        pytest.param({"pinned_message": {"text": "x"}}, "system", "", id="pinned"),
        pytest.param({"hologram": {}}, "system", "", id="new"),
        pytest.param({}, "unknown", "", id="nothing"),
    ],
)  # fmt: skip
def test_kinds_of_messages(parts: dict[str, Any], kind: str, text: str) -> None:
    """What a message holds names its kind; notices of the chat have no text."""
    event = _said(**parts)

    assert (kind, text) == (event.kind, event.text)


def test_attributes_of_a_message() -> None:
    """What is answered, the thread and files are kept, files by the id of their largest size."""
    event = _said(
        photo=[{"file_id": "s"}, {"file_id": "l"}], reply_to_message={"message_id": 2}, message_thread_id=4
    )
    expected = {
        "chat_type": "private",
        "reply_to": "2",
        "thread": "4",
        "attachments": '[{"type":"photo","file_id":"l"}]',
    }

    assert expected == event.attributes
    assert ({"first_name": "Ada", "language_code": "en"}, "en") == (event.user_attributes, event.locale)


@pytest.mark.parametrize(
    ("parts", "links", "direction", "user_id"),
    [
        pytest.param({}, {}, "in", "7", id="user"),
        pytest.param({"from": BOT}, {}, "out", "7", id="bot in a private chat"),
        pytest.param({"from": BOT, "chat": GROUP}, {"channel:telegram:-5": "7"}, "out", "7", id="bot in a group"),
        pytest.param({"from": BOT, "chat": GROUP}, {}, "out", "", id="bot in a group nobody knows"),
        pytest.param({"from": BOT, "chat": GROUP, "sender_chat": GROUP}, {}, "none", "", id="in the name of a group"),
        pytest.param({"from": None}, {}, "none", "", id="nobody"),
    ],
)  # fmt: skip
def test_sides(parts: dict[str, Any], links: dict[str, str], direction: str, user_id: str) -> None:
    """A private chat has its user's id; a group's is nobody's."""
    event = _event(_update(**_message(text="x", **parts)), **links)

    assert (direction, user_id) == (event.direction, event.user_id)


def test_who_speaks_in_a_chat_is_told() -> None:
    """A message tells for the bot's own who is in the chat."""
    outcome = read_telegram(_update(**_message(text="x", chat=GROUP)), CONTEXT)

    assert {"channel:telegram:-5": "7"} == outcome.learned


def test_ids_beyond_2_53() -> None:
    """Large ids stay exact."""
    assert "9007199254740993" == _said(**{"from": {"id": 2**53 + 1}}).user_id


@pytest.mark.parametrize("date", [0, None, "soon", True, [], -1])
def test_no_time(date: object) -> None:
    """Telegram writes 0 for no time."""
    assert ["no_time"] == _said(date=date).warnings


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(_update(**_message(text="x")), {"update_id": 2} | _update(**_message(text="x")), True, id="twice"),
        pytest.param(_update(**_message(text="x")), _update(**_message(text="x", chat=GROUP)), False, id="another chat"),
        pytest.param(_update(**_message(text="x")), _update("edited_message", **_message(text="y", edit_date=5)), False, id="edited"),
        pytest.param(_update("edited_message", **_message(text="x", edit_date=5)), _update("edited_message", **_message(text="y", edit_date=6)), False, id="edited again"),
        pytest.param(_update("poll_answer", user=USER), _update("poll_answer", user=USER), True, id="the same update"),
        pytest.param(_update("poll_answer", user=USER), _update("poll_answer", user=USER) | {"update_id": 2}, False, id="another update"),
    ],
)  # fmt: skip
def test_event_ids(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    """Messages are numbered within their chat; all else is known by its update."""
    first, second = _event(one), _event(other)

    assert (same, True) == (first.event_id == second.event_id, first.repeats)


@pytest.mark.parametrize(
    ("chat", "before", "now", "kind"),
    [
        pytest.param(PRIVATE, "member", "kicked", "unsubscribe", id="blocked"),
        pytest.param(PRIVATE, "kicked", "member", "subscribe", id="unblocked"),
        pytest.param(GROUP, "left", "member", "join", id="added to a group"),
        pytest.param(GROUP, "member", "left", "leave", id="removed from a group"),
        pytest.param(GROUP, "member", "administrator", "system", id="promoted"),
    ],
)
def test_the_bot_as_a_member(chat: dict[str, Any], before: str, now: str, kind: str) -> None:
    """What becomes of the bot is done by its user."""
    members = {"old_chat_member": {"status": before}, "new_chat_member": {"status": now, "user": BOT}}
    event = _event(_update("my_chat_member", chat=chat, **{"from": USER}, date=AT // 1000, **members))

    assert (kind, "7", AT) == (event.kind, event.user_id, event.at)


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [
        pytest.param("poll_answer", {"user": USER, "poll_id": "p", "option_ids": [1]}, "form", id="vote"),
        pytest.param(
            "message_reaction", {"user": USER, "new_reaction": [{"emoji": "x"}]}, "reaction", id="reaction"
        ),
        pytest.param("chat_join_request", {"from": USER}, "system", id="request"),
        pytest.param("chat_boost", {}, "system", id="boost"),
        pytest.param("deleted_business_messages", {"message_ids": [1]}, "delete", id="deleted"),
        pytest.param("hologram", {}, "unknown", id="new"),
    ],
)
def test_other_updates(name: str, part: dict[str, Any], kind: str) -> None:
    """Every update is an event."""
    assert kind == _event(_update(name, **part)).kind


@pytest.mark.parametrize(
    ("total", "currency", "amount"),
    [pytest.param(145, "USD", 1.45, id="cents"), pytest.param(145, "JPY", 145, id="no cents")],
)
def test_payment(total: int, currency: str, amount: float) -> None:
    """A payment's total is in the smallest unit of its currency; it is no message."""
    event = _said(successful_payment={"total_amount": total, "currency": currency, "invoice_payload": "P"})

    assert ("payment", amount, currency, "P") == (
        event.kind,
        event.amount,
        event.currency,
        event.attributes["payload"],
    )
    assert not is_message(event)


def test_asking_to_pay_is_no_revenue() -> None:
    """Before a payment is made its total is an attribute only."""
    event = _event(_update("pre_checkout_query", id="q", currency="USD", total_amount=145, **{"from": USER}))

    assert ("payment", None, "145") == (event.kind, event.amount, event.attributes["total_amount"])


def test_answers_of_calls() -> None:
    """The answer of `getUpdates` holds updates, that of a call that sends a message the message."""
    updates = {"ok": True, "result": [_update(**_message(text="a")), 5, _update(**_message(text="b"))]}
    sent = {"ok": True, "result": _message(text="c", **{"from": BOT})}
    outcome = read_telegram(updates, CONTEXT)

    assert ["a", "b"] == [event.text for event in outcome.events]
    assert ["result[1]"] == [rejection.path for rejection in outcome.rejections]
    assert ("c", "out") == (_event(sent).text, _event(sent).direction)


@pytest.mark.parametrize("body", [{}, {"ok": True}, {"text": "x"}, {"message": 5}])
def test_refusals(body: dict[str, Any]) -> None:
    """What is no update is refused."""
    (refused,) = read_telegram(body, CONTEXT).rejections

    assert Reason.UNKNOWN_SHAPE is refused.reason


def test_secrets() -> None:
    """Papers and addresses are none of ours."""
    body = _update(**_message(passport_data={"x": "s3cr3t"}, successful_payment={"order_info": "s3cr3t"}))
    item, removed = clean("webhook", "telegram", msgspec.json.encode(body))

    assert b"s3cr3t" not in item
    assert ["message.passport_data", "message.successful_payment.order_info"] == removed


@pytest.mark.parametrize(
    ("secrets", "given", "refused"),
    [
        pytest.param(["one"], "one", "", id="genuine"),
        pytest.param(["one", "two"], "two", "", id="one of two"),
        pytest.param(["one"], "two", WRONG_SIGNATURE, id="wrong"),
        pytest.param(["one"], "", NO_SIGNATURE, id="missing"),
        pytest.param([], "", NOT_SET, id="no secret"),
    ],
)
def test_token(secrets: list[str], given: str, refused: str) -> None:
    """The header holds the token that was given to `setWebhook`."""
    assert TELEGRAM.hook is not None
    assert TELEGRAM.hook.verify is not None

    assert refused == TELEGRAM.hook.verify(asked(x_telegram_bot_api_secret_token=given), secrets, b"")


OWNED = {"business_connection_id": "BC", "chat": PRIVATE, "text": "x"}
OWNER = {"id": 70, "is_bot": False}


@pytest.mark.parametrize(
    ("sender", "direction"),
    [
        pytest.param(USER, "in", id="the customer"),
        pytest.param(OWNER, "out", id="the owner"),
    ],
)
def test_sides_of_a_business_chat(sender: dict[str, Any], direction: str) -> None:
    """The chat of a business account is the customer; whoever else writes there answers in the owner's name."""
    event = _event(_update("business_message", **_message(**OWNED, **{"from": sender})))

    assert (direction, "7") == (event.direction, event.user_id)


def test_a_business_chat_numbers_its_own_messages() -> None:
    """The same number in the bot's own chat with the same user is another message."""
    own = _said(text="x")
    owned = _event(_update("business_message", **_message(**OWNED)))

    assert own.message_id == owned.message_id
    assert own.event_id != owned.event_id
