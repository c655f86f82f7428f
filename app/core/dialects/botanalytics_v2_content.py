"""The content of a universal message (`texts`, `images`, `postback`, `carousel`, ...): its kind, text and attachments."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.platforms.fields import first, flat, json_text, listed, named, text
from app.core.platforms.voice import plain

__all__ = ["Content", "content_of"]


class Content(msgspec.Struct):
    """What a message says."""

    kind: str
    text: str = ""
    attributes: dict[str, str] = {}


def content_of(content: object) -> Content | None:
    """Return what *content* says, None if it says nothing."""
    if isinstance(content, str) and content:
        return Content("text", content)
    parts = {name: found for name, value in named(content).items() if (found := _listed(value))}
    if not parts:
        return None
    if _WORDS.issuperset(parts):
        return Content("text", _text(parts))
    kind = next((kind for name, kind in _KINDS.items() if name in parts), "unknown")

    return Content(kind, _text(parts), _attributes(parts))


_KINDS: Final = {
    "stickers": "sticker",
    "images": "image",
    "audios": "audio",
    "videos": "video",
    "documents": "file",
    "files": "file",
    "locations": "location",
    "postback": "postback",
    "carousel": "template",
    "list": "template",
    "cards": "template",
    "texts": "text",
    "speeches": "text",
    "text": "text",
    "urls": "link",
    "suggestions": "template",
}
"""The first of these that is there names the kind: a text beside an image is its caption."""

_SPOKEN: Final = ("texts", "speeches", "text")
_WORDS: Final = frozenset(_SPOKEN)
_MEDIA: Final = ("stickers", "images", "audios", "videos", "documents", "files", "urls")


def _listed(value: object) -> list[dict[str, Any]]:
    """Return the parts of a member, also of one that a client did not put into an array."""
    parts = value if isinstance(value, list) else [value]

    return [part if isinstance(part, dict) else {"text": part} for part in parts if part]


def _text(parts: dict[str, list[dict[str, Any]]]) -> str:
    for name in _SPOKEN:
        if name in parts:
            return "\n".join(filter(None, map(_said, parts[name])))
    titled = [*parts.get("postback", ()), *parts.get("cards", ())]
    for name in ("carousel", "list"):
        titled += [named(item) for frame in parts.get(name, ()) for item in listed(frame.get("items"))]
    titled += [part for name in _MEDIA for part in parts.get(name, ())]

    return "\n".join(filter(None, (first([part.get("title"), part.get("text")]) for part in titled)))


def _said(part: dict[str, Any]) -> str:
    return text(part.get("text")) or plain(text(part.get("ssml")))


def _attributes(parts: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    attachments = [
        {"type": name.removesuffix("s"), "url": text(part.get("url"))}
        for name in _MEDIA
        for part in parts.get(name, ())
    ]
    buttons = [text(part.get("title")) for part in parts.get("suggestions", ())]
    for card in parts.get("cards", ()):
        buttons += [text(named(button).get("title")) for button in listed(card.get("buttons"))]
    place = named(parts["locations"][0].get("coordinates")) if "locations" in parts else {}
    attributes = flat("coordinates", place) | flat(
        "sticker_id", parts.get("stickers", [{}])[0].get("sticker_id")
    )
    if "postback" in parts:
        attributes |= flat("postback", {k: v for k, v in parts["postback"][0].items() if k != "title"})
    if attachments:
        attributes["attachments"] = json_text(attachments)
    if any(buttons):
        attributes["buttons"] = json_text(buttons)

    return attributes
