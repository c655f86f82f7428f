"""
What bots, keys, people, webhook secrets, short links and imports there are: a fold over the facts of the compacted topic `registry`.

A fact carries the whole new state of its subject, since compaction keeps only the last fact of a key:

    bot:<id>   key:<id>   person:<id>   hook_secret:<id>   link:<id>   import:<bot>:<import id>

A record without a value removes its subject.  A record that cannot be read, or that a later version wrote, is skipped
and counted: one bad fact must not stop a process that follows the registry.  Who may do what is decided in `bots`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import msgspec

from app.core.events import Reporting

__all__ = [
    "Bot",
    "Fact",
    "HookSecret",
    "Import",
    "Key",
    "Person",
    "Record",
    "Scope",
    "ShortLink",
    "State",
    "Subject",
    "encode_fact",
    "fold",
    "fold_all",
    "hook_of",
    "is_zone",
    "key_of",
]

Record = tuple[bytes, bytes | None]
"""Key and value of a record of `registry`."""

Scope = Literal["ingest", "read", "admin", "botanalytics-v2"]

_Id = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
_Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Bot(msgspec.Struct, tag="bot", frozen=True, omit_defaults=True):
    """One bot. An archived bot keeps its data and takes no events."""

    id: _Id
    name: str
    platform: str
    created_at: int
    reporting: Reporting = Reporting()
    archived_at: int | None = None


class Key(msgspec.Struct, tag="key", frozen=True, omit_defaults=True):
    """
    An API key, of which only the SHA-256 is kept. Without a bot it is for all of them.

    A key of scope `botanalytics-v2` says by its `channel` of what shape the bodies are that come with it.
    """

    id: _Id
    scope: Scope
    sha256: _Hash
    created_at: int
    bot: str | None = None
    revoked_at: int | None = None
    channel: str = ""


class Person(msgspec.Struct, tag="person", frozen=True, omit_defaults=True):
    """Somebody who signs in; `password` is an argon2 hash."""

    id: _Id
    email: str
    password: str
    created_at: int
    admin: bool = False


class ShortLink(msgspec.Struct, tag="link", frozen=True, omit_defaults=True):
    """`/to/<id>`, which leads to `url`: given to one user of a bot, so that following it tells who did."""

    id: _Id
    bot: str
    user: str
    url: str
    created_at: int


class Import(msgspec.Struct, tag="import", frozen=True, omit_defaults=True):
    """How far a file has been imported (as of `noted_at`), so that a second run goes on where the first one stopped."""

    id: str
    bot: str
    rows_done: int = 0
    finished: bool = False
    noted_at: int = 0


class HookSecret(msgspec.Struct, tag="hook_secret", frozen=True, omit_defaults=True):
    """A secret by which a platform's webhook requests are known to be genuine; `sealed` is encrypted, gone when revoked."""

    id: _Id
    bot: _Id
    platform: str
    created_at: int
    sealed: str = ""
    revoked_at: int | None = None


Subject = Bot | Key | Person | HookSecret | ShortLink | Import


class Fact(msgspec.Struct, frozen=True):
    """Something that happened to a subject: what, when (ms), by whom, and the subject after it."""

    type: str
    when: int
    who: str
    subject: Subject


class State(msgspec.Struct):
    """
    Everything the facts so far add up to.

    `key_by_hash` holds the keys again, by SHA-256; `sealed_by_hook` the active secrets of a webhook, oldest first.
    """

    bots: dict[str, Bot] = {}
    keys: dict[str, Key] = {}
    people: dict[str, Person] = {}
    imports: dict[str, Import] = {}
    hook_secrets: dict[str, HookSecret] = {}
    key_by_hash: dict[str, Key] = {}
    sealed_by_hook: dict[tuple[str, str], tuple[str, ...]] = {}
    skipped: int = 0
    short_links: dict[str, ShortLink] = {}


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Fact)


def key_of(subject: Subject) -> bytes:
    """Return the record key of *subject*."""
    if isinstance(subject, Import):
        return f"import:{subject.bot}:{subject.id}".encode()
    return f"{_kind(subject)}:{subject.id}".encode()


def encode_fact(fact: Fact) -> bytes:
    """Write the value of one record."""
    return _encoder.encode(fact)


def fold(state: State, key: bytes, value: bytes | None) -> State:
    """Return *state* after one record."""
    return fold_all(state, [(key, value)])


def fold_all(state: State, records: Iterable[Record]) -> State:
    """Return *state* after *records*, in their order; *state* itself stays as it was."""
    after = State(
        bots=dict(state.bots),
        keys=dict(state.keys),
        people=dict(state.people),
        imports=dict(state.imports),
        hook_secrets=dict(state.hook_secrets),
        key_by_hash=dict(state.key_by_hash),
        sealed_by_hook=state.sealed_by_hook,
        skipped=state.skipped,
        short_links=dict(state.short_links),
    )
    for key, value in records:
        if value is None:
            _remove(after, key)
        else:
            _put(after, key, value)
    if after.hook_secrets != state.hook_secrets:
        after.sealed_by_hook = _by_hook(after.hook_secrets.values())
    return after


def hook_of(state: State, bot: str, platform: str) -> tuple[str, ...]:
    """Return the sealed active secrets of a webhook."""
    return state.sealed_by_hook.get((bot, platform), ())


def is_zone(name: str) -> bool:
    """Tell whether *name* is a time zone of the IANA database."""
    return name in _zones()


def _put(state: State, key: bytes, value: bytes) -> None:
    try:
        subject = _decoder.decode(value).subject
    except msgspec.DecodeError:
        state.skipped += 1
        return
    if key != key_of(subject) or not _is_sound(subject):
        state.skipped += 1
        return
    _forget_hash(state, key)
    if isinstance(subject, Bot):
        state.bots[subject.id] = subject
    elif isinstance(subject, Key):
        state.keys[subject.id] = subject
        state.key_by_hash[subject.sha256] = subject
    elif isinstance(subject, Person):
        state.people[subject.id] = subject
    elif isinstance(subject, HookSecret):
        state.hook_secrets[subject.id] = subject
    elif isinstance(subject, ShortLink):
        state.short_links[subject.id] = subject
    else:
        state.imports[f"{subject.bot}:{subject.id}"] = subject


def _remove(state: State, key: bytes) -> None:
    kind, _, name = key.decode("utf-8", "replace").partition(":")
    tables: dict[str, dict[str, Any]] = {
        "bot": state.bots,
        "key": state.keys,
        "person": state.people,
        "link": state.short_links,
        "import": state.imports,
        "hook_secret": state.hook_secrets,
    }
    if kind not in tables:
        state.skipped += 1
        return
    _forget_hash(state, key)
    tables[kind].pop(name, None)


def _forget_hash(state: State, key: bytes) -> None:
    kind, _, name = key.decode("utf-8", "replace").partition(":")
    if kind == "key" and name in state.keys:
        state.key_by_hash.pop(state.keys[name].sha256, None)


def _by_hook(secrets: Iterable[HookSecret]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for one in sorted(secrets, key=lambda secret: (secret.created_at, secret.id)):
        if one.revoked_at is None and one.sealed:
            found[one.bot, one.platform] = (*found.get((one.bot, one.platform), ()), one.sealed)
    return found


def _kind(subject: Bot | Key | Person | HookSecret | ShortLink) -> str:
    return str(subject.__struct_config__.tag)


def _is_sound(subject: Subject) -> bool:
    if not isinstance(subject, Bot):
        return True
    return is_zone(subject.reporting.zone) and subject.reporting.session_gap_s > 0


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"Factory"}
