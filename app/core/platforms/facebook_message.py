"""Messenger's message object, which webhook bodies and calls to the send API share: its kind and its attachments."""

from __future__ import annotations

from typing import Any, Final

from app.core.platforms.fields import flat, json_text, listed, named, text

__all__ = ["attachments_of", "kind_of", "said_in"]


def kind_of(message: dict[str, Any]) -> str:
    """Return the kind of a message."""
    if message.get("is_deleted"):
        return "delete"
    if message.get("is_unsupported"):
        return "unknown"
    if message.get("quick_reply"):
        return "quick_reply"
    if message.get("sticker_id"):
        return "sticker"
    parts = _parts(message)
    if parts and not (text(message.get("text")) and parts[0].get("type") == "fallback"):
        return _kind_of_attachment(parts[0])

    return "text" if "text" in message else "unknown"


def said_in(message: dict[str, Any]) -> str:
    """Return the text of a message that a bot sends; of a template, what it asks or its elements' titles."""
    payloads = [named(part.get("payload")) for part in _parts(message)]
    elements = [named(element) for payload in payloads for element in listed(payload.get("elements"))]
    texts = [text(payload.get("text")) for payload in payloads] + [
        text(element.get("title")) for element in elements
    ]

    return text(message.get("text")) or "\n".join(filter(None, texts))


def attachments_of(attachments: object) -> dict[str, str]:
    """Return attribute `attachments`: a JSON array of their types, addresses, titles and places; nothing if there are none."""
    kept = [_attachment(part) for part in map(named, listed(attachments))]

    return {"attachments": json_text(kept)} if kept else {}


def _attachment(part: dict[str, object]) -> dict[str, str]:
    payload = named(part.get("payload"))
    kept = {"type": text(part.get("type")), "url": text(part.get("url")) or text(payload.get("url"))}
    if "title" in part:
        kept |= flat("title", part["title"])
    if "coordinates" in payload:
        kept |= flat("coordinates", payload["coordinates"])

    return kept


_KINDS: Final = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "location": "location",
    "template": "template",
    "fallback": "link",
    "share": "link",
    "post": "link",
    "reel": "link",
    "ig_reel": "link",
    "ig_post": "link",
    "story_mention": "link",
}


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the attachments: webhooks have `attachments`, calls to the send API one `attachment`."""
    found = listed(message.get("attachments"))
    if not found and "attachment" in message:
        found = [message["attachment"]]

    return [part for part in found if isinstance(part, dict)]


def _kind_of_attachment(part: dict[str, Any]) -> str:
    if named(part.get("payload")).get("sticker_id"):
        return "sticker"

    return _KINDS.get(text(part.get("type")), "file")
