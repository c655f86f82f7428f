"""
Which of Botanalytics' v1 addresses is which: `route` turns a path into a platform and what the body is.

The vendor wrote `/messages/X` for most platforms and `/X/messages` for some, lived under two prefixes, and left the
slash at the end to chance; here every form means the same.
"""

from __future__ import annotations

from typing import Final

__all__ = ["INITIALIZE", "MESSAGES", "PREFIXES", "PROFILE", "SETTINGS", "route"]

PREFIXES: Final = ("/v1/", "/api/v1/")
MESSAGES: Final = "messages"
PROFILE: Final = "profile"
INITIALIZE: Final = "initialize"
SETTINGS: Final = "settings"


def route(path: str) -> tuple[str, str] | None:
    """
    Return the platform of *path* and the type of its body, or None if nothing is there.

    The type is `messages`, `incoming` or `outgoing` where the path names the side, `event` or `interactive` (Slack),
    `profile`, `initialize` or `settings`.  The platform is empty where the path is for all of them.
    """
    words = _words(path)
    if words is None:
        return None
    if words in _OTHERS:
        return _OTHERS[words]
    if "messages" in words:
        return _messages(words)
    if "users" in words:
        platform = _PROFILES.get(_without(words, "users"))
        return None if platform is None else (platform, PROFILE)

    return None


_PLATFORMS: Final[dict[tuple[str, ...], str]] = {
    ("generic",): "generic",
    ("facebook-messenger",): "facebook",
    ("google-assistant",): "google",
    ("google-assistant", "dialogflow"): "google",
    ("amazon-alexa",): "alexa",
    ("amazon-lex",): "lex",
    ("slack",): "slack",
    ("kik",): "kik",
    ("viber",): "viber",
    ("line",): "line",
    ("wechat",): "wechat",
    ("twilio", "sms"): "twilio",
    ("twilio",): "twilio",
    ("microsoft-bot-framework",): "microsoft",
    ("watson-assistant",): "watson",
    ("watson",): "watson",
    ("rasa",): "rasa",
    ("rbm",): "rbm",
}

_PROFILES: Final = _PLATFORMS | {("platform",): ""}

_SLACK: Final = {
    ("slack", "event"): "event",
    ("slack", "eventapi"): "event",
    ("slack", "interactive"): "interactive",
}

_OTHERS: Final = {
    ("bots", "me"): ("", SETTINGS),
    ("bots", "slack", "initialize"): ("slack", INITIALIZE),
    ("integrations", "botkit", "facebook-messenger"): ("facebook", MESSAGES),
    ("integrations", "botkit", "watson"): ("watson", MESSAGES),
}

_SIDES: Final = {"user": "incoming", "bot": "outgoing"}


def _words(path: str) -> tuple[str, ...] | None:
    for prefix in PREFIXES:
        if path.startswith(prefix):
            # a base address that ends in a slash and a path that begins with one make two
            return tuple(word for word in path[len(prefix) :].split("/") if word)

    return None


def _messages(words: tuple[str, ...]) -> tuple[str, str] | None:
    place = _without(words, "messages")
    if place in _SLACK:
        return "slack", _SLACK[place]
    endpoint = MESSAGES
    if place and place[0] in _SIDES:
        endpoint, place = _SIDES[place[0]], place[1:]
    platform = _PLATFORMS.get(place)

    return None if platform is None else (platform, endpoint)


def _without(words: tuple[str, ...], word: str) -> tuple[str, ...]:
    at = words.index(word)

    return words[:at] + words[at + 1 :]
