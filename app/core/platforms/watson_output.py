"""What Watson Assistant answers (`output`): texts, pictures, choices, and that a human is to take over."""

from __future__ import annotations

from typing import Final

import msgspec

from app.core.platforms.fields import first, json_text, listed, named, text

__all__ = ["Answered", "said_in"]

Members = dict[str, object]


class Answered(msgspec.Struct):
    """An answer in one piece: its bubbles joined by blanks. `hands_over` is what the human agent is told."""

    kind: str
    text: str
    attributes: dict[str, str] = {}
    hands_over: str = ""


def said_in(output: Members) -> Answered:
    """Return what *output* says."""
    parts = [named(part) for part in listed(output.get("generic"))]
    texts = _texts(output.get("text")) or [_said(part) for part in parts]
    said = " ".join(filter(None, texts))
    media = [
        {"type": _MEDIA[text(part.get("response_type"))], "url": text(part.get("source"))}
        for part in parts
        if text(part.get("response_type")) in _MEDIA
    ]
    attributes = _attributes(output, parts)
    if media:
        attributes["attachments"] = json_text(media)
    has_text = bool(said) and (not media or any(part.get("response_type") == "text" for part in parts))
    kind = "text" if has_text else media[0]["type"] if media else "system"

    return Answered(kind, said, attributes, _handover(parts))


_MEDIA: Final = {"image": "image", "video": "video", "audio": "audio", "iframe": "link"}


def _texts(given: object) -> list[str]:
    """Return the texts of V1, an array or one; empty ones are dropped."""
    return list(filter(None, map(text, given if isinstance(given, list) else [given])))


def _said(part: Members) -> str:
    type_ = part.get("response_type")
    if type_ == "text":
        texts = [
            text(part.get("text")),
            *(text(named(value).get("text")) for value in listed(part.get("values"))),
        ]
        return " ".join(filter(None, texts))
    if type_ == "search":
        return first([part.get("header")])
    if type_ in ("option", "suggestion", *_MEDIA):
        return first([part.get("title")])

    return ""


def _attributes(output: Members, parts: list[Members]) -> dict[str, str]:
    choices = [
        text(named(choice).get("label"))
        for part in parts
        for choice in listed(part.get("options")) or listed(part.get("suggestions"))
    ]
    nodes = listed(output.get("nodes_visited")) or [
        named(node).get("dialog_node") for node in listed(named(output.get("debug")).get("nodes_visited"))
    ]

    return ({"buttons": json_text(choices)} if choices else {}) | (
        {"nodes": json_text([text(node) for node in nodes])} if nodes else {}
    )


def _handover(parts: list[Members]) -> str:
    for part in parts:
        if part.get("response_type") == "connect_to_agent":
            return text(part.get("message_to_human_agent")) or "connect_to_agent"

    return ""
