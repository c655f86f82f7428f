"""What an RBM agent sends (`contentMessage`): text, cards, files, and the suggestions below."""

from __future__ import annotations

from typing import Final

import msgspec

from app.core.platforms.fields import first, json_text, listed, named, text

__all__ = ["Content", "content_of", "file_kind"]

Members = dict[str, object]


class Content(msgspec.Struct):
    """An agent's message."""

    kind: str
    text: str
    attributes: dict[str, str] = {}


def content_of(message: Members) -> Content:
    """Return what *message* says and shows."""
    cards, file = _cards(message), _file(message)
    titles = [first([card.get("title"), card.get("description")]) for card in cards]
    said = text(message.get("text")) or "\n".join(filter(None, titles))
    attributes = {}
    buttons = _suggestions(message) + [label for card in cards for label in _suggestions(card)]
    if buttons:
        attributes["buttons"] = json_text(buttons)
    if file:
        attributes["attachments"] = json_text([file])

    return Content(file["type"] if file else _kind(message, cards), said, attributes)


def file_kind(mime: str) -> str:
    """Return the kind of a file by its media type."""
    main = mime.partition("/")[0]

    return main if main in ("image", "video", "audio") else "file"


_TYPES: Final = {"image": "image", "video": "video", "audio": "audio", "auido": "audio", "file": "file"}
"""How a client names the file that it sends; one of its releases cannot spell."""


def _kind(message: Members, cards: list[Members]) -> str:
    if cards:
        return "template"

    return "text" if "text" in message else "unknown"


def _cards(message: Members) -> list[Members]:
    rich = named(message.get("richCard"))
    several = listed(named(rich.get("carouselCard")).get("cardContents"))
    one = named(named(rich.get("standaloneCard")).get("cardContent"))

    return [named(card) for card in several] or ([one] if one else [])


def _file(message: Members) -> dict[str, str]:
    """Return type and address of the file, however it is given: by an SDK, by address, or uploaded before."""
    info, upload = named(message.get("contentInfo")), named(message.get("uploadedRbmFile"))
    address = first(
        [message.get("fileUrl"), info.get("fileUrl"), upload.get("fileName"), message.get("fileName")]
    )
    type_ = _TYPES.get(text(message.get("type")), "")
    if not address and not type_:
        return {}

    return {"type": type_ or "file", "url": address}


def _suggestions(message: Members) -> list[str]:
    entries = [named(entry) for entry in listed(message.get("suggestions"))]
    labels = [
        text((named(entry.get("reply")) or named(entry.get("action"))).get("text")) for entry in entries
    ]

    return [label for label in labels if label]
