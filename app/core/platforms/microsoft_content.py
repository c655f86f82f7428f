"""What an activity says: its kind by attachments and value, its text by text, cards and speech."""

from __future__ import annotations

from typing import Any, Final

from app.core.platforms.fields import first, json_text, listed, named, text

__all__ = ["attachments_of", "kind_of", "said_in"]


def kind_of(activity: dict[str, Any]) -> str:
    """Return the kind of a message."""
    parts = _parts(activity)
    if parts:
        return _kind_of_attachment(text(parts[0].get("contentType")))
    if text(activity.get("text")):
        return "text"
    if activity.get("value"):
        # the button of a card sends its value and no text
        return "postback"
    places = [entity for entity in map(named, listed(activity.get("entities"))) if _is_place(entity)]

    return "location" if places else "text"


def said_in(activity: dict[str, Any]) -> str:
    """Return the text of a message; without one what its cards are titled, or what is spoken."""
    return (
        text(activity.get("text"))
        or "\n".join(filter(None, map(_title, _parts(activity))))
        or text(activity.get("speak"))
    )


def attachments_of(activity: dict[str, Any]) -> dict[str, str]:
    """Return attribute `attachments`: a JSON array of types, names and addresses; nothing if there are none."""
    if not activity.get("attachments"):
        return {}
    kept = [
        {
            "type": text(part.get("contentType")),
            "name": text(part.get("name")),
            "url": text(part.get("contentUrl")),
        }
        for part in _parts(activity)
    ]

    return {"attachments": json_text(kept)} if kept else {}


def _parts(activity: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the attachments, less the copy of a text as HTML that Teams adds."""
    if not activity.get("attachments"):
        return []
    parts = [part for part in listed(activity["attachments"]) if isinstance(part, dict)]

    return [part for part in parts if part.get("contentType") != "text/html"]


def _kind_of_attachment(content_type: str) -> str:
    family, _, name = content_type.lower().partition("/")
    if family in ("image", "video", "audio"):
        return family
    if name.startswith("vnd.microsoft.card."):
        return _MEDIA_CARDS.get(name.rpartition(".")[2], "template")

    return "file"


_MEDIA_CARDS: Final = {"video": "video", "audio": "audio"}


def _title(part: dict[str, Any]) -> str:
    content = named(part.get("content"))

    return first([content.get("title"), content.get("text"), content.get("fallbackText")])


def _is_place(entity: dict[str, Any]) -> bool:
    return entity.get("type") in ("Place", "GeoCoordinates")
