"""
Make an item ready for Kafka (`prepare`), and above all cut out other people's secrets before anything is written.

SDKs send page tokens, bot tokens and API keys along.  botpulse needs none of them, and what is never stored cannot
leak.  A path names members from the root; `*` stands for any one member or element, `**` for any number of levels.
Access tokens inside texts (`?access_token=...` of an address, JSON within a string) are cut out wherever they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec

from app.core.deliveries import compact
from app.core.dialects import DIALECTS
from app.core.dialects.bodies import mend
from app.core.outcome import Reason, Rejection

__all__ = ["SECRETS", "Prepared", "prepare", "redact"]

SECRETS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("*", "*"): ("**.access_token", "**.Authorization", "**.authorization"),
    ("dashbot", "*"): (
        "apiKey",
        "token",
        "**.apiAccessToken",
        "**.auth_token",
        "**.authorization_code",
        "**.fb_token",
        "**.X-Viber-Auth-Token",
    ),
    ("dashbot", "alexa"): ("**.accessToken", "**.consentToken"),
    ("dashbot", "google"): ("**.accessToken", "**.idToken"),
    ("dashbot", "kik"): ("**.apiKey",),
    ("dashbot", "microsoft"): ("**.token",),
    ("dashbot", "slack"): ("**.token", "**.reconnect_url"),
}
"""What is cut out of a body, by way in and platform; `*` is any."""


class Prepared(msgspec.Struct, frozen=True):
    """An item that may be written: its bytes on one line and without secrets, and the paths of what was cut out."""

    item: bytes
    removed: list[str]


def prepare(way: str, platform: str, item: bytes, type: str = "") -> Prepared | Rejection:
    """Check *item* as its way in asks, and return what may be written of it."""
    dialect = DIALECTS.get(way)
    if dialect is None:
        return Rejection(
            Reason.UNKNOWN_DIALECT, f"no way in is called {way!r}; there are {', '.join(DIALECTS)}"
        )
    refused = dialect.check(item, platform, type)
    if refused is not None and refused.reason is Reason.NOT_JSON:
        item = mend(item)
        refused = dialect.check(item, platform, type)
    if refused is not None:
        return refused
    item = compact(item)
    if not _may_hold_secrets(way, platform, item):
        return Prepared(item, [])
    body, removed = redact(way, platform, msgspec.json.decode(item))

    return Prepared(msgspec.json.encode(body) if removed else item, removed)


def redact(way: str, platform: str, body: Any) -> tuple[Any, list[str]]:
    """Return *body* without secrets, and the paths of what was cut out. *body* itself is changed."""
    removed: list[str] = []
    _cut(body, _patterns(way, platform), "", removed)

    return body, removed


Pattern = tuple[str, ...]

_TOKEN_IN_TEXT: Final = re.compile(r"""(access_token(?:=|%3[dD]|\\*"\s*:\s*\\*"))[^\s"'&#\\]+""")


@lru_cache(maxsize=256)
def _patterns(way: str, platform: str) -> tuple[Pattern, ...]:
    keys = dict.fromkeys([("*", "*"), (way, "*"), (way, platform)])

    return tuple(tuple(path.split(".")) for key in keys for path in SECRETS.get(key, ()))


def _may_hold_secrets(way: str, platform: str, item: bytes) -> bool:
    """Tell whether the name of a secret stands in *item*; nearly always none does, and its bytes stay untouched."""
    for needle in _needles(way, platform):  # noqa: SIM110  any() takes twice as long, for every item
        if item.find(needle) >= 0:
            return True

    return False


@lru_cache(maxsize=256)
def _needles(way: str, platform: str) -> tuple[bytes, ...]:
    # less their first letter, names that begin with a capital or not are one; one that holds another is found with it
    names = {pattern[-1][1:].encode() for pattern in _patterns(way, platform)}

    return tuple(sorted(name for name in names if not any(other in name for other in names - {name})))


def _cut(value: Any, patterns: Iterable[Pattern], path: str, removed: list[str]) -> None:
    for name, member in _members(value):
        where = f"{path}[{name}]" if isinstance(name, int) else f"{path}.{name}".lstrip(".")
        inner = [rest for pattern in patterns for rest in _after(pattern, name)]
        if () in inner:
            del value[name]
            removed.append(where)
        elif isinstance(member, str):
            value[name] = _TOKEN_IN_TEXT.sub(r"\1", member)
            if value[name] != member:
                removed.append(where)
        else:
            _cut(member, inner, where, removed)


def _members(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())

    return list(enumerate(value)) if isinstance(value, list) else []


def _after(pattern: Pattern, name: object) -> Iterator[Pattern]:
    """Yield what remains of *pattern* one level down, at *name*."""
    head, *rest = pattern
    if head == "**":
        yield pattern
        head, *rest = rest
    if head in ("*", name):
        yield tuple(rest)
