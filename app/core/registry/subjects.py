"""
What the registry knows of: bots, installs, keys, people, webhook secrets, dashboards, alerts; and plain notes.

A *subject* has revisions and a history.  A *note* is something of which only the last value counts: how far an import
or a recount is, where a short link leads, when a key was last used.  Times are milliseconds since 1970, UTC.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal, get_args

import msgspec

from app.core.events import Reporting
from app.core.rules.language import Rule

__all__ = [
    "Alert",
    "Bot",
    "Channel",
    "Condition",
    "Dashboard",
    "HookSecret",
    "Import",
    "Instance",
    "InstanceState",
    "Key",
    "KeyUse",
    "Note",
    "Person",
    "RecountProgress",
    "Recounting",
    "Removed",
    "Role",
    "Scope",
    "ShortLink",
    "Subject",
    "email_key",
    "is_used",
    "is_zone",
    "kind_of",
    "name_of",
    "note_key_of",
    "zones",
]

Scope = Literal["ingest", "read", "admin", "botanalytics-v2"]
Role = Literal["owner", "editor", "viewer"]
InstanceState = Literal["pending", "enabled", "disabled"]

_Id = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
_Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Recounting(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    That a bot's numbers are to be counted anew by other settings, as the generation these name.

    `by` is the process that does it, since `claimed_at`; empty while none does, and then there is no generation yet.
    """

    reporting: Reporting
    by: str = ""
    claimed_at: int = 0


class Bot(msgspec.Struct, tag="bot", frozen=True, omit_defaults=True):
    """
    One bot. An archived bot keeps its data and takes no events.

    `platform` is the one its bodies are of where they do not say; `more_platforms` it lives on, too.  Its numbers are cut by
    `reporting`, until those of `recounting` take their place; `generations` is the highest number that was ever given to one.
    """

    id: _Id
    name: str
    platform: str
    created_at: int
    reporting: Reporting = Reporting()
    archived_at: int | None = None
    more_platforms: tuple[str, ...] = ()
    recounting: Recounting | None = None
    generations: int = 0

    @property
    def coming(self) -> Reporting | None:
        """How the generation is cut that is being counted beside the one that is shown; None if there is none."""
        return self.recounting.reporting if self.recounting is not None and self.recounting.by else None


class Instance(msgspec.Struct, tag="instance", frozen=True, omit_defaults=True):
    """
    One install of a bot: a Slack team, a page, a Kik account.

    `token_sha256` tells installs apart; `sealed` is the token, encrypted, where somebody wants it kept.  `uid` is what the
    platform calls the bot there, `attributes` what is known of the place (`team_id`, `team_name`, `name`, ...).
    """

    id: _Id
    bot: _Id
    platform: str
    token_sha256: _Hash
    created_at: int
    installed_at: int
    state: InstanceState = "pending"
    uid: str = ""
    attributes: dict[str, str] = {}
    sealed: str = ""


class Key(msgspec.Struct, tag="key", frozen=True, omit_defaults=True):
    """
    An API key, of which only the SHA-256 is kept. Without a bot it is for all of them.

    A key of scope `botanalytics-v2` says by its `channel` of what shape the bodies are that come with it.  One with
    `rotated_at` has given its place to another and only goes on until it expires.
    """

    id: _Id
    scope: Scope
    sha256: _Hash
    created_at: int
    bot: str | None = None
    revoked_at: int | None = None
    channel: str = ""
    name: str = ""
    expires_at: int | None = None
    rotated_at: int | None = None

    def is_valid(self, now_ms: int) -> bool:
        """Tell whether it opens anything at *now_ms*."""
        return self.revoked_at is None and (self.expires_at is None or now_ms < self.expires_at)


class Person(msgspec.Struct, tag="person", frozen=True, omit_defaults=True):
    """
    Somebody who signs in; `password` is an argon2 hash, empty until an invitation is accepted.

    `roles` says by bot what they may do there; an admin may do everything.  Sessions, reset links and invitations hold only
    as long as `epoch` is what it was when they were made.  `passed_on`: the password was set by a link that an owner was shown,
    who may have set it, so it opens nothing beyond what they were shown it for.
    """

    id: _Id
    email: str
    password: str
    created_at: int
    admin: bool = False
    name: str = ""
    zone: str = "UTC"
    roles: dict[str, Role] = {}
    epoch: int = 0
    disabled_at: int | None = None
    passed_on: bool = False


class HookSecret(msgspec.Struct, tag="hook_secret", frozen=True, omit_defaults=True):
    """A secret by which a platform's webhook requests are known to be genuine; `sealed` is encrypted, gone when revoked."""

    id: _Id
    bot: _Id
    platform: str
    created_at: int
    sealed: str = ""
    revoked_at: int | None = None


class Dashboard(msgspec.Struct, tag="dashboard", frozen=True, omit_defaults=True):
    """
    Events of a bot that match a rule, counted; or, without a rule, a measure (`new_users`) under a name of its own.

    `version` grows with each change of the rule; hits are counted as `id@version`, and the dashboard shows those of
    `counted_from` and later.  `default` is Botmetrics' type (`messages-to-bot`, ...) of one that came with the bot.
    """

    id: _Id
    bot: _Id
    name: str
    created_at: int
    rule: Rule | None = None
    measure: str = ""
    version: int = 1
    counted_from: int = 1
    default: str = ""
    enabled: bool = True
    removed_at: int | None = None


class Condition(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    When a watched number is bad: `above` or `below` *threshold*; `rises_by` or `falls_by` *threshold* per cent.

    Changes are against the window before (`against` = `before`), or the same window a day or a week earlier.
    """

    op: Literal["above", "below", "rises_by", "falls_by"]
    threshold: float
    against: Literal["before", "day", "week"] = "before"


class Channel(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where firing and resolving are told: an address of a webhook with its sealed secret, or an e-mail address."""

    kind: Literal["webhook", "email"]
    to: str
    sealed: str = ""


class Alert(msgspec.Struct, tag="alert", frozen=True, omit_defaults=True):
    """
    A number of a bot that is watched over a sliding window.

    `measure` is a measure or `dashboard:<id>`, `dashboard_users:<id>`, `not_handled_share`, `new_error_reasons`.  It fires
    once the condition has held for `for_s`, and resolves when it has not held for `cool_down_s`.
    """

    id: _Id
    bot: _Id
    name: str
    measure: str
    window_s: int
    condition: Condition
    created_at: int
    for_s: int = 0
    cool_down_s: int = 300
    channels: tuple[Channel, ...] = ()
    enabled: bool = True
    removed_at: int | None = None


class Removed(msgspec.Struct, tag="removed", frozen=True, omit_defaults=True):
    """What is left of a bot or a person that was deleted: that its id is taken, and what went with it (by name, a count)."""

    kind: Literal["bot", "person"]
    id: _Id
    removed_at: int
    report: dict[str, int] = {}


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


class RecountProgress(msgspec.Struct, tag="recount", frozen=True, omit_defaults=True):
    """How many of the events of a bot are in its next generation, as the process that counts them said last."""

    bot: _Id
    generation: int
    events: int
    of: int
    at: int


class KeyUse(msgspec.Struct, tag="key_use", frozen=True, omit_defaults=True):
    """When a key was last used, to within some minutes."""

    id: _Id
    at: int


Subject = Bot | Instance | Key | Person | HookSecret | Dashboard | Alert | Removed
Note = ShortLink | Import | KeyUse | RecountProgress


_KINDS: Final = {one: str(one.__struct_config__.tag) for one in (*get_args(Subject), *get_args(Note))}


def kind_of(one: Subject | Note) -> str:
    """Return the word for what *one* is: `bot`, `key`, ...; for what was removed the word of what it was."""
    return one.kind if isinstance(one, Removed) else _KINDS[type(one)]


def is_used(subject: Subject) -> bool:
    """Tell whether *subject* is neither archived nor disabled, as bots, dashboards and alerts can be for a time."""
    if isinstance(subject, Bot):
        return subject.archived_at is None
    return subject.enabled if isinstance(subject, Dashboard | Alert) else True


def name_of(subject: Subject) -> str:
    """Return what tells *subject* apart from all others: `bot:pizza`; what was removed has the name of what it was."""
    return f"{kind_of(subject)}:{subject.id}"


def note_key_of(note: Note) -> bytes:
    """Return the record key under which only the last value of *note* counts."""
    if isinstance(note, Import):
        return f"import:{note.bot}:{note.id}".encode()
    if isinstance(note, RecountProgress):
        return f"{kind_of(note)}:{note.bot}".encode()
    return f"{kind_of(note)}:{note.id}".encode()


def email_key(email: str) -> str:
    """Return what is the same for every way to write *email*: capitals, and letters with their accents in one or two."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", email).casefold())


def is_zone(name: str) -> bool:
    """Tell whether *name* is a time zone of the IANA database."""
    return name in zones()


@cache
def zones() -> frozenset[str]:
    """Return the time zones of the IANA database: of the package, as each machine has a list of its own, and `localtime`."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split()) - {"Factory"}
