"""Messenger's webhook: what the real payloads leave open."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.events import BotEvent
from app.core.platforms.context import Context
from app.core.platforms.facebook import read_facebook

AT = 1_458_692_752_478


def _event(item: dict[str, Any], name: str = "messaging", side: Any = "none", **entry: Any) -> BotEvent:
    context = Context("bot", AT + 1, "webhook", "facebook", side=side)
    outcome = read_facebook({"entry": [{"id": "P", "time": AT, name: [item]} | entry]}, context)
    assert outcome.rejections == []
    (event,) = outcome.events

    return event


def _item(**parts: Any) -> dict[str, Any]:
    return {"sender": {"id": "U"}, "recipient": {"id": "P"}, "timestamp": AT} | parts


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        pytest.param(
            {"text": "see http://x", "attachments": [{"type": "fallback"}]}, "text", id="a text with a link"
        ),
        pytest.param(
            {"attachments": [{"type": "image", "payload": {"sticker_id": 1}}]}, "sticker", id="sticker below"
        ),
        pytest.param({"text": "a", "attachments": [{"type": "video"}]}, "video", id="a text with a video"),
        pytest.param({"attachments": [{"type": "ig_reel"}]}, "link", id="reel"),
        pytest.param({"attachments": [{"type": "hologram"}]}, "file", id="new"),
        pytest.param({}, "unknown", id="nothing"),
    ],
)
def test_kinds(message: dict[str, Any], kind: str) -> None:
    """The first attachment names the kind, unless it is only the preview of a link in a text."""
    assert kind == _event(_item(message=message)).kind


@pytest.mark.parametrize("side", ["in", "out", "none"])
def test_template_without_the_mark_of_an_echo(side: str) -> None:
    """Who sent a template is what the caller says, since the body does not."""
    template = {"attachments": [{"type": "template", "payload": {"template_type": "button"}}]}

    assert side == _event(_item(message=template), side=side).direction


def test_the_body_is_believed_before_the_caller() -> None:
    """An echo is outgoing and a message of a user incoming, whatever the caller claims."""
    assert _event(_item(message={"text": "x", "is_echo": True}), side="in").direction == "out"
    assert _event(_item(message={"text": "x"}), side="out").direction == "in"


def test_attributes_of_a_message() -> None:
    """Attachments, what is answered, and what has no column of its own are attributes."""
    message = {
        "mid": "m",
        "text": "x",
        "quick_reply": {"payload": "P"},
        "reply_to": {"mid": "m0"},
        "attachments": [{"type": "image", "payload": {"url": "http://i"}}],
        "metadata": "M",
        "nlp": {"intents": [{"name": "greet", "confidence": 0.9}, {"name": "bye"}], "detected_locales": [{"locale": "de_DE"}]},
    }  # fmt: skip
    event = _event(_item(message=message))
    expected = {
        "payload": "P",
        "reply_to": "m0",
        "attachments": '[{"type":"image","url":"http://i"}]',
        "metadata": "M",
    }

    assert expected == event.attributes
    assert (event.intent, event.intent_confidence, event.locale) == ("greet", 0.9, "de_DE")


def test_standby_is_marked() -> None:
    """What happened while another app was in control says so."""
    assert _event(_item(message={"text": "x"}), "standby").attributes == {"standby": "true"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param({"message": {"mid": "m", "text": "a"}}, {"message": {"mid": "m", "text": "a"}}, True, id="delivered twice"),
        pytest.param({"message": {"mid": "m", "text": "a"}}, {"message": {"mid": "m", "is_deleted": True}}, False, id="deleted"),
        pytest.param({"message": {"mid": "m", "text": "a"}}, {"message_edit": {"mid": "m", "text": "b"}}, False, id="edited"),
        pytest.param({"reaction": {"mid": "m", "action": "react"}}, {"reaction": {"mid": "m", "action": "unreact"}, "timestamp": AT + 1}, False, id="taken back"),
        pytest.param({"message": {"mid": "m", "text": "a"}}, {"message": {"mid": "m", "text": "a"}, "sender": {"id": "V"}}, False, id="another user"),
    ],
)  # fmt: skip
def test_event_ids(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    """A message that comes again is the same event; what happens to it later is another."""
    first, second = _event(_item(**one)), _event(_item(**other))

    assert (same, True) == (first.event_id == second.event_id, first.repeats)


def test_a_signal_without_a_time_is_known_by_its_place() -> None:
    """Two reactions that do not say when cannot be told from one that came twice."""
    event = _event({"sender": {"id": "U"}, "reaction": {"mid": "m"}}, time=None)

    assert (event.event_id, event.repeats, event.warnings) == ("", False, ["no_time"])


def test_payment() -> None:
    """A payment has its amount, and no address or name of the payer."""
    payment = {
        "payload": "P",
        "requested_user_info": {"name": "N"},
        "amount": {"currency": "USD", "amount": "29.62"},
    }
    event = _event(_item(payment=payment))

    assert (
        event.kind,
        event.amount,
        event.currency,
        event.attributes,
    ) == ("payment", 29.62, "USD", {"payload": "P"})


def test_sign_in_codes_are_not_kept() -> None:
    """The code of an account linking lets its holder sign in: it is no attribute."""
    linking = {"status": "linked", "authorization_code": "s3cr3t"}

    assert _event(_item(account_linking=linking)).attributes == {"status": "linked"}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param({}, True, id="delivered twice"),
        pytest.param({"timestamp": AT + 1}, False, id="pressed again"),
        pytest.param({"postback": {"payload": "Q"}}, False, id="another button"),
    ],
)
def test_postbacks_without_an_id(other: dict[str, Any], same: bool) -> None:
    """Older postbacks have no `mid`: user, time and payload tell whether one came again."""
    press = {"postback": {"payload": "P"}}
    first, second = _event(_item(**press)), _event(_item(**(press | other)))

    assert (same, True) == (first.event_id == second.event_id, first.repeats)


def test_tokens_to_write_are_not_kept() -> None:
    """A token that lets its holder write to the user is no attribute."""
    optin = {"type": "one_time_notif_req", "one_time_notif_token": "s3cr3t", "payload": "P"}

    assert _event(_item(optin=optin)).attributes == {"type": "one_time_notif_req", "payload": "P"}


def test_attachments_with_a_place_and_a_title() -> None:
    """Where a location is and what a link is called are kept."""
    location = {"type": "location", "payload": {"coordinates": {"lat": 1.5, "long": 2}}}
    link = {"type": "fallback", "title": "T", "url": "http://x"}
    event = _event(_item(message={"attachments": [location, link]}))

    assert event.attributes["attachments"] == (
        '[{"type":"location","url":"","coordinates.lat":"1.5","coordinates.long":"2"},'
        '{"type":"fallback","url":"http://x","title":"T"}]'
    )


def test_a_message_from_an_advertisement() -> None:
    """What led the user to the bot stands within the message; it is kept as with a postback."""
    event = _event(_item(message={"mid": "m", "text": "hi", "referral": {"ref": "R", "ad_id": "A"}}))

    assert {"referral.ref": "R", "referral.ad_id": "A"} == event.attributes
