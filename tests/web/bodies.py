"""The smallest message of each platform, as its webhook sends it: one user, one text."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode
from xml.sax.saxutils import escape

__all__ = ["own_body", "packed"]

_FORMS: Final = ("twilio",)
_XML: Final = ("wechat",)


def own_body(platform: str, user: str, text: str, now_ms: int) -> dict[str, Any]:
    """Return what *platform* sends when *user* says *text*; each text gives another message id."""
    now_s, iso = now_ms // 1000, datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    number = sum(map(ord, text)) * 1000 + len(text)
    messaging = {
        "sender": {"id": user},
        "recipient": {"id": "P"},
        "timestamp": now_ms,
        "message": {"mid": f"m.{text}", "text": text},
    }
    bodies: dict[str, dict[str, Any]] = {
        "facebook": {"object": "page", "entry": [{"id": "P", "time": now_ms, "messaging": [messaging]}]},
        "whatsapp": {
            "object": "whatsapp_business_account",
            "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
                "messaging_product": "whatsapp", "metadata": {"phone_number_id": "2"},
                "messages": [{"from": user, "id": f"wamid.{text}", "timestamp": str(now_s), "type": "text", "text": {"body": text}}],
            }}]}],
        },
        "slack": {
            "team_id": "T1", "type": "event_callback", "event_id": f"Ev{text}", "event_time": now_s,
            "event": {"type": "message", "channel": "C1", "user": user, "text": text, "ts": f"{now_s}.{number:06}"},
        },
        "telegram": {"update_id": number, "message": {"message_id": number, "date": now_s, "chat": {"id": 5, "type": "private"}, "from": {"id": user}, "text": text}},
        "twilio": {"MessageSid": f"SM{text}", "From": user, "To": "+2", "Body": text},
        "line": {"events": [{"type": "message", "timestamp": now_ms, "source": {"type": "user", "userId": user}, "message": {"type": "text", "id": text, "text": text}}]},
        "viber": {"event": "message", "timestamp": now_ms, "message_token": number, "sender": {"id": user}, "message": {"type": "text", "text": text}},
        "kik": {"messages": [{"chatId": "c", "id": text, "type": "text", "from": user, "body": text, "timestamp": now_ms}]},
        "twitter": {
            "for_user_id": "1",
            "direct_message_events": [{"type": "message_create", "id": str(number), "created_timestamp": str(now_ms), "message_create": {
                "target": {"recipient_id": "1"}, "sender_id": user, "message_data": {"text": text}}}],
        },
        "wechat": {"ToUserName": "P", "FromUserName": user, "CreateTime": str(now_s), "MsgType": "text", "Content": text, "MsgId": str(number)},
        "microsoft": {
            "type": "message", "id": f"a{text}", "timestamp": iso, "channelId": "msteams", "from": {"id": user},
            "recipient": {"id": "B"}, "conversation": {"id": "c"}, "text": text,
        },
        "alexa": {
            "version": "1.0", "session": {"sessionId": "s", "user": {"userId": user}}, "context": {"System": {"user": {"userId": user}}},
            "request": {"type": "IntentRequest", "requestId": f"r{text}", "timestamp": iso, "intent": {"name": text}},
        },
        "google": {
            "responseId": f"g{text}", "session": "projects/p/agent/sessions/c", "queryResult": {"queryText": text, "intent": {"displayName": "i"}},
            "originalDetectIntentRequest": {"payload": {"user": {"userId": user}, "conversation": {"conversationId": "c"}}},
        },
        "lex": {
            "sessionId": user, "inputTranscript": text, "bot": {"name": "b"},
            "sessionState": {"intent": {"name": "i", "state": "Fulfilled"}}, "invocationSource": "DialogCodeHook",
        },
        "watson": {"input": {"text": text}, "output": {"text": []}, "context": {"conversation_id": "c"}, "intents": [], "entities": [], "user_id": user},
        "rasa": {"event": "user", "sender_id": user, "timestamp": now_s, "text": text, "message_id": text},
        "rbm": {"agentId": "b", "senderPhoneNumber": user, "messageId": text, "sendTime": iso, "text": text},
    }  # fmt: skip

    return bodies[platform]


def packed(platform: str, body: dict[str, Any]) -> bytes:
    """Return the bytes in which *platform* sends *body*: JSON, a form, XML, or base64 within JSON."""
    if platform in _FORMS:
        return urlencode(body).encode()
    if platform in _XML:
        return (
            "<xml>" + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in body.items()) + "</xml>"
        ).encode()
    if platform == "rbm":
        body = {
            "message": {"data": base64.b64encode(json.dumps(body).encode()).decode()},
            "subscription": "s",
        }

    return json.dumps(body).encode()
