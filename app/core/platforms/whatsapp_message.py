"""WhatsApp's message object, which webhook bodies and calls that send share: kind, text, attributes."""

from __future__ import annotations

from typing import Any, Final

from app.core.platforms.fields import first, flat, flats, head, json_text, named, scalars, text

__all__ = ["attributes_of", "kind_of", "said_in"]

_KINDS: Final = {
    "text": "text",
    "image": "image",
    "video": "video",
    "audio": "audio",
    "voice": "audio",
    "document": "file",
    "sticker": "sticker",
    "location": "location",
    "contacts": "contact",
    "button": "quick_reply",
    "interactive": "template",
    "template": "template",
    "order": "form",
    "reaction": "reaction",
    "edit": "edit",
    "revoke": "delete",
    "system": "system",
    "request_welcome": "session_start",
}

_REPLIES: Final = {"button_reply": "quick_reply", "list_reply": "quick_reply", "nfm_reply": "form"}

_MEDIA: Final = ("image", "video", "audio", "voice", "document", "sticker")


def kind_of(message: dict[str, Any]) -> str:
    """Return the kind of a message; what is chosen from an interactive one is an answer, the rest is asked."""
    name = text(message.get("type")) or "text"
    if name == "interactive":
        return _REPLIES.get(text(named(message.get(name)).get("type")), "template")

    return _KINDS.get(name, "unknown")


def said_in(message: dict[str, Any]) -> str:
    """Return what a message says: its text, its caption, the title of what was chosen, the question it asks."""
    name = text(message.get("type")) or "text"
    part = named(message.get(name))
    if name == "edit":
        return said_in(named(part.get("message")))
    if name == "interactive":
        chosen = named(part.get(text(part.get("type"))))
        asked = text(named(part.get("body")).get("text"))
        return text(chosen.get("title")) or asked
    if name == "system":
        return ""

    return first([part.get("body"), part.get("caption"), part.get("text")])


def attributes_of(message: dict[str, Any]) -> dict[str, str]:
    """Return what else a message tells."""
    name = text(message.get("type")) or "text"
    part = named(message.get(name))
    about = named(message.get("context"))
    attributes = (
        flats(
            {
                "reply_to": about.get("id"),
                "forwarded": about.get("forwarded") or about.get("frequently_forwarded"),
                "product": named(about.get("referred_product")).get("product_retailer_id"),
            }
        )
        | {
            name: value
            for name, value in flat("referral", message.get("referral")).items()
            if name in _REFERRAL
        }
        | _of_part(name, part)
    )
    error = head(message.get("errors"))

    return attributes | flats(
        {
            "error.code": error.get("code"),
            "error.message": error.get("title"),
        }
    )


_REFERRAL: Final = frozenset(
    f"referral.{name}" for name in ("source_url", "source_id", "source_type", "headline", "ctwa_clid")
)


def _of_part(name: str, part: dict[str, object]) -> dict[str, str]:
    if name in _MEDIA:
        media = {"type": name, "url": text(part.get("link")), "id": text(part.get("id"))}
        kept = {"attachments": json_text([media])}
        return kept | flats(
            {
                "file_name": part.get("filename"),
                "mime_type": part.get("mime_type"),
            }
        )
    if name == "interactive":
        chosen = named(part.get(text(part.get("type"))))
        return flats(
            {
                "payload": chosen.get("id"),
                "form": chosen.get("response_json"),
            }
        )
    if name in ("location", "reaction", "system"):
        return scalars(part, "message_id", "body")
    if name not in _KINDS:
        return {"type": name}
    found = [(attribute, part.get(field)) for field, attribute in _KEPT.get(name, {}).items()]

    return {attribute: json_text(value) for attribute, value in found if value}


_KEPT: Final = {
    "button": {"payload": "payload"},
    "order": {"catalog_id": "catalog_id", "product_items": "products"},
    "template": {"name": "template"},
}
