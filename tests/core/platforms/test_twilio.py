"""Twilio: forms, receipts, REST resources, the signature."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

import pytest

from app.core.events import BotEvent
from app.core.normalise import read_item
from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE, signature
from app.core.platforms.twilio import TWILIO, read
from tests.core.platforms.asking import asked

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
SIGNED = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def _read(body: dict[str, Any], side: Any = "none") -> Outcome:
    return read(body, Context("bot", 1_800_000_000_000, "webhook", "twilio", side=side))


def _one(side: Any = "none", **body: Any) -> BotEvent:
    (event,) = _read({"MessageSid": "SM1", "From": "+1", "To": "+2"} | body, side).events

    return event


def test_from_a_form() -> None:
    """A form is kept as a JSON object of its fields, empty ones too, and read."""
    assert TWILIO.hook is not None
    form = {"MessageSid": "SM1", "From": "whatsapp:+1", "Body": "a+b & c", "NumMedia": "0", "ToZip": ""}
    item = TWILIO.hook.unpack(urlencode(form).encode())
    assert isinstance(item, bytes)
    (event,) = read_item(item, Context("bot", 1, "webhook", "twilio")).events

    assert ("text", "in", "whatsapp:+1", "a+b & c", "SM1", {"channel": "whatsapp"}) == (
        event.kind, event.direction, event.user_id, event.text, event.message_id, event.attributes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("form", "kind", "attributes"),
    [
        pytest.param({"NumMedia": "1", "MediaContentType0": "image/png", "MediaUrl0": "http://i"}, "image", {"attachments": '[{"type":"image/png","url":"http://i"}]'}, id="image"),
        pytest.param({"NumMedia": "1", "MediaContentType0": "text/vcard"}, "contact", {}, id="contact"),
        pytest.param({"NumMedia": "1", "MediaContentType0": "application/pdf"}, "file", {}, id="file"),
        pytest.param({"NumMedia": "x"}, "text", {}, id="no count"),
        pytest.param({"ButtonText": "Yes", "ButtonPayload": "Y"}, "quick_reply", {"payload": "Y"}, id="button"),
        pytest.param({"Latitude": "1.5", "Longitude": "2"}, "location", {"latitude": "1.5", "longitude": "2"}, id="location"),
        pytest.param({"MessageType": "sticker", "NumMedia": "1", "MediaContentType0": "image/webp"}, "sticker", {}, id="sticker"),
    ],
)  # fmt: skip
def test_kinds(form: dict[str, str], kind: str, attributes: dict[str, str]) -> None:
    """Buttons, places and the type of the first medium tell the kind."""
    event = _one(SmsStatus="received", Body="", **form)

    assert (kind, "in", attributes) == (event.kind, event.direction, event.attributes)


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        pytest.param({"MessageStatus": "sent"}, "system", id="sent"),
        pytest.param({"MessageStatus": "delivered"}, "delivery", id="delivered"),
        pytest.param({"MessageStatus": "delivered", "EventType": "READ"}, "read", id="read"),
        pytest.param({"MessageStatus": "undelivered", "ErrorCode": "30003"}, "failure", id="undelivered"),
        pytest.param({"SmsStatus": "failed"}, "failure", id="older"),
    ],
)
def test_receipts(form: dict[str, str], kind: str) -> None:
    """What becomes of a sent message is no message; its user is who it went to, and it is known again."""
    event, again = _one(**form), _one(**form)

    assert (kind, "none", "+2", "SM1", True) == (
        event.kind, event.direction, event.user_id, event.message_id, event.event_id == again.event_id != "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "claim", "side", "user"),
    [
        pytest.param({"direction": "outbound-api"}, "in", "out", "+2", id="the body says out"),
        pytest.param({"direction": "inbound"}, "out", "in", "+1", id="the body says in"),
        pytest.param({"SmsStatus": "received"}, "out", "in", "+1", id="received"),
        pytest.param({}, "out", "out", "+2", id="the caller says out"),
        pytest.param({}, "none", "in", "+1", id="nobody says"),
    ],
)
def test_sides(body: dict[str, str], claim: str, side: str, user: str) -> None:
    """The body is believed before the caller; the user is on the other end."""
    event = _one(claim, Body="x", **body)

    assert (side, user) == (event.direction, event.user_id)


def test_rest_resource() -> None:
    """A message as the REST interface gives it has its own names and a time as e-mails write it."""
    resource = {
        "sid": "SM2", "from": "+2", "to": "+1", "body": "Hi", "direction": "outbound-reply", "num_media": "0",
        "date_created": "Thu, 27 May 2004 12:00:00 +0000",
    }  # fmt: skip
    (event,) = _read(resource).events

    assert ("out", "+1", "Hi", 1_085_659_200_000, "SM2") == (
        event.direction, event.user_id, event.text, event.at, event.message_id,
    )  # fmt: skip


def test_what_was_not_sent_is_no_message() -> None:
    """A resource of a message that failed is a failure."""
    event = _one(direction="outbound-api", status="failed", body="Hi", error_code=30006)

    assert ("failure", "none", "30006") == (event.kind, event.direction, event.attributes["error.code"])


def test_calls() -> None:
    """What a caller says is a message, that a call rings is none."""
    spoken = _one(CallSid="CA1", Direction="inbound", SpeechResult="open", Confidence="0.9")
    ringing = _one(CallSid="CA1", Direction="inbound", CallStatus="ringing")

    assert [("text", "in", "+1", "open"), ("system", "none", "+1", "")] == [
        (event.kind, event.direction, event.user_id, event.text) for event in (spoken, ringing)
    ]


def test_refusal() -> None:
    """What names neither end is no message of Twilio's."""
    assert [Reason.UNKNOWN_SHAPE] == [one.reason for one in _read({"AccountSid": "AC"}).rejections]


def _verify(secrets: list[str], given: str, body: bytes, url: str = URL) -> str:
    assert TWILIO.hook is not None
    assert TWILIO.hook.verify is not None

    return TWILIO.hook.verify(asked(body, url=url, x_twilio_signature=given), secrets, b"")


@pytest.mark.parametrize(
    ("secrets", "given", "form", "expected"),
    [
        pytest.param(["12345"], SIGNED, FORM, "", id="documented example"),
        pytest.param(["new", "12345"], SIGNED, FORM, "", id="one of two"),
        pytest.param(["12345"], SIGNED, FORM | {"Digits": "1235"}, WRONG_SIGNATURE, id="tampered"),
        pytest.param(["12345"], SIGNED, FORM | {"Extra": ""}, WRONG_SIGNATURE, id="a field more"),
        pytest.param(["54321"], SIGNED, FORM, WRONG_SIGNATURE, id="wrong secret"),
        pytest.param(["12345"], "", FORM, NO_SIGNATURE, id="missing"),
        pytest.param([], SIGNED, FORM, NOT_SET, id="no secret"),
    ],
)
def test_signature(secrets: list[str], given: str, form: dict[str, str], expected: str) -> None:
    """The public address and the sorted fields are signed with the auth token."""
    assert expected == _verify(secrets, given, urlencode(form).encode())


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        pytest.param("https://b.example:443/h", "https://b.example/h", id="signed with its port"),
        pytest.param("https://b.example/h", "https://b.example:443/h", id="signed without"),
        pytest.param("http://b.example:8080/h", "http://b.example:8080/h", id="another port"),
    ],
)
def test_ports(signed: str, called: str) -> None:
    """Twilio signs the address with or without the port, depending on how it was written down."""
    given = signature("s", f"{signed}A1".encode(), "sha1", "base64")

    assert _verify(["s"], given, b"A=1", called) == ""


def test_a_repeated_field_is_signed_once_a_value() -> None:
    """Values of a repeated field are sorted, and equal ones count once."""
    given = signature("s", b"https://b.example/hA1A2B0", "sha1", "base64")

    assert _verify(["s"], given, b"A=2&B=0&A=1&A=1", "https://b.example/h") == ""


@pytest.mark.parametrize(
    ("body", "expected"),
    [pytest.param(b'{"a":1}', "", id="as signed"), pytest.param(b'{"a":2}', WRONG_SIGNATURE, id="tampered")],
)
def test_json_bodies(body: bytes, expected: str) -> None:
    """A body that is no form is covered by its hash in the address."""
    url = "https://b.example/h?bodySHA256=" + hashlib.sha256(b'{"a":1}').hexdigest()

    assert expected == _verify(["s"], signature("s", url.encode(), "sha1", "base64"), body, url)


def test_no_form() -> None:
    """A body that is not text is refused, not failed on."""
    assert _verify(["s"], "x", b"\xff=1") == "the body is no form"


def test_answer() -> None:
    """Twilio is answered in its own language that nothing is to be sent."""
    assert TWILIO.hook is not None

    assert (b"<Response/>", "text/xml") == (TWILIO.hook.answer.body, TWILIO.hook.answer.content_type)
