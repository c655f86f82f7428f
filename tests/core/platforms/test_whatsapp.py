"""WhatsApp's Cloud API: webhook bodies and what bots send."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.events import BotEvent
from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context
from app.core.platforms.whatsapp import read

AT_S = 1_603_059_201
USER = "16315551181"


def _read(body: dict[str, Any]) -> Outcome:
    return read(body, Context("bot", AT_S * 1000 + 1, "webhook", "whatsapp"))


def _changed(value: dict[str, Any], field: str = "messages", **entry: Any) -> Outcome:
    change = {"value": {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "P"}} | value}

    return _read(
        {
            "object": "whatsapp_business_account",
            "entry": [{"id": "W", "changes": [change | {"field": field}]} | entry],
        }
    )


def _message(**message: Any) -> BotEvent:
    found = {"from": USER, "id": "wamid.1", "timestamp": str(AT_S)} | message
    (event,) = _changed({"messages": [found]}).events
    assert event.attributes.pop("phone_number_id") == "P"

    return event


@pytest.mark.parametrize(
    ("message", "kind", "text", "attributes"),
    [
        pytest.param({"type": "text", "text": {"body": "Hi"}, "context": {"id": "wamid.0"}}, "text", "Hi", {"reply_to": "wamid.0"}, id="text"),
        pytest.param({"type": "image", "image": {"id": "M", "caption": "cat", "mime_type": "image/png"}}, "image", "cat", {"attachments": '[{"type":"image","url":"","id":"M"}]', "mime_type": "image/png"}, id="image"),
        pytest.param({"type": "document", "document": {"id": "M", "filename": "a.pdf"}}, "file", "", {"attachments": '[{"type":"document","url":"","id":"M"}]', "file_name": "a.pdf"}, id="document"),
        pytest.param({"type": "audio", "audio": {"id": "M", "voice": True}}, "audio", "", {"attachments": '[{"type":"audio","url":"","id":"M"}]'}, id="voice"),
        pytest.param({"type": "sticker", "sticker": {"id": "M"}}, "sticker", "", {"attachments": '[{"type":"sticker","url":"","id":"M"}]'}, id="sticker"),
        pytest.param({"type": "location", "location": {"latitude": 1.5, "longitude": 2, "name": "N"}}, "location", "", {"latitude": "1.5", "longitude": "2", "name": "N"}, id="location"),
        pytest.param({"type": "contacts", "contacts": [{"name": {"formatted_name": "Bob"}}]}, "contact", "", {}, id="contacts"),
        pytest.param({"type": "button", "button": {"text": "No", "payload": "N"}}, "quick_reply", "No", {"payload": "N"}, id="template's button"),
        pytest.param({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "b1", "title": "Yes"}}}, "quick_reply", "Yes", {"payload": "b1"}, id="button"),
        pytest.param({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "l1", "title": "One"}}}, "quick_reply", "One", {"payload": "l1"}, id="list"),
        pytest.param({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": "{}", "body": "Sent"}}}, "form", "", {"form": "{}"}, id="flow"),
        pytest.param({"type": "order", "order": {"catalog_id": "C", "text": "please", "product_items": [{"quantity": 1}]}}, "form", "please", {"catalog_id": "C", "products": '[{"quantity":1}]'}, id="order"),
        pytest.param({"type": "unsupported", "errors": [{"code": 131051, "title": "unsupported"}]}, "unknown", "", {"type": "unsupported", "error.code": "131051", "error.message": "unsupported"}, id="unsupported"),
    ],
)  # fmt: skip
def test_messages(message: dict[str, Any], kind: str, text: str, attributes: dict[str, str]) -> None:
    """Every type of message has its kind, and came in."""
    event = _message(**message)

    assert (kind, "in", USER, text, "wamid.1", AT_S * 1000) == (
        event.kind, event.direction, event.user_id, event.text, event.message_id, event.at,
    )  # fmt: skip
    assert attributes == event.attributes


@pytest.mark.parametrize(
    ("message", "kind", "side", "about"),
    [
        pytest.param({"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "x"}}, "reaction", "none", "wamid.0", id="reaction"),
        pytest.param({"type": "revoke", "revoke": {"original_message_id": "wamid.0"}}, "delete", "none", "wamid.0", id="revoke"),
        pytest.param({"type": "edit", "edit": {"original_message_id": "wamid.0", "message": {"type": "text", "text": {"body": "y"}}}}, "edit", "in", "wamid.0", id="edit"),
        pytest.param({"type": "system", "system": {"type": "user_changed_number", "wa_id": "2", "body": "b"}}, "system", "none", "wamid.1", id="system"),
        pytest.param({"type": "request_welcome"}, "session_start", "none", "wamid.1", id="chat opened"),
    ],
)  # fmt: skip
def test_what_is_no_message(message: dict[str, Any], kind: str, side: str, about: str) -> None:
    """Reactions, edits and the like are about another message and count as none."""
    event = _message(**message)

    assert (kind, side, about) == (event.kind, event.direction, event.message_id)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param("sent", "system", id="sent"),
        pytest.param("delivered", "delivery", id="delivered"),
        pytest.param("read", "read", id="read"),
        pytest.param("failed", "failure", id="failed"),
    ],
)
def test_statuses(status: str, kind: str) -> None:
    """What became of a sent message names it and who it went to."""
    found = {"id": "wamid.9", "status": status, "timestamp": str(AT_S), "recipient_id": USER}
    (event,) = _changed(
        {"statuses": [found | {"errors": [{"code": 1, "error_data": {"details": "why"}}]}]}
    ).events

    assert (kind, "none", USER, "wamid.9", status, "why") == (
        event.kind, event.direction, event.user_id, event.message_id, event.attributes["status"],
        event.attributes["error.message"],
    )  # fmt: skip


def test_names_of_contacts() -> None:
    """Each user has the name of their own contact."""
    contacts = [{"wa_id": "1", "profile": {"name": "Ada"}}, {"wa_id": "2", "profile": {"name": "Bob"}}]
    messages = [{"from": user, "id": user, "type": "text", "text": {"body": "x"}} for user in ("2", "1", "3")]
    events = _changed({"contacts": contacts, "messages": messages}).events

    assert [{"name": "Bob"}, {"name": "Ada"}, {}] == [event.user_attributes for event in events]


def test_echoes_are_outgoing() -> None:
    """What the business writes on its own phone goes to the user."""
    echo = {"from": "P", "to": USER, "id": "wamid.2", "type": "text", "text": {"body": "Hi"}}
    (event,) = _changed({"message_echoes": [echo]}, "smb_message_echoes").events

    assert ("out", USER, "Hi") == (event.direction, event.user_id, event.text)


def test_preferences() -> None:
    """Who stops marketing messages unsubscribes."""
    wish = {"wa_id": USER, "category": "marketing_messages", "value": "stop", "timestamp": AT_S}
    (event,) = _changed({"user_preferences": [wish]}, "user_preferences").events

    assert ("unsubscribe", "none", USER) == (event.kind, event.direction, event.user_id)


def test_notices_of_the_account() -> None:
    """What happens to templates and accounts is of nobody."""
    (event,) = _changed({"event": "APPROVED"}, "message_template_status_update", time=AT_S).events

    assert ("system", "none", "", AT_S * 1000) == (event.kind, event.direction, event.user_id, event.at)
    assert event.attributes == {"field": "message_template_status_update", "event": "APPROVED"}


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        pytest.param({"type": "text", "text": {"body": "Hi"}}, "text", "Hi", id="text"),
        pytest.param({"text": {"body": "Hi"}}, "text", "Hi", id="without a type"),
        pytest.param({"type": "interactive", "interactive": {"type": "list", "body": {"text": "Which?"}}}, "template", "Which?", id="list"),
        pytest.param({"type": "template", "template": {"name": "hello"}}, "template", "", id="template"),
        pytest.param({"type": "image", "image": {"link": "http://i", "caption": "cat"}}, "image", "cat", id="image"),
    ],
)  # fmt: skip
def test_what_is_sent(call: dict[str, Any], kind: str, text: str) -> None:
    """A call that sends is outgoing to its recipient; its answer gives the id."""
    sent = {"messaging_product": "whatsapp", "to": USER, "messages": [{"id": "wamid.3"}]}
    (event,) = _read(sent | call).events

    assert (kind, "out", USER, text, "wamid.3") == (
        event.kind, event.direction, event.user_id, event.text, event.message_id,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "path"),
    [
        pytest.param({"x": 1}, "", id="neither"),
        pytest.param({"entry": [5]}, "entry[0]", id="no entry"),
        pytest.param({"entry": [{"changes": [{"field": "x"}]}]}, "entry[0].changes[0]", id="no value"),
        pytest.param({"entry": [{"changes": [{"value": {"messages": [5]}}]}]}, "entry[0].changes[0].value.messages[0]", id="no message"),
    ],
)  # fmt: skip
def test_refusals(body: dict[str, Any], path: str) -> None:
    """A bad part is refused by its place."""
    assert [(Reason.UNKNOWN_SHAPE, path)] == [(one.reason, one.path) for one in _read(body).rejections]
