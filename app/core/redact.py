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

from app.core.bodies import mend
from app.core.deliveries import compact
from app.core.dialects import DIALECTS
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import PLATFORMS

__all__ = ["COMMON", "Prepared", "clean", "prepare", "redact", "secrets_of"]

COMMON: Final = ("**.access_token", "**.Authorization", "**.authorization")
"""What is cut out of every body; each way in and each platform names what else its bodies hold."""


class Prepared(msgspec.Struct, frozen=True):
    """
    An item that may be written: its bytes on one line and without secrets, and the paths of what was cut out.

    `outcome` is what was read of it, where its way in had to read it to know that it is fit.
    """

    item: bytes
    removed: list[str]
    outcome: Outcome | None = None


def prepare(way: str, platform: str, item: bytes, type: str = "") -> Prepared | Rejection:
    """Check *item* as its way in asks, and return what may be written of it."""
    dialect = DIALECTS.get(way)
    if dialect is None:
        return Rejection(
            Reason.UNKNOWN_DIALECT, f"no way in is called {way!r}; there are {', '.join(DIALECTS)}"
        )
    found = dialect.check(item, platform, type)
    if isinstance(found, Rejection) and found.reason is Reason.NOT_JSON:
        item = mend(item)
        found = dialect.check(item, platform, type)
    if isinstance(found, Rejection):
        return found
    item, removed = clean(way, platform, compact(item))

    return Prepared(item, removed, found)


def clean(way: str, platform: str, item: bytes) -> tuple[bytes, list[str]]:
    """Return JSON *item* without secrets, and the paths of what was cut out; without any, its bytes stay as they are."""
    if not _may_hold_secrets(way, platform, item):
        return item, []
    body, removed = redact(way, platform, msgspec.json.decode(item))

    return msgspec.json.encode(body) if removed else item, removed


def redact(way: str, platform: str, body: Any) -> tuple[Any, list[str]]:
    """Return *body* without secrets, and the paths of what was cut out. *body* itself is changed."""
    removed: list[str] = []
    _cut(body, _patterns(way, platform), "", removed)

    return body, removed


def secrets_of(way: str, platform: str) -> tuple[str, ...]:
    """Return the paths that are cut out of bodies of *platform* that come by *way*."""
    # of a platform that nobody knows a body is read as a generic one
    dialect, own = DIALECTS.get(way), PLATFORMS.get(platform, PLATFORMS["generic"])

    return tuple(dict.fromkeys((*COMMON, *(dialect.secrets if dialect else ()), *own.secrets)))


Pattern = tuple[str, ...]

_TOKEN_IN_TEXT: Final = re.compile(r"""(access_token(?:=|%3[dD]|\\*"\s*:\s*\\*"))[^\s"'&#\\]+""")


@lru_cache(maxsize=256)
def _patterns(way: str, platform: str) -> tuple[Pattern, ...]:
    return tuple(tuple(path.split(".")) for path in secrets_of(way, platform))


def _may_hold_secrets(way: str, platform: str, item: bytes) -> bool:
    """
    Tell whether the name of a secret stands in *item*; nearly always none does, and its bytes stay untouched.

    Nobody escapes plain letters, unless to write a name that is not seen at once.
    """
    for needle in _needles(way, platform):
        if item.find(needle) >= 0:
            return True

    # a backslash is found, or not, far faster than what may follow it
    return item.find(b"\\") >= 0 and item.find(b"\\u00") >= 0 and _ESCAPED_LETTER.search(item) is not None


_ESCAPED_LETTER: Final = re.compile(rb"\\u00(?:2[dD]|5[fF]|[46][0-9a-fA-F]|[57][0-9aA])")


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
