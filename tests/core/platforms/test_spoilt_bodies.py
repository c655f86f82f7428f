"""Bodies of messengers with a member of the wrong kind somewhere: read as far as they make sense, never failed on."""

from __future__ import annotations

import copy
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.events import Direction
from app.core.platforms import PLATFORMS
from app.core.platforms.context import Context

_WHATSAPP: Final = [
    {"from": "1", "id": "w", "timestamp": "1", "type": kind, kind: {"type": "button_reply", "button_reply": {"id": "b"}, "message": {"type": "text"}}, "context": {"id": "q"}, "errors": [{"code": 1}]}
    for kind in ("text", "image", "interactive", "edit", "reaction", "order", "contacts")
]  # fmt: skip

BODIES: Final[dict[str, list[dict[str, Any]]]] = {
    "facebook": [
        {"entry": [{"time": 1, "messaging": [{"sender": {"id": "U"}, "timestamp": 1, "message": {"mid": "m", "nlp": {"intents": [{"name": "i"}]}, "attachments": [{"type": "image", "payload": {"url": "u", "coordinates": {"lat": 1}}}]}}, {"sender": {"id": "U"}, "delivery": {"mids": ["m"], "watermark": 1}}, {"postback": {"payload": "P", "referral": {"ref": "r"}}}]}]},
    ],
    "line": [
        {"events": [{"type": "message", "timestamp": 1, "webhookEventId": "W", "source": {"groupId": "C", "userId": "U"}, "message": {"id": "1", "type": "image", "contentProvider": {"originalContentUrl": "u"}}}, {"type": "memberLeft", "left": {"members": [{"userId": "U"}]}}, {"type": "postback", "postback": {"data": "D", "params": {"date": "d"}}}]},
        {"request": {"to": ["Ca"], "timestamp": 1, "messages": [{"type": "text", "text": "x"}]}, "response": {"sentMessages": [{"id": "1"}]}},
    ],
    "twilio": [
        {"MessageSid": "S", "From": "a", "To": "b", "Body": "x", "NumMedia": "1", "MediaContentType0": "image/png", "MediaUrl0": "u", "ErrorCode": 1},
        {"MessageSid": "S", "To": "b", "MessageStatus": "read", "EventType": "READ"},
        {"sid": "S", "from": "a", "to": "b", "date_created": "Thu, 27 May 2004 12:00:00 +0000", "direction": "inbound"},
        {"CallSid": "C", "From": "a", "Digits": "1"},
    ],
    "twitter": [
        {"for_user_id": "B", "direct_message_events": [{"id": "1", "created_timestamp": "1", "message_create": {"sender_id": "U", "target": {"recipient_id": "B"}, "message_data": {"text": "x", "attachment": {"media": {"type": "photo"}}}}}], "follow_events": [{"type": "follow", "source": {"id": "U"}, "target": {"id": "B"}, "created_timestamp": "1"}]},
    ],
    "viber": [
        {"event": "message", "timestamp": 1, "message_token": 2, "sender": {"id": "u", "language": "en"}, "message": {"type": "contact", "text": "x", "media": "u", "contact": {"name": "n"}, "location": {"lat": 1}}},
        {"event": "subscribed", "timestamp": 1, "user": {"id": "u"}, "message_token": 1},
        {"broadcast_list": ["a"], "receiver": {"id": "b"}, "type": "text"},
    ],
    "wechat": [
        {"FromUserName": "u", "CreateTime": "1", "MsgType": "image", "PicUrl": "u", "MsgId": "1"},
        {"FromUserName": "u", "CreateTime": "1", "MsgType": "event", "Event": "x", "SubscribeMsgSentEvent": {"List": [{"MsgID": "1"}]}},
        {"touser": ["u"], "msgtype": "news", "news": {"articles": [{"title": "t"}]}},
    ],
    "whatsapp": [
        {"entry": [{"time": 1, "changes": [{"field": "messages", "value": {"metadata": {"phone_number_id": "P"}, "contacts": [{"wa_id": "1", "profile": {"name": "n"}}], "messages": _WHATSAPP, "statuses": [{"id": "1", "status": "failed", "errors": [{"error_data": {"details": "d"}}]}], "user_preferences": [{"wa_id": "1", "value": "stop", "timestamp": 1}]}}]}]},
        {"to": "1", "type": "text", "text": {"body": "x"}, "messages": [{"id": "1"}]},
    ],
}  # fmt: skip

JUNK: Final[st.SearchStrategy[Any]] = st.sampled_from(
    [None, True, -1, 2**70, 1e300, "", "x", "9" * 400, "\u0661", "\0", [], [[]], [None], {}, {"id": {}}, ["a", 1]]
)  # fmt: skip

SIDES: Final[tuple[Direction, ...]] = ("in", "out", "none")


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container of *value* with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []

    return [place for key in keys for place in ((value, key), *_places(value[key]))]


@settings(max_examples=300)
@given(st.data())
def test_a_spoilt_member_costs_no_more_than_itself(data: st.DataObject) -> None:
    """Whatever stands in place of a member, readers return events of texts, or say what is wrong."""
    name = data.draw(st.sampled_from(sorted(BODIES)))
    body = copy.deepcopy(data.draw(st.sampled_from(BODIES[name])))
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(_places(body)))
        container[key] = copy.deepcopy(data.draw(JUNK))
    side: Direction = data.draw(st.sampled_from(SIDES))
    outcome = PLATFORMS[name].read(body, Context("bot", 1, "webhook", name, side=side))

    for event in outcome.events:
        kept = event.attributes | event.user_attributes
        assert {str} == {type(value) for value in (event.user_id, event.text, event.kind, *kept.values())}
